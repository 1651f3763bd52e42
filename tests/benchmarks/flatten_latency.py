"""From a key to the venue: `python -m tests.benchmarks.flatten_latency [--runs 30] [--rate 10000]`.

The real screen on a terminal, the real engine as a process of its own in a flood of events, real orders through the
client library to venues in this process, one of which answers nothing while it is measured. Timed is the last press of
the flatten key (or the call of the API) to the arrival at the venue, where the position is, of its first request (a
target's cancel: targets hold the quantity) and of the close, which waits for the venue to have taken those cancels.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from cockpit.client.address import local
from cockpit.client.http import EngineClient
from tests.faults.world import PRICES, TICKS
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_faults import hanging
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET, TradingVenue
from tests.patience import patient_s
from tests.tui.pty_process import PtyProcess

AIM_MS = 25.0
START_WITHIN_S = patient_s(60.0)
SEEN_WITHIN_S, BETWEEN_PRESSES_S = 1.0, 0.5
SIGNAL = {"strategy": "Cross-Exchange Arbitrage", "pair": "ETH/USDT", "amount": 45, "side": "long", "mode": "test"}

Press = Callable[[], Awaitable[int]]
"""Asks for the flatten; returns when, in monotonic nanoseconds."""


def environ_of(binance: TradingVenue, okx: TradingVenue) -> dict[str, str]:
    """Where the venues are, and the keys they know."""
    urls = {
        "COCKPIT_BINANCEUSDM_REST_URL": binance.rest_url,
        "COCKPIT_BINANCEUSDM_WS_URL": binance.ws_url,
        "COCKPIT_OKX_REST_URL": okx.rest_url,
        "COCKPIT_OKX_WS_URL": okx.ws_url,
    }
    keys = {}
    for name in ("BINANCE", "OKX"):
        keys |= {f"COCKPIT_{name}_API_KEY": KEY, f"COCKPIT_{name}_SECRET": SECRET, f"COCKPIT_{name}_PASSWORD": PASSWORD}
    return urls | keys


def furnish(venue: TradingVenue) -> None:
    """Prices, and an account as the config wants it."""
    venue.core.leverage = dict.fromkeys(venue.core.rules, 5)
    venue.core.isolated = dict.fromkeys(venue.core.rules, True)
    for asset, price in PRICES.items():
        venue.set_price(asset, price, round(price + TICKS[asset], 6), price)


async def until(holds: Callable[[], object], what: str, within_s: float = 30.0) -> None:
    """Wait for it."""
    give_up_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > give_up_s:
            raise AssertionError(f"expected {what} within {within_s:g} s, was not")
        await asyncio.sleep(0.005)


class Arrivals(NamedTuple):
    """Milliseconds from the press."""

    first_ms: float
    close_ms: float


async def one(client: EngineClient, traded: TradingVenue, hung: TradingVenue, press: Press) -> Arrivals:
    """One flatten; afterwards everything is as before."""
    await client.execute(SIGNAL | {"exchanges": ["okx"]})
    await until(lambda: traded.algo_orders and len(traded.open_orders) == 3, "a stop and three targets")
    stuck = hung.faults.add(hanging(3_600, executes=False), times=None)
    closes, cancels = len(traded.called("close")), len(traded.called("cancel"))
    pressed_ns = await press()
    await until(lambda: len(traded.called("close")) > closes, "the close")
    arrived_ns = traded.called("cancel")[cancels].arrived_ns, traded.called("close")[closes].arrived_ns
    await until(lambda: not traded.positions and not traded.algo_orders, "flat")
    hung.faults.remove(stuck)
    await _halted(client)
    await client.resume("the next run")
    await client.arm()
    return Arrivals(*((at_ns - pressed_ns) / 1e6 for at_ns in arrived_ns))


async def _halted(client: EngineClient) -> None:
    give_up_s = time.monotonic() + 60.0
    while (await client.snapshot()).state != "halted":
        if time.monotonic() > give_up_s:
            raise AssertionError("expected the flatten to end within 60 s, was not")
        await asyncio.sleep(0.05)


def figures(name: str, took_ms: list[float]) -> str:
    """One line of figures."""
    ordered = sorted(took_ms)
    p50, p99 = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    word = "reached" if p99 < AIM_MS else "NOT reached"
    line = f"{name}: {len(ordered)} runs, p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {ordered[-1]:.1f} ms"
    return f"{line}; the aim of {AIM_MS:g} ms is {word}"


async def measure(runs: int, rate: float) -> dict[str, list[Arrivals]]:
    """Every way of asking, so many times each."""
    took: dict[str, list[Arrivals]] = {}
    async with BinanceTradingVenue(wallet_usd=830) as binance, OkxTradingVenue(wallet_usd=830) as okx:
        for venue in (binance, okx):
            furnish(venue)
        with tempfile.TemporaryDirectory(prefix="ck-") as directory:
            home = Path(directory)
            environ = os.environ | environ_of(binance, okx)
            command = [sys.executable, "-m", "tests.benchmarks.flooded_engine", str(home), str(rate)]
            engine = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
            screen: PtyProcess | None = None
            try:
                assert engine.stdout is not None
                ready = await asyncio.to_thread(engine.stdout.readline)
                assert ready.startswith("ready"), ready
                async with EngineClient(local(home / "engine.sock"), "benchmark") as client:
                    await _armed(client)
                    took["API call"] = [await one(client, okx, binance, lambda: _call(client)) for _ in range(runs)]
                    screen = PtyProcess([sys.executable, "-m", "cockpit", "--home", str(home)])
                    await asyncio.to_thread(screen.wait_for, "TEST", START_WITHIN_S)
                    key = screen
                    took["second F12"] = [
                        await one(client, okx, binance, lambda: _press_twice(key)) for _ in range(runs)
                    ]
                print("\n".join(await held(home)))
            finally:
                if screen is not None:
                    screen.end()
                engine.kill()
                engine.wait()
                engine.stdout.close()
    return took


async def held(home: Path) -> list[str]:
    """What held the engine's loop for over 2 ms, the longest first: how often, and how long at the most."""
    transport = httpx.AsyncHTTPTransport(uds=str(home / "engine.sock"))
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
        text = (await client.get("/metrics", headers={"X-Cockpit-Client": "benchmark"})).text
    samples = {
        (family.name, sample.labels["what"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "what" in sample.labels and not sample.name.endswith("_created")
    }
    longest = sorted(((ms, what) for (name, what), ms in samples.items() if name.endswith("longest_ms")), reverse=True)
    counts = {what: count for (name, what), count in samples.items() if name == "cockpit_loop_holds"}
    return [
        f"  held the loop over 2 ms: {what}, {counts[what]:.0f} times, {ms:.1f} ms at the most" for ms, what in longest
    ]


async def _armed(client: EngineClient) -> None:
    give_up_s = time.monotonic() + START_WITHIN_S
    while (await client.snapshot()).state != "armed":
        if time.monotonic() > give_up_s:
            raise AssertionError(f"expected an armed engine, was: {(await client.snapshot()).state_reason}")
        await asyncio.sleep(0.2)


async def _call(client: EngineClient) -> int:
    began_ns = time.monotonic_ns()
    asked = asyncio.create_task(client.flatten("a benchmark"))
    asked.add_done_callback(lambda task: task.exception())
    return began_ns


async def _press_twice(screen: PtyProcess) -> int:
    """The second press confirms; the first has had its time to be drawn."""
    await asyncio.sleep(SEEN_WITHIN_S)
    screen.press("f12")
    await asyncio.sleep(BETWEEN_PRESSES_S)
    began_ns = time.monotonic_ns()
    screen.press("f12")
    return began_ns


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--rate", type=float, default=10_000.0, help="events a second")
    asked = parser.parse_args()
    print(f"{asked.rate:,.0f} events a second, the other venue hanging")
    for name, arrivals in asyncio.run(measure(asked.runs, asked.rate)).items():
        print(figures(f"{name} to the first request", [one.first_ms for one in arrivals]))
        print(figures(f"{name} to the close", [one.close_ms for one in arrivals]))


if __name__ == "__main__":
    main()

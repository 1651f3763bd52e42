"""From a command of the hands to the venue: `python -m tests.benchmarks.hands_latency [--runs 30] [--rate 1000]`.

The real engine as a process of its own, with as many events a second as asked, real orders through the client library
to a venue in this process. Timed is the call over the engine's own socket, which is what a key makes, to the arrival of
the order at the venue: a manual market entry, half of it closed, all of it closed, and the flatten's close beside them.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from cockpit.client.address import local
from cockpit.client.http import EngineClient
from cockpit.domain.command_line import read_line
from tests.benchmarks.flatten_latency import _armed, _halted, environ_of, figures, furnish, until
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_venue import TradingVenue

LINE = "long eth 80 stop 300 targets 400 on okx"


async def arrival_ms(venue: TradingVenue, role: str, ask: Awaitable[Any]) -> float:
    """From the call to the next order of that role at the venue."""
    seen, began_ns = len(venue.called(role)), time.monotonic_ns()
    answer = asyncio.ensure_future(ask)
    await until(lambda: len(venue.called(role)) > seen, f"the {role}")
    arrived_ns = venue.called(role)[seen].arrived_ns
    await answer
    return (arrived_ns - began_ns) / 1e6


async def one(client: EngineClient, venue: TradingVenue, took: dict[str, list[float]]) -> None:
    """One trade in, half off, out; another one flattened."""
    known = await client.known()
    (enter,) = read_line(LINE, known).calls
    took["manual market entry"].append(await arrival_ms(venue, "entry", client.do(enter)))
    await until(lambda: venue.algo_orders and venue.open_orders, "a stop and a target")
    (half,) = read_line("close eth half", await client.known()).calls
    took["half closed"].append(await arrival_ms(venue, "close", client.do(half)))
    await until(lambda: len(venue.algo_orders) == 1 and len(venue.open_orders) == 1, "the rest covered")
    (close,) = read_line("close eth", await client.known()).calls
    took["closed"].append(await arrival_ms(venue, "close", client.do(close)))
    await until(lambda: not venue.positions and not venue.algo_orders, "flat")
    await asyncio.sleep(1.1)  # the cool-down of entries by hand
    await client.do(read_line(LINE, await client.known()).calls[0])
    await until(lambda: venue.algo_orders and venue.open_orders, "a stop and a target")
    took["flattened"].append(await arrival_ms(venue, "close", client.flatten("a benchmark")))
    await until(lambda: not venue.positions and not venue.algo_orders, "flat")
    await _halted(client)
    await client.resume("the next run")
    await client.arm()


async def measure(runs: int, rate: float) -> dict[str, list[float]]:
    """Everything, so many times."""
    took: dict[str, list[float]] = {"manual market entry": [], "half closed": [], "closed": [], "flattened": []}
    async with BinanceTradingVenue(wallet_usd=830) as binance, OkxTradingVenue(wallet_usd=830) as okx:
        for venue in (binance, okx):
            furnish(venue)
        with tempfile.TemporaryDirectory(prefix="ck-") as directory:
            home = Path(directory)
            command = [sys.executable, "-m", "tests.benchmarks.flooded_engine", str(home), str(rate)]
            environ = os.environ | environ_of(binance, okx)
            engine = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
            try:
                assert engine.stdout is not None
                ready = await asyncio.to_thread(engine.stdout.readline)
                assert ready.startswith("ready"), ready
                async with EngineClient(local(home / "engine.sock"), "benchmark") as client:
                    await _armed(client)
                    for _ in range(runs):
                        await one(client, okx, took)
            finally:
                engine.kill()
                engine.wait()
                engine.stdout.close()
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--rate", type=float, default=1_000.0, help="events a second")
    asked = parser.parse_args()
    print(f"{asked.rate:,.0f} events a second")
    for name, took_ms in asyncio.run(measure(asked.runs, asked.rate)).items():
        print(figures(f"{name}, call to order", took_ms))


if __name__ == "__main__":
    main()

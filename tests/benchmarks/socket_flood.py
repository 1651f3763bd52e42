"""What a crowd of WebSocket clients costs the engine: `python -m tests.benchmarks.socket_flood [--seconds 10]`.

Prints, for no client, for one screen, and for 200 clients of which half never read: how long an event takes from its
arrival in the inbox to the engine having dealt with it (the wait in the queue included), and a signal from its command
to its verdict. `own` is counted in the loop thread's processor time: what the API's work adds, without what other
processes take from a busy machine. The clients live in a process of their own.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from cockpit.api.limits import Limits
from cockpit.api.server import ApiServer
from cockpit.config.load import load_config
from cockpit.config.places import Places, shipped_config_path
from cockpit.domain.commands import Signal
from cockpit.domain.events import AnyEvent, Top, Trade
from cockpit.domain.kinds import Mode, Side
from cockpit.exchanges.base.feed import Put
from cockpit.runtime.headless import Ending, settle_memory
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions
from cockpit.runtime.startup import build_host

READERS, DEAF = 100, 100
HZ = 4.0
SPEED = 20.0
SIGNAL_EVERY_S = 0.1


class Stopwatch:
    """Stamps events as they enter the inbox, and looks again once the engine has dealt with them."""

    def __init__(self, host: Host) -> None:
        self.took_ms: list[float] = []
        self.own_ms: list[float] = []
        self._stamps: dict[int, tuple[float, float]] = {}
        feed = host.session.feed

        def stamped(put: Put) -> Put:
            def timed(source: str, event: AnyEvent) -> Awaitable[None]:
                if isinstance(event, Trade | Top):
                    self._stamps[id(event)] = (time.perf_counter(), time.thread_time())
                return put(source, event)

            return timed

        def timed(item: Any) -> None:
            feed(item)
            began = self._stamps.pop(id(item), None)
            if began is not None:
                self.took_ms.append((time.perf_counter() - began[0]) * 1e3)
                self.own_ms.append((time.thread_time() - began[1]) * 1e3)

        host.inbox.put = stamped(host.inbox.put)  # type: ignore[method-assign]
        host.inbox.put_each = stamped(host.inbox.put_each)  # type: ignore[method-assign]
        host.session.feed = timed  # type: ignore[method-assign]


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="ck-") as directory:
        places = Places(home=Path(directory) / "home", config=shipped_config_path())
        places.make_home()
        options = EngineOptions(port=0, speed=SPEED, seed=7)
        host = build_host(places, load_config(places.config), options)
        server = ApiServer(host, Ending(), places, options, Limits(calls_per_s=1e6, calls_burst=1e6))
        watch = Stopwatch(host)
        settle_memory()
        host.start()
        url = await server.start()
        try:
            await measure("warming up", host, watch, seconds / 3)
            await measure("no client", host, watch, seconds)
            screen = asyncio.create_task(one_screen(url))
            alone = await measure("one screen", host, watch, seconds)
            screen.cancel()
            crowd = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.benchmarks.socket_flood", "--clients", url, stdout=subprocess.PIPE
            )
            try:
                assert crowd.stdout is not None
                print((await crowd.stdout.readline()).decode().strip(), flush=True)
                crowded = await measure(f"{READERS + DEAF} clients", host, watch, seconds)
            finally:
                crowd.kill()
                await crowd.wait()
            counters = server.context.counters
            print(f"clients let go: {dict(counters.dropped)}; stalls over 100 ms: {host.watchdog.stalls_total}")
            print(f"host's own tick-to-verdict p99: {host.latency.p99_ms()} ms")
            names = ("events", "events, own", "verdicts", "verdicts, own")
            for name, before, after in zip(names, alone, crowded, strict=True):
                print(f"{name}: p99 x{after / before:.2f} of one screen's")
        finally:
            await server.stop()
            await host.stop()


async def one_screen(url: str) -> None:
    """What is always there: a screen, looking at the usual rate."""
    async with connect(f"{url.replace('http', 'ws')}/ws/stream", proxy=None) as screen:
        await screen.send(f'{{"hz": {HZ}}}')
        async for _ in screen:
            continue


async def measure(name: str, host: Host, watch: Stopwatch, seconds: float) -> list[float]:
    """The p99s in ms over this many seconds."""
    watch.took_ms.clear()
    watch.own_ms.clear()
    verdicts_ms: list[float] = []
    verdicts_own_ms: list[float] = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        began, began_own = time.perf_counter(), time.thread_time()
        await host.command(_signal, durable=False)
        verdicts_ms.append((time.perf_counter() - began) * 1e3)
        verdicts_own_ms.append((time.thread_time() - began_own) * 1e3)
        await asyncio.sleep(SIGNAL_EVERY_S)
    taken = {
        "events": watch.took_ms,
        "events, own": watch.own_ms,
        "verdicts": verdicts_ms,
        "verdicts, own": verdicts_own_ms,
    }
    print(f"{name}:")
    for what, took_ms in taken.items():
        print(f"  {_line(what, took_ms)}", flush=True)
    return [_at(took_ms, 0.99) for took_ms in taken.values()]


def _signal(now_ns: int, command_id: str) -> Signal:
    return Signal(now_ns, command_id, "bench", "Momentum Signal", "XRP", 20.0, Mode.PAPER, Side.SHORT)


def _line(name: str, took_ms: list[float]) -> str:
    p50, p99 = _at(took_ms, 0.5), _at(took_ms, 0.99)
    return f"{len(took_ms)} {name} p50 {p50:.3f} p99 {p99:.3f} max {max(took_ms):.1f} ms"


def _at(took_ms: list[float], share: float) -> float:
    return sorted(took_ms)[int(len(took_ms) * share)]


async def crowd(url: str) -> None:
    """The clients: half read, half never do."""
    base = url.replace("http", "ws")
    readers = [
        await connect(f"{base}{'/ws/stream' if number % 2 else '/ws/dashboard'}", proxy=None, max_queue=None)
        for number in range(READERS)
    ]
    deaf = [await connect(f"{base}/ws/stream", proxy=None, max_queue=1, ping_interval=None) for _ in range(DEAF)]
    for number, client in enumerate((*readers, *deaf)):
        if client in deaf or number % 2:
            await client.send(f'{{"hz": {HZ}}}')
    for client in deaf:
        client.transport.pause_reading()
    print(f"{len(readers)} readers at {HZ:g} Hz, {len(deaf)} that never read", flush=True)

    async def read(number: int) -> None:
        with contextlib.suppress(Exception):
            async for _ in readers[number]:
                continue

    await asyncio.gather(*(read(number) for number in range(READERS)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", metavar="URL")
    chosen = parser.parse_args()
    asyncio.run(crowd(chosen.clients) if chosen.clients else main(chosen.seconds))

"""The engine as a process: start-up to its ready line, events a second through the full host, memory after 5 minutes.

Run it by hand: `python tests/benchmarks/engine_process.py`. Journal and recording are on throughout; the market is the
simulated one, the mode paper, the engine armed.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cockpit.config.load import load_config  # noqa: E402
from cockpit.config.places import Places  # noqa: E402
from cockpit.domain.commands import Arm  # noqa: E402
from cockpit.domain.events import MarketEvent  # noqa: E402
from cockpit.domain.units import NS_PER_S  # noqa: E402
from cockpit.feeds.simulated.market import SimulatedMarket  # noqa: E402
from cockpit.journal.sessions import FeedKind  # noqa: E402
from cockpit.runtime.host import Host  # noqa: E402
from cockpit.runtime.market_source import PacedSource  # noqa: E402
from cockpit.runtime.options import EngineOptions  # noqa: E402
from cockpit.runtime.startup import build_host  # noqa: E402

CONFIG = ROOT / "config" / "tactical_scalp_config.json"
SIMULATED_S = 300
STARTS = 3


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def start_up(home: Path) -> tuple[float, float]:
    """Seconds to the ready line, and memory then."""
    command = [sys.executable, "-m", "cockpit", "--home", str(home), "engine", "--port", "0"]
    began_s = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        took_s, memory_mb = time.perf_counter() - began_s, resident_mb(child.pid)
        child.send_signal(signal.SIGTERM)
        child.stdout.read()
    assert line.startswith("ready"), line
    return took_s, memory_mb


def events_of(start_ns: int) -> list[MarketEvent]:
    """Five simulated minutes, made beforehand so that only the host is measured."""
    taken: list[MarketEvent] = []
    for event in SimulatedMarket(load_config(CONFIG), 27, start_ns).events():
        if event.ts_ns > start_ns + SIMULATED_S * NS_PER_S:
            return taken
        taken.append(event)
    return taken


async def through(host: Host, events: list[MarketEvent]) -> float:
    """Seconds from the first event's entry to the last one's decisions."""
    host.source = PacedSource(FeedKind.SIMULATED, "benchmark", iter(events), events[0].ts_ns, 0.0)
    host.start()
    await host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "benchmark"))
    began_s = time.perf_counter()
    while any(task.name == "market" and task.state == "running" for task in host.process().tasks) or len(host.inbox):
        await asyncio.sleep(0.001)
    took_s = time.perf_counter() - began_s
    await host.stop()
    return took_s


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home:
        starts = [start_up(Path(home)) for _ in range(STARTS)]
        times = ", ".join(f"{took_s:.2f}" for took_s, _ in starts)
        print(f"start-up to the ready line: {times} s; {starts[-1][1]:.0f} MB then")
    with tempfile.TemporaryDirectory() as home:
        places = Places(Path(home), CONFIG)
        places.make_home()
        host = build_host(places, load_config(CONFIG), EngineOptions())
        events = events_of(host.engine.now_ns)
        before_mb = resident_mb(os.getpid())
        took_s = asyncio.run(through(host, events))
        after_mb = resident_mb(os.getpid())
        recorded = sum(path.stat().st_size for path in places.recordings.glob("*.rec"))
        print(f"through the full host: {len(events):,} events in {took_s:.2f} s = {len(events) / took_s:,.0f} events/s")
        print(
            f"memory: {after_mb:.0f} MB after {SIMULATED_S // 60} simulated minutes, {after_mb - before_mb:+.1f} MB by "
            f"them; recording {recorded / 1e6:.2f} MB, journal {places.journal.file.stat().st_size / 1e6:.2f} MB"
        )


if __name__ == "__main__":
    main()

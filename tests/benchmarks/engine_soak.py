"""A simulated day through an engine process' host, as fast as it goes: `python tests/benchmarks/engine_soak.py`.

Journal and recording are on, the engine is armed and resumed whenever it halts, so that trades go on. What is kept at
hand (the log, the newest verdicts and trades) is bounded and full before the day is half over: what grows after that is
growth. Printed at each tenth: events, resident memory, living objects, and with `--trace` what Python itself allocated.
Exit 1 when resident memory grew by more than the limit over the second half.
"""

import argparse
import asyncio
import gc
import itertools
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cockpit.config.load import load_config  # noqa: E402
from cockpit.config.places import Places  # noqa: E402
from cockpit.domain.commands import Arm, Resume  # noqa: E402
from cockpit.domain.events import MarketEvent  # noqa: E402
from cockpit.domain.kinds import EngineState  # noqa: E402
from cockpit.domain.units import NS_PER_S  # noqa: E402
from cockpit.feeds.simulated.market import SimulatedMarket  # noqa: E402
from cockpit.journal.sessions import FeedKind  # noqa: E402
from cockpit.runtime.host import Host  # noqa: E402
from cockpit.runtime.market_source import PacedSource  # noqa: E402
from cockpit.runtime.options import EngineOptions  # noqa: E402
from cockpit.runtime.startup import build_host  # noqa: E402

CONFIG = ROOT / "config" / "tactical_scalp_config.json"
SAMPLES = 10
MAX_GROWTH_MB = 3.0
SEED = 27


def resident_mb() -> float:
    """What this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Day:
    """The market of so many hours; counts what went through, and stands at the time of the newest event."""

    def __init__(self, start_ns: int, hours: float) -> None:
        self.start_ns = self.now_ns = start_ns
        self.end_ns = start_ns + round(hours * 3600 * NS_PER_S)
        self.count = 0

    def events(self) -> Iterator[MarketEvent]:
        """Until the end."""
        market = SimulatedMarket(load_config(CONFIG), SEED, self.start_ns)
        for event in itertools.takewhile(lambda one: one.ts_ns <= self.end_ns, market.events()):
            self.now_ns, self.count = event.ts_ns, self.count + 1
            yield event

    @property
    def share(self) -> float:
        """How much of it has passed."""
        return (self.now_ns - self.start_ns) / (self.end_ns - self.start_ns)


async def soak(host: Host, day: Day) -> list[float]:
    """Run the day; returns the resident memory at each look, the first one after a tenth."""
    host.source = PacedSource(FeedKind.SIMULATED, "soak", day.events(), day.start_ns, 0.0)
    host.start()
    began_s, held = time.perf_counter(), list[float]()
    while any(task.name == "market" and task.state == "running" for task in host.process().tasks):
        await asyncio.sleep(0.05)
        await _keep_trading(host)
        while day.share >= (len(held) + 1) / SAMPLES:
            held.append(_sample(host, day, time.perf_counter() - began_s))
    await host.stop()
    return held


async def _keep_trading(host: Host) -> None:
    state = host.engine.risk.state
    if state is EngineState.HALTED:
        await host.command(lambda now_ns, command_id: Resume(now_ns, command_id, "soak", "the soak goes on"))
    elif state is EngineState.DISARMED:
        await host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "soak"))


def _sample(host: Host, day: Day, spent_s: float) -> float:
    gc.collect()
    held_mb = resident_mb()
    traced = f", {tracemalloc.get_traced_memory()[0] / 1e6:.1f} MB traced" if tracemalloc.is_tracing() else ""
    print(
        f"{day.share:4.0%}  {(day.now_ns - day.start_ns) / NS_PER_S / 3600:5.1f} h  {day.count:>10,} events  "
        f"{spent_s:6.1f} s  {held_mb:6.1f} MB resident  {len(gc.get_objects()):>8,} objects{traced}",
        flush=True,
    )
    return held_mb


def main() -> int:
    """Run and judge."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--hours", type=float, default=24.0)
    asked.add_argument("--trace", action="store_true", help="also trace Python's allocations: much slower")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as home:
        places = Places(Path(home), CONFIG)
        places.make_home()
        host = build_host(places, load_config(CONFIG), EngineOptions())
        if options.trace:
            tracemalloc.start()
        held = asyncio.run(soak(host, Day(host.engine.now_ns, options.hours)))
    growth_mb = held[-1] - held[len(held) // 2 - 1]
    print(f"resident memory over the second half: {growth_mb:+.1f} MB (at most {MAX_GROWTH_MB:g})")
    return 0 if growth_mb <= MAX_GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())

"""What each exchange costs the engine: `python -m tests.benchmarks.many_exchanges [--seconds 20] [--hz 10]`.

The engine runs as a process, in paper, on the live feeds of the first two of six loopback exchanges, then of the first
three, and so on. Every exchange speaks of four assets `hz` times a second: a print, a top, a mark, a change to the
book. Printed for each run: resident memory and processor time of the engine's process alone, and what the last
exchange added. The servers run in this process, and are in none of it.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from cockpit.domain.snapshot import Snapshot
from tests.runtime.many_exchanges import EXCHANGES, PRICES, many_stage

LEAST = 2
"""The engine compares two venues' funding: one alone is no config."""
WARM_UP_S = 3.0
MESSAGES_A_ROUND = 4
"""Of each asset."""


class Cost(NamedTuple):
    """Of one run: what the process holds, and which share of a core it took."""

    names: tuple[str, ...]
    resident_mb: float
    cpu_share: float
    messages_per_s: float
    """From one exchange, as they were really sent."""


def resident_mb(pid: int) -> float:
    """What a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int) -> float:
    """Processor time that a process took so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_read(snapshot: Snapshot) -> bool:
    known = {asset.asset: asset for asset in snapshot.assets}
    return all(known[asset].price is not None for asset in PRICES)


async def cost_of(names: tuple[str, ...], seconds: float, hz: float) -> Cost:
    """One run, from the moment that every price is known."""
    with tempfile.TemporaryDirectory() as home:
        async with many_stage(Path(home) / "home", names, hz) as stage:
            await stage.engine(mode="paper", overrides=())
            await stage.until(is_read)
            await asyncio.sleep(WARM_UP_S)
            pid = stage.pid
            began_s, before_s, rounds = asyncio.get_running_loop().time(), cpu_s(pid), stage.rounds
            await asyncio.sleep(seconds)
            took_s = asyncio.get_running_loop().time() - began_s
            sent = (stage.rounds - rounds) * len(PRICES) * MESSAGES_A_ROUND / took_s
            return Cost(names, resident_mb(pid), (cpu_s(pid) - before_s) / took_s, sent)


async def measure(seconds: float, hz: float, most: int) -> list[Cost]:
    """Run after run, each with one exchange more; a line each."""
    costs: list[Cost] = []
    for count in range(LEAST, most + 1):
        cost = await cost_of(EXCHANGES[:count], seconds, hz)
        print(line(cost, costs[-1] if costs else None), flush=True)
        costs.append(cost)
    return costs


def line(cost: Cost, before: Cost | None) -> str:
    """As it is printed."""
    text = f"{len(cost.names)} exchanges  {cost.resident_mb:6.1f} MB  {cost.cpu_share:6.1%} of a core"
    text = f"{text}  {cost.messages_per_s:4.0f} messages/s from each"
    if before is None:
        return f"{text}  {', '.join(cost.names)}"
    added_mb, added = cost.resident_mb - before.resident_mb, cost.cpu_share - before.cpu_share
    return f"{text}  {cost.names[-1]} adds {added_mb:+.1f} MB, {added:+.1%}"


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--hz", type=float, default=10.0)
    asked.add_argument("--most", type=int, default=len(EXCHANGES))
    options = asked.parse_args()
    costs = asyncio.run(measure(options.seconds, options.hz, options.most))
    each = len(costs[-1].names) - len(costs[0].names)
    if each:
        mb = (costs[-1].resident_mb - costs[0].resident_mb) / each
        share = (costs[-1].cpu_share - costs[0].cpu_share) / each
        print(f"an exchange, on average: {mb:+.1f} MB, {share:+.1%} of a core")
    return 0


if __name__ == "__main__":
    sys.exit(main())

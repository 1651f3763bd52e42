"""A large sweep on a cluster whose workers are killed, beside the serial one: `python -m tests.research.sweep_long`.

2,000 settings over 30 generated days, unless `--settings` and `--days` say otherwise. Every trial is kept in `--out`,
and what was broken off goes on there. What is run is the commit that is checked out, from a copy of its own, in a
directory named by the commit's tree. Exit 1 if any trial differs.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cockpit.research.sweep import ClusterWorkers, LocalWorkers, Workers
from cockpit.research.sweep_plan import Plan
from cockpit.research.trial import Batch, Trial
from tests.checked_out import ROOT, exported, tree_of_head
from tests.history.shelf import Shelf
from tests.research.stored import shelf_of
from tests.research.swept import EDGE, FIXED, STOP, swept

WORKERS = 3


def plan_of(settings: int) -> Plan:
    """So many settings, drawn at random."""
    return Plan.model_validate(
        {
            "search": "random",
            "trials": settings,
            "vary": {
                STOP: {"low": 6.0, "high": 28.0},
                EDGE: {"low": 59_960.0, "high": 60_020.0},
                "setups.btc_lower_band_long.reclaim_after_s": [5, 10, 30],
                "setups.btc_upper_band_short.stop_bps": {"low": 6.0, "high": 28.0},
            },
            "set": FIXED,
            "history": {"hold_context": True},
            "fewest_trades": 1,
            "at_once": max(4, settings // 80),
        }
    )


class KillingWorkers:
    """A cluster of which a worker is killed after every so many batches."""

    def __init__(self, cluster: Any, every: int) -> None:
        self._cluster = cluster
        self._workers = ClusterWorkers(cluster.scheduler_address)
        self._every = every
        self._numbers = random.Random(4)
        self.killed = 0

    def run(self, batches: Sequence[Batch]) -> Iterator[list[Trial]]:
        for number, trials in enumerate(self._workers.run(batches), 1):
            yield trials
            if number % self._every == 0 and number < len(batches) - 3:
                self._kill_one()

    def close(self) -> None:
        self._workers.close()

    def _kill_one(self) -> None:
        pids = sorted(nanny.pid for nanny in self._cluster.workers.values() if nanny.pid)
        if pids:
            os.kill(self._numbers.choice(pids), signal.SIGKILL)
            self.killed += 1


class Compared(NamedTuple):
    """Both sweeps' trials, and how many workers died."""

    serial: list[Trial]
    spread: list[Trial]
    killed: int

    @property
    def differing(self) -> list[int]:
        """The numbers of the trials that are not the same."""
        if len(self.serial) != len(self.spread):
            return [-1]
        return [one.number for one, other in zip(self.serial, self.spread, strict=True) if one != other]

    @property
    def text(self) -> str:
        trades = sum(trial.trades for trial in self.serial)
        count = f"{len(self.serial)} settings, {trades:,} trades, {self.killed} workers killed"
        return f"{count}: {len(self.differing) or 'none'} differ"


def compared(shelf: Shelf, settings: int, out: Path) -> Compared:
    """The sweep in this process, and on a cluster of three processes that are killed in turn."""
    from distributed import LocalCluster

    plan = plan_of(settings)
    serial = _timed(shelf, plan, out / "serial", LocalWorkers(1))
    with LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        workers = KillingWorkers(cluster, every=max(3, settings // 200))
        try:
            spread = _timed(shelf, plan, out / "cluster", workers)
        finally:
            workers.close()
    return Compared(serial, spread, workers.killed)


def _timed(shelf: Shelf, plan: Plan, out: Path, workers: Workers) -> list[Trial]:
    began_s = time.monotonic()
    trials = swept(shelf, plan, out, workers)
    print(f"{type(workers).__name__}: {len(trials)} settings in {time.monotonic() - began_s:.0f} s", flush=True)
    return trials


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.research.sweep_long")
    parser.add_argument("--settings", type=int, default=2_000, help="default %(default)s")
    parser.add_argument("--days", type=int, default=30, help="default %(default)s")
    parser.add_argument("--rows", type=int, default=1_200, help="prints of a day (default %(default)s)")
    parser.add_argument("--span-s", type=float, default=600.0, help="seconds that they fill (default %(default)s)")
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "sweep")
    parser.add_argument("--in-copy", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked = _asked(words)
    if asked.in_copy is None:
        tree = tree_of_head()[:12]
        place = asked.out.resolve() / tree
        print(f"tree {tree}", flush=True)
        command = [sys.executable, "-m", "tests.research.sweep_long", *words, "--in-copy", str(place)]
        code = exported(place)
        environ = os.environ | {"PYTHONPATH": str(code)}  # the cluster's workers are of the copy too
        return subprocess.run(command, cwd=code, env=environ, check=False).returncode
    os.nice(asked.nice)
    warnings.simplefilter("ignore")
    size = f"{asked.settings}x{asked.days}x{asked.rows}x{asked.span_s:g}"
    shelf = _shelf(asked.in_copy / "days" / size, asked)
    found = compared(shelf, asked.settings, asked.in_copy / size)
    print(found.text)
    return 1 if found.differing else 0


def _shelf(place: Path, asked: argparse.Namespace) -> Shelf:
    return shelf_of(place, days=asked.days, count=asked.rows, span_s=asked.span_s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

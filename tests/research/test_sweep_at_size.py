"""A sweep over generated days on a cluster of three processes, killed under way, beside the serial one.

`COCKPIT_SWEEP_SETTINGS=2000 COCKPIT_SWEEP_DAYS=30 COCKPIT_SWEEP_OUT=DIR pytest -s tests/research/test_sweep_at_size.py`
is the full size: with a directory to keep trials in, what a time limit broke off goes on with the next run.
`COCKPIT_SWEEP_ROWS` and `COCKPIT_SWEEP_SPAN_S` are the prints of a day and the seconds that they fill.
"""

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cockpit.research.sweep import ClusterWorkers, LocalWorkers, Workers
from cockpit.research.sweep_plan import Plan
from cockpit.research.trial import Batch, Trial
from tests.history.shelf import Shelf
from tests.research.stored import shelf_of
from tests.research.test_sweep import EDGE, FIXED, STOP, swept

SETTINGS = int(os.environ.get("COCKPIT_SWEEP_SETTINGS", "48"))
DAYS = int(os.environ.get("COCKPIT_SWEEP_DAYS", "4"))
ROWS = int(os.environ.get("COCKPIT_SWEEP_ROWS", "1200"))
SPAN_S = float(os.environ.get("COCKPIT_SWEEP_SPAN_S", "600"))
PLAN = Plan.model_validate(
    {
        "search": "random",
        "trials": SETTINGS,
        "vary": {
            STOP: {"low": 6.0, "high": 28.0},
            EDGE: {"low": 59_960.0, "high": 60_020.0},
            "setups.btc_lower_band_long.reclaim_after_s": [5, 10, 30],
            "setups.btc_upper_band_short.stop_bps": {"low": 6.0, "high": 28.0},
        },
        "set": FIXED,
        "history": {"hold_context": True},
        "fewest_trades": 1,
        "at_once": max(4, SETTINGS // 80),
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


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return shelf_of(kept_in(tmp_path_factory) / "days", days=DAYS, count=ROWS, span_s=SPAN_S)


def kept_in(factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("COCKPIT_SWEEP_OUT")
    return Path(named) if named else factory.mktemp("sweep")


def timed(shelf: Shelf, out: Path, workers: Workers) -> list[Trial]:
    began_s = time.monotonic()
    trials = swept(shelf, PLAN, out, workers)
    took_s = time.monotonic() - began_s
    print(
        f"\n{type(workers).__name__}: {SETTINGS} settings x {DAYS} days of {ROWS} prints in {took_s:.0f} s", flush=True
    )
    return trials


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_whose_workers_are_killed_comes_to_the_serial_numbers(
    shelf: Shelf, tmp_path_factory: pytest.TempPathFactory
) -> None:
    distributed = pytest.importorskip("distributed", reason="the cluster extra is not installed")
    out = kept_in(tmp_path_factory)
    serial = timed(shelf, out / "serial", LocalWorkers(1))
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        workers = KillingWorkers(cluster, every=max(3, SETTINGS // 200))
        try:
            spread = timed(shelf, out / "cluster", workers)
        finally:
            workers.close()
    assert spread == serial
    assert sum(trial.trades for trial in serial) >= SETTINGS
    assert workers.killed or os.environ.get("COCKPIT_SWEEP_OUT")
    print(f"{workers.killed} workers killed, {sum(trial.trades for trial in serial):,} trades, all equal", flush=True)

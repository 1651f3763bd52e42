"""How much memory a backtest of many days holds: `python -m tests.benchmarks.backtest_memory [--days N] [--rows N]`.

Days as busy as Bitcoin's (1.43 M prints each, a random walk made here) in a store, then one backtest over all of them.
Prints the most memory held after each fifth of the days: where that stays, a year holds no more than a month. Asserts
nothing.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from cockpit.domain.units import NS_PER_DAY, NS_PER_MS
from cockpit.history.day_files import About, DayWriter, put_in_place
from cockpit.history.kinds import AGG_TRADES
from cockpit.history.store import Series, Store
from cockpit.research.assumptions import Assumptions
from cockpit.research.backtest import run_backtest
from tests.benchmarks.backtest_speed import config_of
from tests.benchmarks.history_import import ROWS, most_mb
from tests.research.generated import DAY

AT_ONCE = 65_536


def write_day(store: Store, day: int, rows: int, price: float) -> float:
    """A day of prints from this price on; returns the last one."""
    numbers = np.random.default_rng(day)
    stamps = day * NS_PER_DAY + np.sort(numbers.integers(0, 86_400_000, rows)) * NS_PER_MS
    prices = np.round(price * np.exp(np.cumsum(numbers.normal(0, 0.02 / np.sqrt(rows), rows))), 1)
    ids = np.arange(rows) + day * rows
    sizes = np.round(numbers.exponential(0.05, rows) + 0.001, 3)
    table = pa.Table.from_arrays(
        [pa.array(one) for one in (ids, stamps, prices, sizes, numbers.random(rows) < 0.5, 2 * ids, 2 * ids + 1)],
        schema=AGG_TRADES.schema,
    )
    path = store.path(Series("binance", "BTC", AGG_TRADES), day)
    part = DayWriter(path.with_suffix(".part"), AGG_TRADES)
    for first in range(0, rows, AT_ONCE):
        part.write(table.slice(first, AT_ONCE))
    whole = [(day * NS_PER_DAY, (day + 1) * NS_PER_DAY)]
    part.close(About(symbol="BTCUSDT", rows=rows, sources=[], covered=whole, gap_count=0, gaps=[]))
    put_in_place(part.path, path)
    return float(prices[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A backtest's memory over many days.")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        store, price = Store(Path(made)), 60_000.0
        for day in range(DAY, DAY + asked.days):
            price = write_day(store, day, asked.rows, price)
        print(f"{asked.days} days of {asked.rows:,} prints: {most_mb():.0f} MB held while they were made", flush=True)
        done = 0

        def after_a_day(rows: int) -> None:
            nonlocal done
            done += 1
            if done % max(1, asked.days // 5) == 0:
                print(f"after {done} days ({rows / 1e6:.0f} M rows): {most_mb():.0f} MB at most", flush=True)

        began_s = time.process_time()
        days = range(DAY, DAY + asked.days)
        found = run_backtest(store, config_of(), days, Assumptions(), hold_context=True, progress=after_a_day)
        cpu_s = time.process_time() - began_s
        print(
            f"{len(found.results)} trades, {found.rows / cpu_s / 1e6:.1f} M rows/s of CPU, reading from disk included"
        )


if __name__ == "__main__":
    main()

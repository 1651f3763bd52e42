"""How fast a backtest is, columnar beside event by event: `python tests/benchmarks/backtest_speed.py [--rows N]`.

A generated day of prints and tops with the shipped setups around it, both ways in the same process, then many settings
over one reading of the columns. Prints, asserts nothing but that both come to the same digest.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cockpit.config.load import load_config  # noqa: E402
from cockpit.config.model import CockpitConfig  # noqa: E402
from cockpit.domain.events import FundingRate, OpenInterest, Positioning, ReadingEvent  # noqa: E402
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_S  # noqa: E402
from cockpit.research.assumptions import Assumptions  # noqa: E402
from cockpit.research.column_run import ColumnRun  # noqa: E402
from cockpit.research.columns import Prints, Tops  # noqa: E402
from cockpit.research.day_columns import DayColumns  # noqa: E402
from cockpit.research.run import Run  # noqa: E402
from cockpit.research.tape import Tape, merged  # noqa: E402

DAY = 19_943


def busy_day(prints: int, tops: int) -> Tape:
    """A day as busy as asked for, BTC on Binance, with a reading of each kind every five minutes."""
    numbers = np.random.default_rng(5)
    start_ns = DAY * NS_PER_DAY
    stamps = start_ns + np.sort(numbers.integers(0, 86_400_000, prints)) * NS_PER_MS
    price = np.round(60_000.0 * np.exp(np.cumsum(numbers.normal(0, 0.02 / np.sqrt(prints), prints))), 1)
    sizes = np.round(numbers.exponential(0.05, prints) + 0.001, 3)
    trades = Prints("binance", "BTC", stamps, price, sizes, numbers.random(prints) < 0.5, np.arange(prints))
    rows = np.sort(numbers.integers(0, prints, tops))
    sizes = np.round(numbers.exponential(5.0, tops) + 0.001, 3)
    bid = np.round(price[rows] - 0.1, 1)
    quotes = Tops("binance", "BTC", stamps[rows], bid, sizes, np.round(bid + 0.1, 1), sizes[::-1].copy())
    readings: list[ReadingEvent] = []
    for at_ns in range(start_ns, start_ns + NS_PER_DAY, 300 * NS_PER_S):
        readings.append(Positioning(at_ns, "BTC", "binance", 51.0, 49.0, bar_s=300.0))
        readings.append(OpenInterest(at_ns, "BTC", "binance", 1.0))
        readings += [FundingRate(at_ns, "BTC", venue, rate) for venue, rate in (("binance", 0.9), ("okx", 0.2))]
    return merged(DAY, [([trades], trades.ts_ns), ([quotes], quotes.ts_ns)], readings)


def config_of(number: int = 0) -> CockpitConfig:
    """The shipped rules with bands about the generated prices, another stop for each number."""
    near, far = 60_000.0 - 60.0 - number, 60_000.0 + 60.0 + number
    changes = [
        "aave.required=false",
        f"bands.BTC.lower=[[{near - 100},{near}]]",
        f"bands.BTC.upper=[[{far},{far + 50}]]",
        f"setups.btc_lower_band_long.stop_bps={15 + number % 13}",
        "limits.losses_until_review=100",
        "limits.losses_until_kill=200",
    ]
    return load_config(ROOT / "config" / "tactical_scalp_config.json", changes)


def timed(run: Run, tape: Tape) -> tuple[float, float]:
    """Seconds by the clock and by the CPU."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    run.day(tape)
    run.finish()
    return time.perf_counter() - began_s, time.process_time() - began_cpu_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A backtest's speed, columnar beside event by event.")
    parser.add_argument("--rows", type=int, default=6_000_000)
    parser.add_argument("--settings", type=int, default=20)
    asked = parser.parse_args()
    tape = busy_day(asked.rows // 4, asked.rows - asked.rows // 4)
    start_ns, digests = int(tape.clock[0]), set()
    for name, kind in (("event by event", Run), ("columnar", ColumnRun)):
        run = kind(config_of(), Assumptions(), start_ns)
        took_s, cpu_s = timed(run, tape)
        digests.add(run.tally.digest)
        rates = f"{tape.rows / took_s / 1e6:.2f} M rows/s by the clock, {tape.rows / cpu_s / 1e6:.2f} by the CPU"
        print(
            f"{name}: {tape.rows:,} rows, {run.wakes:,} wakes, {took_s:.2f} s: {rates}; {len(run.tally.trades)} trades"
        )
    assert len(digests) == 1, digests
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    columns = DayColumns(tape)
    for number in range(asked.settings):
        run = ColumnRun(config_of(number), Assumptions(), start_ns)
        run.share(columns)
        run.day(tape)
        run.finish()
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    rows = asked.settings * tape.rows / 1e6
    print(f"{asked.settings} settings over one reading: {rows / took_s:.1f} M settings x rows/s by the clock,", end=" ")
    print(f"{rows / cpu_s:.1f} by the CPU, one process")


if __name__ == "__main__":
    main()

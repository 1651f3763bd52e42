"""A whole generated day both ways: the same digest and every trade equal, whatever its size.

`COCKPIT_EXACT_ROWS=10000000 COCKPIT_EXACT_CONFIGS=20 pytest tests/research/test_exactness_at_size.py -s` is the full
size; `COCKPIT_EXACT_FIRST` goes on with other settings. What runs by default is a fiftieth of that.
"""

import math
import os
import random
import time
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.research.assumptions import Assumptions
from cockpit.research.column_run import ColumnRun
from cockpit.research.day_columns import DayColumns
from cockpit.research.run import Run
from tests.research.generated import whole_day_of
from tests.research.test_exactness import assert_same, config_of

ROWS = int(os.environ.get("COCKPIT_EXACT_ROWS", "200000"))
CONFIGS = int(os.environ.get("COCKPIT_EXACT_CONFIGS", "6"))
FIRST = int(os.environ.get("COCKPIT_EXACT_FIRST", "0"))


def random_changes(numbers: random.Random) -> dict[str, Any]:
    return {
        "away_bps": numbers.uniform(4.0, 25.0),
        "height_bps": numbers.uniform(0.0, 10.0),
        "lower": {
            "reclaim_after_s": numbers.choice([5.0, 10.0, 30.0]),
            "reclaim_within_s": numbers.choice([35.0, 60.0]),
            "cooldown_s": numbers.uniform(60.0, 900.0),
            "stop_bps": numbers.uniform(6.0, 30.0),
            "thin_book_stop_bps": 35.0,
        },
        "upper": {
            "bar_s": numbers.choice([5.0, 15.0]),
            "invalid_held_s": numbers.uniform(2.0, 60.0),
            "stop_bps": numbers.uniform(6.0, 30.0),
            "cooldown_s": numbers.uniform(60.0, 900.0),
        },
        "guard": {"dip_bps": 15.0, "max_hold_s": 60.0, "stop_bps": numbers.uniform(3.0, 22.0)},
        "latency_ms": numbers.choice([0.0, 7.0, 50.0, 400.0]),
        "trade_on": numbers.choice(["okx", "binance"]),
        "limits": numbers.choice([{}, {"losses_until_review": 2, "losses_until_kill": 3}, {"max_trades_per_day": 3}]),
    }


@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("with_tops", [True, False])
def test_a_day_of_many_rows_comes_to_the_same_either_way(shipped_config: CockpitConfig, with_tops: bool) -> None:
    numbers = random.Random(1_000 * FIRST + with_tops)
    count = math.ceil(CONFIGS / 2)
    chosen = [(config_of(shipped_config, random_changes(numbers)), Assumptions(seed=seed)) for seed in range(count)]
    tape = whole_day_of(chosen[0][0], Assumptions(), FIRST, ROWS, with_tops=with_tops)
    start_ns, columns = int(tape.clock[0]), DayColumns(tape)
    by_event = [Run(config, assumed, start_ns) for config, assumed in chosen]
    for run in by_event:
        run.open_day(start_ns)
    began_s = time.process_time()
    for events in tape.chunks():
        for run in by_event:
            run.session.run(events)
    took_s, began_s = time.process_time() - began_s, time.process_time()
    trades = wakes = 0
    for (config, assumed), reference in zip(chosen, by_event, strict=True):
        by_column = ColumnRun(config, assumed, start_ns)
        by_column.share(columns)
        by_column.day(tape)
        assert_same(reference.finish(), by_column.finish())
        trades, wakes = trades + len(reference.tally.trades), wakes + by_column.wakes
    column_s = time.process_time() - began_s
    print(f"\n{count} settings x {len(tape):,} rows: {trades} trades, {wakes / count:,.0f} wakes each,", end=" ")
    print(f"{took_s / count:.2f} s of CPU each event by event, {column_s / count:.2f} s in columns")
    assert trades >= count
    assert wakes < count * len(tape) / 2

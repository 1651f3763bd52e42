"""A stretch of bars taken in at once leaves a market as closing each of them does."""

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.config.model import CockpitConfig
from cockpit.domain.units import NS_PER_S
from cockpit.market.asset import AssetMarket
from cockpit.research.assumptions import Assumptions
from cockpit.research.columns import BAR_NS
from cockpit.research.day_columns import DayColumns
from cockpit.research.passed_bars import first_alike
from cockpit.research.tape import Tape
from tests.research.generated import DAY, tape_of

LENGTHS_S = (15, 60, 900)


def a_market(start_ns: int) -> AssetMarket:
    return AssetMarket("BTC", "binance", start_ns, history_s=600.0, bar_lengths_s=LENGTHS_S)


def kept_by(market: AssetMarket) -> dict[str, Any]:
    return {
        "bars": [market.last_bars(length_s, 1_000) for length_s in (5, *LENGTHS_S)],
        "delta": market.cumulative_delta,
        "session": market.session_vwap,
        "thin": market.thin_book_share(300.0),
        "rise": market.rise_bps(600.0),
        "under way": market.running_bar,
    }


def closed_one_by_one(market: AssetMarket, tape: Tape, columns: DayColumns, numbers: range) -> None:
    prints, tops = tape.prints[0], tape.tops[0]
    bars, ends, tops_before = columns.bars[id(prints)], columns.bar_ends[id(prints)], columns.tops_before[id(tops)]
    for number in numbers:
        end, top_row = ends[number - 1], tops_before[number]
        market.stand_at(
            bars.bar(number - 1),
            prints.event(end - 1) if end else None,
            tops.event(top_row) if top_row >= 0 else None,
            int(prints.ts_ns[0]) if end else None,
        )
        market.close_bars(columns.bar_starts[number])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.lists(st.floats(0.0, 1.0), max_size=6), st.sampled_from([300, 3_000]))
def test_stretches_of_bars_are_closed_as_one_by_one(
    shipped_config: CockpitConfig, seed: int, cuts: list[float], count: int
) -> None:
    tape = tape_of(shipped_config, Assumptions(), seed, count=count, span_s=2_400.0, assets=("BTC",))
    columns = DayColumns(tape)
    passed = columns.passed(tape.prints[0], tape.tops[0])
    first = first_alike(tape.bar_starts, columns.bar_starts[0] + BAR_NS, LENGTHS_S)
    last = len(columns.closers)
    bounds = [first, *sorted(first + int(cut * (last - first)) for cut in cuts), last]
    one_by_one, at_once = a_market(int(tape.clock[0])), a_market(int(tape.clock[0]))
    for market in (one_by_one, at_once):
        closed_one_by_one(market, tape, columns, range(1, first))
    for begun, end in pairwise(bounds):
        closed_one_by_one(one_by_one, tape, columns, range(begun, end))
        if begun < end:
            rows = columns.bar_ends[id(tape.prints[0])][end - 2]
            top_row = columns.tops_before[id(tape.tops[0])][end - 1]
            at_once.take_closed(passed.between(begun, end, LENGTHS_S))
            at_once.stand_at(None, tape.prints[0].event(rows - 1), tape.tops[0].event(top_row), None)
        assert kept_by(at_once) == kept_by(one_by_one)


def test_the_longer_bar_that_a_day_begins_within_is_left_to_the_market() -> None:
    starts = np.arange(10, dtype=np.int64) * BAR_NS + DAY * 86_400 * NS_PER_S + 10 * NS_PER_S
    assert first_alike(starts, int(starts[0]) + BAR_NS, ()) == 2
    # The quarter of a minute goes on until the second row, the minute until the eleventh.
    assert first_alike(starts, int(starts[0]) + BAR_NS, (15,)) == 2
    assert first_alike(starts, int(starts[0]) + BAR_NS, (15, 60)) == 11
    assert first_alike(starts, int(starts[3]), ()) == 4

"""Nothing is decided on what could not be known: whatever the future is changed to, what came before stays."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain import wire
from cockpit.domain.actions import AnyAction
from cockpit.domain.events import ReadingEvent
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from cockpit.history.kinds import POSITIONING
from cockpit.history.store import Series, Store
from cockpit.replay.tally import Tally
from cockpit.research.assumptions import Assumptions
from cockpit.research.column_run import ColumnRun
from cockpit.research.columns import Prints, Tops, modelled_tops
from cockpit.research.readings import readings_of
from cockpit.research.tape import Source, Tape
from tests.research.generated import DAY, TICKS, tape_of
from tests.research.test_exactness import config_of

CHANGED = {
    "away_bps": 8.0,
    "height_bps": 4.0,
    "lower": {"reclaim_after_s": 5.0, "stop_bps": 12.0},
    "upper": {"stop_bps": 12.0},
    "guard": {"dip_bps": 3.0},
    "latency_ms": 50.0,
    "trade_on": "okx",
    "limits": {},
}


class Kept(Tally):
    """Remembers every action as it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: list[tuple[int, bytes]] = []

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        super().on_actions(actions)
        self.actions += [(action.ts_ns, wire.encode(action)) for action in actions]

    def before(self, ts_ns: int) -> list[bytes]:
        return [action for at_ns, action in self.actions if at_ns < ts_ns]


def decided(config: CockpitConfig, tape: Tape) -> Kept:
    kept = Kept()
    run = ColumnRun(config, Assumptions(), int(tape.clock[0]), tally=kept)
    run.day(tape)
    run.finish()
    return kept


def with_another_future(tape: Tape, place: int, seed: int) -> Tape:
    """The same rows up to this place, and from there on the same instants with other prices, sizes and readings."""
    numbers = np.random.default_rng(seed)
    sources: list[Source] = []
    for prints in tape.prints:
        later = prints.place >= place
        price = np.where(later, np.round(prints.price * numbers.uniform(0.97, 1.03, len(prints)), 1), prints.price)
        qty = np.where(later, prints.qty * 7.0, prints.qty)
        other: Source = Prints(
            prints.venue, prints.asset, prints.ts_ns, price, qty, prints.is_buyer ^ later, prints.trade_id
        )
        other.place = prints.place
        sources.append(other)
    for tops in tape.tops:
        later = tops.place >= place
        if tops.is_modelled:
            prints = next(one for one in sources if isinstance(one, Prints) and one.asset == tops.asset)
            other = modelled_tops(prints, 1.0, 20_000.0, TICKS[tops.asset])
        else:
            factor = np.where(later, numbers.uniform(0.97, 1.03, len(tops)), 1.0)
            other = Tops(
                tops.venue, tops.asset, tops.ts_ns, tops.bid * factor, tops.bid_qty, tops.ask * factor, tops.ask_qty
            )
        other.place = tops.place
        sources.append(other)
    readings = [(at, changed(reading) if at >= place else reading) for at, reading in sorted(tape.readings.items())]
    return Tape(tape.day, sources, tape.clock, readings)


def changed(reading: ReadingEvent) -> ReadingEvent:
    for name, value in (("short_pct", 99.0), ("rate_bps_8h", -50.0), ("change_24h_pct", 80.0), ("value", 1.01)):
        if hasattr(reading, name):
            return replace(reading, **{name: value})
    return reading


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.05, 0.95), st.booleans())
def test_no_earlier_decision_changes_with_the_future(
    shipped_config: CockpitConfig, seed: int, share: float, with_tops: bool
) -> None:
    config = config_of(shipped_config, CHANGED)
    tape = tape_of(config, Assumptions(), seed, with_tops=with_tops)
    place = int(len(tape) * share)
    now_ns = int(tape.clock[place])
    as_it_was, otherwise = decided(config, tape), decided(config, with_another_future(tape, place, seed + 1))
    assert as_it_was.before(now_ns) == otherwise.before(now_ns)


def test_the_other_future_is_another_one(shipped_config: CockpitConfig) -> None:
    config = config_of(shipped_config, CHANGED)
    tape = tape_of(config, Assumptions(), 11, count=6_000, span_s=1_800.0)
    as_it_was = decided(config, tape)
    assert as_it_was.before(int(tape.clock[-1])) != decided(config, with_another_future(tape, 10, 5)).before(
        int(tape.clock[-1])
    )


def test_a_positioning_row_is_told_when_it_was_known_and_not_at_its_label(
    shipped_config: CockpitConfig, tmp_path: object
) -> None:
    store = Store(tmp_path)  # type: ignore[arg-type]
    start_ns = DAY * NS_PER_DAY
    labels = start_ns + np.arange(288) * 300 * NS_PER_S
    columns = {name: np.full(288, 1.0) for name, _ in POSITIONING.columns}
    columns |= {"ts_ns": labels, "known_ns": labels + 300 * NS_PER_S, "account_long_short_ratio": np.arange(288) + 1.0}
    path = store.path(Series("binance", "BTC", POSITIONING), DAY)
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table(columns).select([name for name, _ in POSITIONING.columns]), path)
    told = [one for one in readings_of(store, shipped_config, DAY) if hasattr(one, "long_pct")]
    assert [one.ts_ns for one in told[:2]] == [start_ns + 300 * NS_PER_S, start_ns + 600 * NS_PER_S]
    assert [round(one.long_pct, 6) for one in told[:2]] == [50.0, round(200 / 3, 6)]
    assert all(one.ts_ns < start_ns + NS_PER_DAY for one in told)

"""What the store has and lacks: each day of each series, and the readings a backtest of a config would do without."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Reading
from cockpit.domain.units import NS_PER_S, utc_text
from cockpit.history.day_files import About, Gap
from cockpit.history.errors import HistoryError
from cockpit.history.kinds import (
    AGG_TRADES,
    FUNDING,
    POSITIONING,
    RECORDED_TOPS,
    RECORDED_TRADES,
    TICKERS,
    TOPS,
    TRADES,
    Kind,
)
from cockpit.history.store import Series, Store, day_text, is_whole
from cockpit.market.reading_table import EVERYTHING, ROWS
from cockpit.market.reading_table import About as AboutWhat

GAPS_SHOWN = 3
PRINTS = (TRADES, AGG_TRADES, RECORDED_TRADES)
BOOKS = (TOPS, RECORDED_TOPS)
GIVEN_BY: dict[Reading, tuple[Kind, ...]] = {
    Reading.STREAM: PRINTS,
    Reading.POSITIONING: (POSITIONING,),
    Reading.OPEN_INTEREST: (POSITIONING,),
    Reading.FUNDING: (FUNDING, TICKERS),
}
"""Which stored kinds a reading can be made of; one that is not here has no stored history at all."""

State = Literal["whole", "gaps", "part", "damaged", "missing"]


class DayState(msgspec.Struct, frozen=True):
    """One day of a series: `part` where its sources do not speak of all of it, `gaps` where rows lack in between."""

    day: str
    state: State
    rows: int = 0
    gap_count: int = 0
    gaps: list[Gap] = []
    covered: list[tuple[int, int]] = []
    detail: str = ""


class SeriesState(msgspec.Struct, frozen=True):
    """A series and its days, from its first (or the first asked for) to its last."""

    venue: str
    asset: str
    kind: str
    days: list[DayState]


class Lack(msgspec.Struct, frozen=True):
    """A reading that a setup's backtest would not have, on how many of the days; `asset` is "" for one about none.

    Of those days `part_days` have some of it.
    """

    reading: str
    asset: str
    setups: list[str]
    days: int
    of_days: int
    detail: str
    part_days: int = 0


class Check(msgspec.Struct, frozen=True):
    """The whole answer; `ok` when every day is whole and nothing lacks."""

    ok: bool
    first: str
    last: str
    series: list[SeriesState]
    lacks: list[Lack]


def days_between(store: Store, first_day: int | None, last_day: int | None) -> range:
    """The days asked for, or all that the store has prints of. Raises `HistoryError` where there is none."""
    stored = sorted(
        {day for series in store.series() if series.kind.name.endswith("trades") for day in store.days(series)}
    )
    if not stored:
        raise HistoryError(f"{store.name}: expected prints to run on, was none: cockpit history add FILES")
    first = stored[0] if first_day is None else first_day
    last = stored[-1] if last_day is None else last_day
    if first > last:
        raise HistoryError(f"expected --from on or before --to, was {day_text(first)} and {day_text(last)}")
    return range(first, last + 1)


def assets_of(config: CockpitConfig, named: Sequence[str]) -> list[str]:
    """The assets named, all of the config's where none is. Raises `HistoryError` for one that the config has not."""
    unknown = [asset for asset in named if asset not in config.assets]
    if unknown:
        raise HistoryError(f"assets: expected some of {', '.join(config.assets)}, was {', '.join(unknown)}")
    return [asset for asset in config.assets if not named or asset in named]


def check_store(store: Store, config: CockpitConfig, first_day: int | None, last_day: int | None) -> Check:
    """Look at the days from `first_day` to `last_day`, without them at all there are."""
    known = {series: store.days(series) for series in store.series()}
    all_days = sorted({day for days in known.values() for day in days})
    if not all_days and (first_day is None or last_day is None):
        raise HistoryError(f"{store.name}: expected history to check, was none: cockpit history add FILES")
    first = all_days[0] if first_day is None else first_day
    last = all_days[-1] if last_day is None else last_day
    if first > last:
        raise HistoryError(f"expected --from on or before --to, was {day_text(first)} and {day_text(last)}")
    asked = range(first, last + 1)
    states = {series: [_day_state(store, series, day) for day in asked] for series in known}
    days = {
        series: _Days(_in(asked, found, ("whole", "gaps")), _in(asked, found, ("part",)))
        for series, found in states.items()
    }
    lacks = _lacks(config, days, len(asked))
    listed = [SeriesState(*series[:2], series.kind.name, days) for series, days in states.items()]
    is_whole_all = all(day.state == "whole" for one in listed for day in one.days)
    return Check(is_whole_all and not lacks, day_text(first), day_text(last), listed, lacks)


class _Days(NamedTuple):
    """The days that a series has as a whole, and those of which it has a part."""

    whole: set[int]
    part: set[int]


def _in(asked: range, found: Sequence[DayState], states: Sequence[State]) -> set[int]:
    return {day for day, state in zip(asked, found, strict=True) if state.state in states}


def _day_state(store: Store, series: Series, day: int) -> DayState:
    try:
        about = store.about(series, day)
    except HistoryError as error:
        return DayState(day_text(day), "damaged", detail=str(error))
    if about is None:
        return DayState(day_text(day), "missing")
    state: State = "gaps" if about.gap_count else "whole"
    if not is_whole(about, day):
        state = "part"
    return DayState(day_text(day), state, about.rows, about.gap_count, about.gaps, about.covered, _gaps_text(about))


def _gaps_text(about: About) -> str:
    shown = [
        f"{utc_text(gap.from_ns)[11:-5]}-{utc_text(gap.to_ns)[11:-5]}"
        + (f" ({gap.missing} rows)" if gap.missing else f" ({(gap.to_ns - gap.from_ns) / NS_PER_S:.0f} s)")
        for gap in about.gaps[:GAPS_SHOWN]
    ]
    more = about.gap_count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _lacks(config: CockpitConfig, stored: dict[Series, _Days], days: int) -> list[Lack]:
    """What the gate or a setup would ask for and nobody could say."""
    traded: dict[str, list[str]] = {}
    kinds: dict[str, list[str]] = {}
    for name, setup in config.setups.items():
        if setup.enabled:
            kinds.setdefault(setup.kind, []).append(name)
            for asset in setup.traded:
                traded.setdefault(asset, []).append(name)
    found: list[Lack] = []
    for row in ROWS:
        if row.informs_only:
            continue
        if row.about is AboutWhat.ITSELF:
            concerned = [name for names in kinds.values() for name in names]
            concerned = concerned if row.stands_down == EVERYTHING else _of_kind(config, row.stands_down)
            if concerned:
                found.append(Lack(row.reading, "", concerned, days, days, f"{row.missing}: no history is read of it"))
            continue
        for asset, names in traded.items():
            for venue in _venues(config, row.reading, asset):
                found += _lack(row.reading, venue, asset, names, stored, days)
    return found


def _of_kind(config: CockpitConfig, scope: str) -> list[str]:
    return [name for name, setup in config.setups.items() if setup.enabled and setup.kind.startswith(scope)]


def _venues(config: CockpitConfig, reading: Reading, asset: str) -> list[str]:
    """Whose data the engine would take; "" for anybody's."""
    where = config.assets[asset]
    if reading is Reading.STREAM:
        return list(dict.fromkeys((where.watch, where.trade_on)))
    return list(config.gate.funding_spread_of) if reading is Reading.FUNDING else [""]


def _lack(
    reading: Reading, venue: str, asset: str, setups: list[str], stored: dict[Series, _Days], days: int
) -> list[Lack]:
    lacks = []
    for what, kinds in _wanted(reading):
        there, part = set[int](), set[int]()
        for series, found in stored.items():
            if series.asset == asset and series.kind in kinds and venue in ("", series.venue):
                there, part = there | found.whole, part | found.part
        if len(there) < days:
            names = " or ".join(kind.name for kind in kinds)
            detail = f"{what} of {asset}{' on ' + venue if venue else ''}: {names}"
            lacks.append(Lack(reading, asset, setups, days - len(there), days, detail, len(part - there)))
    return lacks


def _wanted(reading: Reading) -> list[tuple[str, tuple[Kind, ...]]]:
    if reading is Reading.STREAM:
        return [("prints", PRINTS), ("best bid and ask (else the spread is modelled)", BOOKS)]
    return [(reading.replace("_", " "), GIVEN_BY[reading])]

"""A day of stored history in the one order in which an engine could have known it.

Rows stand in lanes: a series of its own, or what belongs together in its order (a recording's prints and tops as they
arrived, a print and the top modelled from it). Lanes are merged by the instant a row was known; of rows known at one
instant prints come before tops, since a sweep prints before its top moves, and readings come last.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import MarketEvent
from cockpit.history.checking import assets_of
from cockpit.history.kinds import AGG_TRADES, KNOWN, RECORDED_TOPS, RECORDED_TRADES, TOPS, TRADES, Kind
from cockpit.history.store import Series, Store
from cockpit.research.assumptions import Assumptions
from cockpit.research.columns import BAR_NS, Ints, Prints, Tops, first_rows, modelled_tops

CHUNK = 65_536
Source = Prints | Tops


class Place(NamedTuple):
    """An asset at a venue whose prices a backtest follows."""

    venue: str
    asset: str


class Tape:
    """A day. `clock` is the engine's time as each row is handed over: the latest stamp up to it."""

    def __init__(self, day: int, sources: Sequence[Source], clock: Ints, readings: Sequence[tuple[int, MarketEvent]]):
        self.day = day
        self.clock = clock
        self.prints = [source for source in sources if isinstance(source, Prints)]
        self.tops = [source for source in sources if isinstance(source, Tops)]
        self.readings = dict(readings)
        """The readings by their places."""
        self.reading_places: Ints = np.array([place for place, _ in readings], np.int64)
        self.bar_rows: Ints = first_rows(clock, BAR_NS)
        """The rows that begin another bar: they close the one before."""
        self.bar_starts: Ints = clock[self.bar_rows] // BAR_NS * BAR_NS
        stray = max((int((clock[source.place] - source.ts_ns).max()) for source in sources if len(source)), default=0)
        self.disorder_ns = stray
        """How far a stamp lies behind the latest one before it, at most."""

    def __len__(self) -> int:
        return len(self.clock)

    @property
    def rows(self) -> int:
        """How many rows of stored history it has; modelled tops are none."""
        return len(self) - sum(len(tops) for tops in self.tops if tops.is_modelled)

    @property
    def modelled(self) -> tuple[Place, ...]:
        """Where the spread is modelled."""
        return tuple(Place(tops.venue, tops.asset) for tops in self.tops if tops.is_modelled)

    def first_price(self, venue: str, asset: str) -> float | None:
        """The day's first print there; None without one."""
        found = (one for one in self.prints if (one.venue, one.asset) == (venue, asset) and len(one))
        return next((float(one.price[0]) for one in found), None)

    def chunks(self) -> Iterator[list[MarketEvent]]:
        """Every event in order, some thousands at a time."""
        for first in range(0, len(self), CHUNK):
            yield self.events(first, min(first + CHUNK, len(self)))

    def events(self, first: int, end: int) -> list[MarketEvent]:
        """The events of these rows."""
        found: list[Any] = [None] * (end - first)
        sources: list[Source] = [*self.prints, *self.tops]
        for source in sources:
            low, high = np.searchsorted(source.place, (first, end))
            places = (source.place[low:high] - first).tolist()
            for place, event in zip(places, source.events(slice(int(low), int(high))), strict=True):
                found[place] = event
        for place in self.reading_places[slice(*np.searchsorted(self.reading_places, (first, end)))].tolist():
            found[place - first] = self.readings[place]
        return found


def places_of(config: CockpitConfig, assets: Sequence[str] = ()) -> list[Place]:
    """Whose prices the engine takes: where each asset is watched and where it trades."""
    chosen = assets_of(config, assets)
    found = [
        Place(venue, asset) for asset in chosen for venue in (config.assets[asset].watch, config.assets[asset].trade_on)
    ]
    return list(dict.fromkeys(found))


def load_tape(
    store: Store,
    config: CockpitConfig,
    day: int,
    assumptions: Assumptions,
    readings: Sequence[MarketEvent] = (),
    assets: Sequence[str] = (),
) -> Tape:
    """The day's rows of everything the config follows; an empty tape where nothing is stored."""
    recorded: list[tuple[Source, Ints, Ints]] = []
    lanes: list[tuple[list[Source], Ints]] = []
    top_lanes: list[tuple[list[Source], Ints]] = []
    for place in places_of(config, assets):
        kind = next((kind for kind in (RECORDED_TRADES, TRADES, AGG_TRADES) if _has(store, place, kind, day)), None)
        if kind is None:
            continue
        prints, arrival = _prints(store, place, kind, day)
        if kind is RECORDED_TRADES:
            recorded.append((prints, *arrival))
            if _has(store, place, RECORDED_TOPS, day):
                tops, arrival = _tops(store, place, RECORDED_TOPS, day)
                recorded.append((tops, *arrival))
                continue
            lanes_of_prints = [prints]
        elif _has(store, place, TOPS, day):
            tops, _ = _tops(store, place, TOPS, day)
            lanes.append(([prints], _latest(prints.ts_ns)))
            top_lanes.append(([tops], _latest(tops.ts_ns)))
            continue
        else:
            lanes_of_prints = [prints]
        tick_usd = _tick_usd(config, place)
        modelled = modelled_tops(prints, assumptions.spread_bps, assumptions.modelled_top_usd, tick_usd)
        if kind is RECORDED_TRADES:
            recorded.append((modelled, *arrival))
        else:
            lanes.append(([*lanes_of_prints, modelled], np.repeat(_latest(prints.ts_ns), 2)))
    if recorded:
        lanes.insert(0, _recorded_lane(recorded))
    return merged(day, [*lanes, *top_lanes], readings)


def _latest(stamps: Ints) -> Ints:
    return np.maximum.accumulate(stamps)


def _tick_usd(config: CockpitConfig, place: Place) -> float:
    venue = config.venues.get(place.venue)
    instrument = venue.instruments.get(place.asset) if venue is not None else None
    return (instrument or config.instrument(place.asset)).tick_usd


def _has(store: Store, place: Place, kind: Kind, day: int) -> bool:
    return store.has(Series(*place, kind), day)


def _prints(store: Store, place: Place, kind: Kind, day: int) -> tuple[Prints, tuple[Ints, Ints]]:
    is_recorded = kind is RECORDED_TRADES
    number = "agg_trade_id" if kind is AGG_TRADES else "trade_id"
    names = [
        number,
        "ts_ns",
        "price_usd",
        "qty_coins",
        "taker_is_buyer",
        *(("recv_ns", "arrival") if is_recorded else ()),
    ]
    rows = _read(store, place, kind, day, names)
    good = (rows["price_usd"] > 0) & np.isfinite(rows["price_usd"]) & (rows["qty_coins"] > 0)
    if not good.all():
        rows = {name: column[good] for name, column in rows.items()}
    prints = Prints(*place, *(rows[name] for name in ("ts_ns", "price_usd", "qty_coins", "taker_is_buyer", number)))
    return prints, (rows["recv_ns"], rows["arrival"]) if is_recorded else (rows["ts_ns"], rows["ts_ns"])


def _tops(store: Store, place: Place, kind: Kind, day: int) -> tuple[Tops, tuple[Ints, Ints]]:
    is_recorded = kind is RECORDED_TOPS
    stamp = "ts_ns" if is_recorded else KNOWN
    prices = ["bid_usd", "bid_coins", "ask_usd", "ask_coins"]
    rows = _read(store, place, kind, day, [stamp, *prices, *(("recv_ns", "arrival") if is_recorded else ())])
    tops = Tops(*place, rows[stamp], *(rows[name] for name in prices))
    return tops, (rows["recv_ns"], rows["arrival"]) if is_recorded else (rows[stamp], rows[stamp])


def _read(store: Store, place: Place, kind: Kind, day: int, names: list[str]) -> dict[str, Any]:
    table = store.read(Series(*place, kind), day, names)
    return {name: table[name].to_numpy() for name in names}


def _recorded_lane(recorded: list[tuple[Source, Ints, Ints]]) -> tuple[list[Source], Ints]:
    """Everything that was recorded, as it arrived; a top modelled from a print comes right after it."""
    received = np.concatenate([received for _, received, _ in recorded])
    arrival = np.concatenate([arrival for _, _, arrival in recorded])
    later = np.concatenate([np.full(len(arrival), number, np.int64) for number, (_, _, arrival) in enumerate(recorded)])
    order = np.lexsort((later, arrival, received))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    first = 0
    for source, own, _ in recorded:
        source.place = place[first : first + len(own)]
        first += len(own)
    stamps = np.concatenate([source.ts_ns for source, _, _ in recorded])
    return [source for source, _, _ in recorded], _latest(stamps[order])


def merged(day: int, lanes: list[tuple[list[Source], Ints]], readings: Sequence[MarketEvent]) -> Tape:
    """The lanes as one tape; each has its sources and the instants at which its rows were known, row by row in turn."""
    reading_stamps = np.array([reading.ts_ns for reading in readings], np.int64)
    known = np.concatenate([*(stamps for _, stamps in lanes), _latest(reading_stamps)])
    order = np.argsort(known, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    first = 0
    for sources, stamps in lanes:
        mine = place[first : first + len(stamps)]
        if len(sources) == 1 and not len(sources[0].place):
            sources[0].place = mine
        elif len(sources[0].place):
            for source in sources:
                source.place = mine[source.place]
        else:
            for number, source in enumerate(sources):
                source.place = mine[number :: len(sources)]
        first += len(stamps)
    every = [source for sources, _ in lanes for source in sources]
    return Tape(day, every, known[order], list(zip(place[first:].tolist(), readings, strict=True)))

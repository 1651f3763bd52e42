"""Readings of a stored day as events, each at the moment it could be known.

Positioning and open interest are known when their five minutes are over. Of funding only what was paid is published:
each payment is paid at exactly its rate, and between two payments the last one that is known stands for the running
rate, told anew every five minutes as a feed would. That is a stand-in, and every report says so. Where a venue's
tickers are stored, they tell the running rate, the mark and the index themselves.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import (
    FundingRate,
    HealthFactor,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    Positioning,
    ReadingEvent,
)
from cockpit.domain.kinds import Origin, Reading
from cockpit.domain.units import BPS, NS_PER_DAY, NS_PER_S
from cockpit.history.checking import assets_of
from cockpit.history.kinds import FUNDING, KNOWN, POSITIONING, STAMP, TICKERS
from cockpit.history.store import Series, Store

RATE_EVERY_NS = 300 * NS_PER_S
MINUTE_NS = 60 * NS_PER_S
LOOKBACK_DAYS = 2
FUNDING_UNIT_H = 8.0
HALF_STEP_NS = 150 * NS_PER_S


def readings_of(store: Store, config: CockpitConfig, day: int, assets: Sequence[str] = ()) -> list[MarketEvent]:
    """The day's readings in the order in which they were known."""
    chosen = assets_of(config, assets)
    found = [one for one in store.readings(day) if getattr(one, "asset", "") in ("", *chosen)]
    for asset in chosen:
        where = config.assets[asset]
        found += _positioning(store, where.watch, asset, day)
        for venue in dict.fromkeys((*config.gate.funding_spread_of, where.trade_on, where.watch)):
            told = list(_tickers(store, venue, asset, day, with_mark=venue == where.watch))
            found += told
            found += _funding(store, venue, asset, day, has_rates=any(isinstance(one, FundingRate) for one in told))
    return sorted(found, key=lambda reading: reading.ts_ns)


def held_readings(
    config: CockpitConfig, store: Store, days: range, start_ns: int, assets: Sequence[str] = ()
) -> list[ReadingEvent]:
    """The config's market context, to be held, for what no day of the span has history of."""
    context = config.market_context
    found: list[ReadingEvent] = []
    for asset, shares in context.positioning.items():
        if not _has_any(store, Series(config.assets[asset].watch, asset, POSITIONING), days):
            found.append(Positioning(start_ns, asset, "config", shares.long_pct, shares.short_pct, Origin.HELD))
    for asset, rates in context.funding_bps.items():
        for venue, rate_bps in rates.items():
            if not any(_has_any(store, Series(venue, asset, kind), days) for kind in (FUNDING, TICKERS)):
                found.append(FundingRate(start_ns, asset, venue, rate_bps, origin=Origin.HELD))
    for asset, change_pct in context.open_interest_change_24h_pct.items():
        if not _has_any(store, Series(config.assets[asset].watch, asset, POSITIONING), days):
            found.append(OpenInterest(start_ns, asset, "config", change_pct, origin=Origin.HELD))
    if context.aave_health_factor is not None:
        found.append(HealthFactor(start_ns, "config", context.aave_health_factor, origin=Origin.HELD))
    told = {_about(one) for day in days for one in store.readings(day)}
    chosen = assets_of(config, assets)
    return [one for one in found if _about(one) not in told and getattr(one, "asset", "") in ("", *chosen)]


def _about(event: MarketEvent) -> tuple[type[MarketEvent], str, str]:
    """What a reading tells of: of funding each venue tells its own."""
    return type(event), getattr(event, "asset", ""), event.venue if isinstance(event, FundingRate) else ""


def held_names(readings: list[ReadingEvent]) -> list[str]:
    """What is held, in words."""
    names = {Positioning: Reading.POSITIONING, FundingRate: Reading.FUNDING, OpenInterest: Reading.OPEN_INTEREST}
    found = []
    for reading in readings:
        kind = names.get(type(reading), Reading.HEALTH_FACTOR).replace("_", " ")
        place = [getattr(reading, "asset", ""), getattr(reading, "venue", "")]
        found.append(" ".join(part for part in (*place, kind) if part))
    return found


def is_payment(event: FundingRate) -> bool:
    """Whether it is a payment itself, not the running rate."""
    return event.next_ns == event.ts_ns


def _has_any(store: Store, series: Series, days: range) -> bool:
    return any(store.has(series, day) for day in days)


def _rows(store: Store, series: Series, day: int) -> dict[str, Any]:
    if not store.has(series, day):
        return {}
    table = store.read(series, day)
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def _positioning(store: Store, venue: str, asset: str, day: int) -> Iterator[ReadingEvent]:
    """A row of the day before may be known today, and one of today tomorrow."""
    series = Series(venue, asset, POSITIONING)
    parts = [rows for one in (day - 2, day - 1, day) if (rows := _rows(store, series, one))]
    if not parts:
        return
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    known, labels = rows[KNOWN], rows[STAMP]
    start_ns = day * NS_PER_DAY
    for row in np.flatnonzero((known >= start_ns) & (known < start_ns + NS_PER_DAY)).tolist():
        ratio = float(rows["account_long_short_ratio"][row])
        known_ns = int(known[row])
        if np.isfinite(ratio) and ratio >= 0.0:
            long_pct = 100.0 * ratio / (1.0 + ratio)
            yield Positioning(known_ns, asset, venue, long_pct, 100.0 - long_pct, bar_s=300.0)
        before = int(np.searchsorted(labels, labels[row] - NS_PER_DAY - HALF_STEP_NS))
        is_there = abs(int(labels[before]) - int(labels[row]) + NS_PER_DAY) <= HALF_STEP_NS
        value, was = float(rows["open_interest_coins"][row]), float(rows["open_interest_coins"][before])
        if is_there and np.isfinite(value) and was > 0.0:
            value_usd = float(rows["open_interest_usd"][row])
            change_pct = 100.0 * (value / was - 1.0)
            yield OpenInterest(known_ns, asset, venue, change_pct, value_usd if np.isfinite(value_usd) else None)


def _tickers(store: Store, venue: str, asset: str, day: int, *, with_mark: bool) -> Iterator[MarketEvent]:
    """What a venue told of its running funding, mark and index: once a minute the newest that was known by then.

    A minute without a row tells nothing, so a feed that fell silent grows stale as it would have.
    """
    rows = _rows(store, Series(venue, asset, TICKERS), day)
    if not rows:
        return
    known, start_ns = np.maximum.accumulate(rows[KNOWN]), day * NS_PER_DAY
    interval_h = _paid_every_h(store, venue, asset, day)
    for at_ns in range(start_ns + MINUTE_NS, start_ns + NS_PER_DAY, MINUTE_NS):
        first, end = (int(row) for row in known.searchsorted((at_ns - MINUTE_NS, at_ns)))
        rate = _newest(rows["funding_rate_ratio"], first, end)
        hours = _newest(rows["interval_h"], first, end) or interval_h
        if rate is not None:
            yield FundingRate(at_ns, asset, venue, rate * BPS * FUNDING_UNIT_H / hours, hours)
        mark, index = _newest(rows["mark_usd"], first, end), _newest(rows["index_usd"], first, end)
        if with_mark and mark is not None and index is not None:
            yield MarkPrice(at_ns, at_ns, venue, asset, mark, index)


def _newest(values: Any, first: int, end: int) -> float | None:
    part = values[first:end]
    there = np.flatnonzero(np.isfinite(part))
    return float(part[there[-1]]) if len(there) else None


def _paid_every_h(store: Store, venue: str, asset: str, day: int) -> float:
    """How many hours a payment there is for, by those that are stored; 8 where none is."""
    for one in range(day, day - LOOKBACK_DAYS - 1, -1):
        rows = _rows(store, Series(venue, asset, FUNDING), one)
        if rows:
            return float(rows["interval_h"][-1])
    return FUNDING_UNIT_H


def _funding(store: Store, venue: str, asset: str, day: int, *, has_rates: bool) -> Iterator[ReadingEvent]:
    """Payments, each at its instant; and the last known one as the running rate where nobody told that."""
    series = Series(venue, asset, FUNDING)
    payments = [
        FundingRate(ts_ns, asset, venue, rate * BPS * FUNDING_UNIT_H / hours, hours, ts_ns)
        for one in range(day - LOOKBACK_DAYS, day + 1)
        if (rows := _rows(store, series, one))
        for ts_ns, hours, rate in zip(
            *(rows[name].tolist() for name in (STAMP, "interval_h", "rate_ratio")), strict=True
        )
    ]
    start_ns = day * NS_PER_DAY
    yield from (paid for paid in payments if paid.ts_ns >= start_ns)
    for at_ns in () if has_rates else range(start_ns, start_ns + NS_PER_DAY, RATE_EVERY_NS):
        latest = next((paid for paid in reversed(payments) if paid.ts_ns < at_ns), None)
        if latest is not None and at_ns - latest.ts_ns <= LOOKBACK_DAYS * NS_PER_DAY:
            yield FundingRate(at_ns, asset, venue, latest.rate_bps_8h, latest.interval_h)

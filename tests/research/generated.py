"""Generated days: a random walk that flushes and wicks, with sweeps, silences, late stamps, and readings."""

import math

import numpy as np

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import (
    FundingRate,
    HealthFactor,
    JitoTip,
    MarketEvent,
    OpenInterest,
    Positioning,
    PriorityFee,
    ReadingEvent,
)
from cockpit.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_S
from cockpit.research.assumptions import Assumptions
from cockpit.research.columns import Prints, Tops, modelled_tops
from cockpit.research.tape import Tape, merged

DAY = 19_943
PRICES = {"BTC": 60_000.0, "ETH": 2_600.0, "SOL": 150.0, "XRP": 0.6}
TICKS = {"BTC": 0.1, "ETH": 0.01, "SOL": 0.01, "XRP": 0.0001}


def prints_of(
    numbers: np.random.Generator,
    asset: str,
    day: int,
    count: int,
    span_s: float,
    *,
    swing: float = 1.0,
    wander: float = 0.35,
) -> Prints:
    """Prints over the day's first `span_s`, some at one instant, some late, some after a silence."""
    gaps = numbers.exponential(1.0, count) * (numbers.random(count) < 0.7)
    gaps[numbers.random(count) < 0.002] *= 400.0
    stamps = np.cumsum(gaps)
    stamps = (stamps / stamps[-1] * span_s * 1_000).astype(np.int64) * NS_PER_MS + day * NS_PER_DAY
    late = numbers.random(count) < 0.01
    stamps[late] -= numbers.integers(0, 900, count)[late] * NS_PER_MS
    stamps = np.maximum(stamps, day * NS_PER_DAY)
    tick, price = TICKS[asset], PRICES[asset]
    steps = numbers.standard_t(3, count) * 0.6
    wave = np.sin(np.arange(count) / count * 2 * np.pi * max(1.0, span_s / 240.0)) * 25.0
    walk = price * (1.0 + (swing * (np.cumsum(steps) * wander + wave)) / 10_000.0)
    prices = np.round(np.round(walk / tick) * tick, 8)
    sizes = np.round(numbers.exponential(200.0 / price, count) + 0.001, 3)
    return Prints("binance", asset, stamps, prices, sizes, numbers.random(count) < 0.5, np.arange(count))


def tops_of(numbers: np.random.Generator, prints: Prints) -> Tops:
    """A top a little after every second print or so; sizes that thin out now and then."""
    rows = np.flatnonzero(numbers.random(len(prints)) < 0.6)
    tick = TICKS[prints.asset]
    bid = np.round(prints.price[rows] - tick * numbers.integers(0, 3, len(rows)), 8)
    sizes = np.round(numbers.exponential(3_000.0 / prints.price[rows]) + 0.001, 3)
    stamps = prints.ts_ns[rows] + numbers.integers(0, 40, len(rows)) * NS_PER_MS
    ask = np.round(bid + tick * numbers.integers(1, 4, len(rows)), 8)
    return Tops("binance", prints.asset, stamps, bid, sizes, ask, sizes[::-1].copy())


def readings_of(numbers: np.random.Generator, config: CockpitConfig, day: int, span_s: float) -> list[ReadingEvent]:
    """Every reading now and then, favourable more often than not; one of them stops coming."""
    start_ns, found = day * NS_PER_DAY, list[ReadingEvent]()
    silent_from = numbers.random() * 2.0
    for at_s in np.arange(0.0, span_s, 47.0):
        if at_s > silent_from * span_s:
            break
        at_ns = start_ns + int(at_s * NS_PER_S) + int(numbers.integers(0, 3)) * NS_PER_S
        for asset in config.assets:
            short_pct = float(np.round(numbers.normal(49.0, 3.0), 1))
            found.append(Positioning(at_ns, asset, "binance", 100.0 - short_pct, short_pct))
            found.append(FundingRate(at_ns, asset, "binance", float(np.round(numbers.normal(0.6, 0.4), 2))))
            found.append(FundingRate(at_ns, asset, "okx", 0.1))
            found.append(OpenInterest(at_ns, asset, "binance", float(np.round(numbers.normal(1.0, 2.0), 1))))
        found.append(HealthFactor(at_ns, "rpc", 2.8))
        found.append(PriorityFee(at_ns, float(numbers.exponential(10_000.0))))
        found.append(JitoTip(at_ns, 0.001))
    paid_ns = start_ns + int(span_s / 2) * NS_PER_S
    found.append(FundingRate(paid_ns, "BTC", "okx", 0.9, 8.0, paid_ns))
    return sorted(found, key=lambda reading: reading.ts_ns)


def tape_of(
    config: CockpitConfig,
    assumptions: Assumptions,
    seed: int,
    *,
    day: int = DAY,
    count: int = 3_000,
    span_s: float = 900.0,
    assets: tuple[str, ...] = ("BTC", "ETH"),
    with_tops: bool = True,
    wander: float = 0.35,
) -> Tape:
    """A day of these assets, the same for the same seed."""
    numbers = np.random.default_rng((seed, day))
    lanes, tops_lanes = [], []
    for asset in assets:
        prints = prints_of(numbers, asset, day, count, span_s, wander=wander)
        known = np.maximum.accumulate(prints.ts_ns)
        if with_tops:
            tops = tops_of(numbers, prints)
            lanes.append(([prints], known))
            tops_lanes.append(([tops], np.maximum.accumulate(tops.ts_ns)))
        else:
            made = modelled_tops(prints, assumptions.spread_bps, assumptions.modelled_top_usd, TICKS[asset])
            lanes.append(([prints, made], np.repeat(known, 2)))
    return merged(day, [*lanes, *tops_lanes], readings_of(numbers, config, day, span_s))


def without_readings(tape: Tape, left: list[tuple[int, MarketEvent]]) -> Tape:
    """The same rows with only these readings."""
    gone = np.array(sorted(tape.readings.keys() - {place for place, _ in left}), np.int64)
    moved = [(place - int(gone.searchsorted(place)), one) for place, one in left]
    stamps = np.zeros(len(tape) - len(gone), np.int64)
    for source in (*tape.prints, *tape.tops):
        source.place = source.place - gone.searchsorted(source.place)
        stamps[source.place] = source.ts_ns
    for place, one in moved:
        stamps[place] = one.ts_ns
    return Tape(tape.day, [*tape.prints, *tape.tops], np.maximum.accumulate(stamps), moved)


def whole_day_of(config: CockpitConfig, assumptions: Assumptions, seed: int, rows: int, *, with_tops: bool) -> Tape:
    """About so many rows over a day, of BTC."""
    count = int(rows / (1.6 if with_tops else 1.0))
    span_s = min(86_390.0, rows / 40.0)  # a day that is less busy than that would mostly be stale
    wander = 0.35 * math.sqrt(20_000 / count)
    return tape_of(
        config, assumptions, seed, count=count, span_s=span_s, assets=("BTC",), with_tops=with_tops, wander=wander
    )

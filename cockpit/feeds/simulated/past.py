"""What a simulated asset did before its first moment: a walk back from its first price, as candles."""

import math
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from cockpit.domain.market_detail import Candle, PastCandles
from cockpit.domain.units import NS_PER_S

MINUTES = 480
SECONDS = 900
MINUTE_NS = 60 * NS_PER_S
COARSE_S = 10
"""What is told by the minute only goes in steps of so many seconds."""
HOME_S = 2_400.0
"""The walk leans back to its end, so that it stays about as near to the bands as the market does."""
VOLUME_SPREAD, LEAN = 0.8, 0.6


class Pace(NamedTuple):
    """How an asset moves: bps in the root of a second, what is traded in USD a second, its tick."""

    bps: float
    usd_per_s: float
    tick_usd: float


class _Step(NamedTuple):
    """One stretch of the walk, which ends at `price`."""

    ts_ns: int
    before: float
    price: float
    qty: float
    signed: float


def past_of(asset: str, rng: Random, price: float, start_ns: int, pace: Pace) -> PastCandles:
    """Up to `start_ns` and `price`: the last quarter of an hour by the second, eight hours by the minute."""
    start_ns -= start_ns % NS_PER_S
    steps = list(_walk(rng, price, start_ns, pace))[::-1]
    fine = [step for step in steps if step.ts_ns >= start_ns - SECONDS * NS_PER_S]
    return PastCandles(asset, tuple(_candles(steps, MINUTE_NS)), tuple(_candles(fine, NS_PER_S)))


def _walk(rng: Random, price: float, start_ns: int, pace: Pace) -> Iterator[_Step]:
    """Newest first."""
    off_bps, ts_ns, after = 0.0, start_ns, _on_tick(price, pace)
    while ts_ns > start_ns - MINUTES * MINUTE_NS:
        step_s = 1 if ts_ns > start_ns - SECONDS * NS_PER_S else COARSE_S
        off_bps += rng.gauss(0.0, pace.bps * math.sqrt(step_s)) - off_bps * step_s / HOME_S
        before = _on_tick(price * math.exp(off_bps / 1e4), pace)
        qty = pace.usd_per_s * step_s / price * rng.lognormvariate(-(VOLUME_SPREAD**2) / 2, VOLUME_SPREAD)
        moved = (after - before) / price * 1e4 / (pace.bps * math.sqrt(step_s))
        lean = max(-1.0, min(1.0, LEAN * moved / 2 + rng.uniform(-LEAN, LEAN)))
        ts_ns -= step_s * NS_PER_S
        yield _Step(ts_ns, before, after, qty, qty * lean)
        after = before


def _on_tick(price: float, pace: Pace) -> float:
    return round(max(1, round(price / pace.tick_usd)) * pace.tick_usd, 8)


def _candles(steps: Iterable[_Step], length_ns: int) -> Iterator[Candle]:
    start_ns, inside = 0, list[_Step]()
    for step in steps:
        if inside and step.ts_ns - step.ts_ns % length_ns != start_ns:
            yield _candle(start_ns, inside)
            inside = []
        start_ns = step.ts_ns - step.ts_ns % length_ns
        inside.append(step)
    if inside:
        yield _candle(start_ns, inside)


def _candle(start_ns: int, inside: list[_Step]) -> Candle:
    prices = [inside[0].before, *(step.price for step in inside)]
    volume, delta = sum(step.qty for step in inside), sum(step.signed for step in inside)
    return Candle(start_ns, prices[0], max(prices), min(prices), prices[-1], volume, delta)

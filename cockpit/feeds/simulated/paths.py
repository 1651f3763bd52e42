"""How a simulated number moves: a price along planned legs with noise around them, a reading that drifts."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, Protocol

from cockpit.domain.kinds import Side
from cockpit.domain.market_detail import Candle, PastCandles
from cockpit.domain.units import NS_PER_S, bps_between, offset_price
from cockpit.feeds.simulated.profile import ForcedOrders

NOISE_MEMORY_S = 8.0
MEAN_MEMORY_S = 100.0


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of a price's way: to `to_price` over `over_s`, and how the market trades meanwhile.

    `buy_bias` runs from -1 (takers only sell) to 1. `activity`, `noise` and `book` multiply arrivals, noise and the
    book's sizes. `forced` names the positions that are being liquidated.
    """

    to_price: float
    over_s: float
    buy_bias: float = 0.0
    activity: float = 1.0
    noise: float = 1.0
    book: float = 1.0
    forced: Side | None = None


@dataclass(frozen=True, slots=True)
class FeeShock:
    """A burst of Solana fees `after_s` into its episode: the peaks as multiples of the calm level, and their decay."""

    after_s: float
    fee_multiple: float
    fee_half_life_s: float
    tip_multiple: float
    tip_half_life_s: float


@dataclass(frozen=True, slots=True)
class Episode:
    """A small story of the market: its legs, and the fee shock that goes with it, if one does."""

    legs: tuple[Leg, ...]
    fee_shock: FeeShock | None = None


class Story(Protocol):
    """Writes an asset's episodes, one whenever the last one is over."""

    def episode(self, price: float, mean: float) -> Episode:
        """The next episode, from the price now and its mean over the last minutes."""


class PricePath:
    """An asset's price: the legs of its story, eased, with mean-reverting noise on top. Always above zero."""

    def __init__(self, rng: Random, start_price: float, noise_bps: float, story: Story) -> None:
        self._rng = rng
        self._story = story
        self._noise_bps = noise_bps
        self._noise = 0.0
        self._from_price = start_price
        self._level = start_price
        self._into_leg_s = 0.0
        self._legs: deque[Leg] = deque()
        self.mean = start_price
        self.leg = Leg(start_price, 0.0)
        self.new_fee_shock: FeeShock | None = None

    @property
    def price(self) -> float:
        """The fair price now."""
        return self._level * math.exp(self._noise / 1e4)

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s`. `new_fee_shock` is set in the step in which an episode with one begins."""
        self.new_fee_shock = None
        self._into_leg_s += dt_s
        while self._into_leg_s >= self.leg.over_s:
            self._next_leg()
        share = self._into_leg_s / self.leg.over_s
        eased = share * share * (3.0 - 2.0 * share)
        self._level = self._from_price + (self.leg.to_price - self._from_price) * eased
        spread_bps = self._noise_bps * self.leg.noise * math.sqrt(2.0 * dt_s / NOISE_MEMORY_S)
        self._noise += self._rng.gauss(0.0, spread_bps) - self._noise * dt_s / NOISE_MEMORY_S
        self.mean += (self.price - self.mean) * dt_s / MEAN_MEMORY_S

    def gap(self, bps: float) -> None:
        """Jump: the price, its mean and what is left of the episode move together, and stay moved."""
        self._from_price = offset_price(self._from_price, bps)
        self._level = offset_price(self._level, bps)
        self.mean = offset_price(self.mean, bps)
        self.leg = _moved(self.leg, bps)
        self._legs = deque(_moved(leg, bps) for leg in self._legs)

    def _next_leg(self) -> None:
        self._into_leg_s -= self.leg.over_s
        self._from_price = self.leg.to_price
        if not self._legs:
            episode = self._story.episode(self._from_price, self.mean)
            self._legs.extend(episode.legs)
            self.new_fee_shock = episode.fee_shock
        self.leg = self._legs.popleft()


def _moved(leg: Leg, bps: float) -> Leg:
    return Leg(offset_price(leg.to_price, bps), leg.over_s, leg.buy_bias, leg.activity, leg.noise, leg.book, leg.forced)


def travel(rng: Random, price: float, to_price: float, bps_per_s: float) -> list[Leg]:
    """The way from one price to another in surges and small pullbacks, at a mean speed, never in a jump."""
    distance_bps = bps_between(to_price, price)
    surges = max(1, round(abs(distance_bps) / 35.0))
    sign = math.copysign(1.0, distance_bps)
    legs: list[Leg] = []
    for number in range(1, surges + 1):
        target = price + (to_price - price) * number / surges
        over_s = max(6.0, abs(distance_bps) / surges / bps_per_s)
        back = rng.uniform(1.0, 5.0) if number < surges else 0.0
        legs.append(Leg(offset_price(target, sign * back), over_s * 0.8, sign * 0.3, activity=1.3))
        legs.append(Leg(target, over_s * 0.2, -sign * 0.1, activity=0.8))
    return legs


class Drift:
    """A reading that wanders: it leans toward a goal, and the goal moves from one range to the next and round again."""

    def __init__(
        self, rng: Random, start: float, ranges: tuple[tuple[float, float], ...], hold_s: tuple[float, float]
    ) -> None:
        self._rng = rng
        self._ranges = ranges
        self._hold_s = hold_s
        self._turn = 0
        self._goal = start
        self._goal_left_s = rng.uniform(*hold_s)
        self.value = start

    def advance(self, dt_s: float, memory_s: float, noise: float) -> float:
        """The value `dt_s` later; most of the way to the goal is gone after `memory_s`."""
        self._goal_left_s -= dt_s
        if self._goal_left_s <= 0.0:
            self._turn = (self._turn + 1) % len(self._ranges)
            self._goal = self._rng.uniform(*self._ranges[self._turn])
            self._goal_left_s = self._rng.uniform(*self._hold_s)
        self.value += (self._goal - self.value) * (1.0 - math.exp(-dt_s / memory_s))
        return self.value + self._rng.uniform(-noise, noise)


# What an asset did before its first moment: a walk back from its first price, as candles.

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


# Forced orders of one simulated asset, in bursts like those of the history that the market is fitted to.


class ForcedOrder(NamedTuple):
    """One order: so long after the step began, of so many USD; `side` is the position that is closed."""

    after_s: float
    notional_usd: float
    side: Side


class ForcedBursts:
    """Draws the forced orders of each step of time.

    A burst begins the likelier the further the price has just gone, and closes the positions that lost by it: longs
    where it fell. On average there are as many as were fitted. It follows the price and leads nowhere.
    """

    def __init__(self, rng: Random, how: ForcedOrders) -> None:
        self._rng, self._how = rng, how
        self._waiting: list[ForcedOrder] = []

    def due(self, step_s: float, strain: float, fell: bool) -> list[ForcedOrder]:
        """Those of the next `step_s`, after a step whose square was so many times the mean one."""
        rng, how = self._rng, self._how
        if rng.random() < how.bursts_per_hour / 3_600.0 * step_s * strain:
            self._begin(rng.uniform(0.0, step_s), Side.LONG if fell else Side.SHORT)
        found = sorted(one for one in self._waiting if one.after_s < step_s)
        self._waiting = [one._replace(after_s=one.after_s - step_s) for one in self._waiting if one.after_s >= step_s]
        return found

    def _begin(self, after_s: float, side: Side) -> None:
        rng, how = self._rng, self._how
        while True:
            size_usd = how.order_usd * math.exp(rng.gauss(0.0, how.spread))
            self._waiting.append(ForcedOrder(after_s, size_usd, side))
            if rng.random() < 1.0 / max(1.0, how.orders):
                return
            after_s += rng.expovariate(1.0 / how.gap_s)

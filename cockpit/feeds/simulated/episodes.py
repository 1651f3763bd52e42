"""The stories a simulated asset lives through, cut to the setups the config watches for.

Bands are run and reclaimed or broken and lost, fees spike and fade, dips find buyers. What comes after the moment a
setup waits for is a fair walk, up as likely as down at each step: whoever trades it sees targets and stops, and earns
nothing before fees.
"""

import math
from random import Random

from cockpit.config.context import AssetBands
from cockpit.config.setups import Laddered, LowerBandLong, PriorityFeeFade, SqueezeGuard, UpperBandShort
from cockpit.domain.kinds import Side
from cockpit.domain.units import bps_between, offset_price
from cockpit.feeds.simulated.paths import Episode, FeeShock, Leg, travel

STEP_OF_STOP = 0.3
WALK_BPS_PER_S = (1.2, 1.8)
MOST_STEPS = 160
REST_S = 280.0
"""Longer than a dip is remembered: the way home is no dip's recovery that a setup could ride."""
WANDERS_BPS = 30.0
WANDERS_OFF_BPS = 110.0
STAYS_CHANCE = 0.85
BROKEN_BPS = (22.0, 45.0)
QUIET_S = 3_900.0
QUIET_BPS = 7.0
TRAVEL_BPS_PER_S = (1.7, 2.4)
STROLL_BPS = 4.0
SHORTEST_STROLL_S = 20.0
LOST_BPS = 80.0


def fair_walk(rng: Random, price: float, ladder: Laddered, side: Side, for_s: float = math.inf) -> list[Leg]:
    """Equal steps up and down, until a trade of that side is past its stop or its last target, or for so long."""
    step_bps = ladder.stop_bps * STEP_OF_STOP
    lowest_bps, highest_bps = -1.4 * ladder.stop_bps, 1.1 * ladder.targets[-1].distance_bps
    legs: list[Leg] = []
    gone_bps = walked_s = 0.0
    while lowest_bps < gone_bps < highest_bps and len(legs) < MOST_STEPS and walked_s < for_s:
        way = rng.choice((-1.0, 1.0))
        gone_bps += way * step_bps
        over_s = step_bps / rng.uniform(*WALK_BPS_PER_S)
        legs.append(Leg(offset_price(price, side.sign * gone_bps), over_s, way * side.sign * 0.3))
        walked_s += over_s
    return legs


class Wandering:
    """An asset no setup watches for a pattern: it strolls around its anchor."""

    def __init__(self, rng: Random, anchor: float) -> None:
        self._rng = rng
        self._anchor = anchor

    def episode(self, price: float, mean: float) -> Episode:
        """A stroll around where the asset belongs."""
        return Episode(tuple(_home_and_stroll(self._rng, price, _home(self._anchor, mean), 40.0)))


class BandStory:
    """An asset between liquidation bands: it runs to one, takes the stops behind it, and mostly comes back."""

    def __init__(
        self, rng: Random, bands: AssetBands, lower: LowerBandLong | None, upper: UpperBandShort | None, first: str
    ) -> None:
        self._rng = rng
        self._lower = [(band[0], band[1]) for band in bands.lower] if lower else []
        self._upper = [(band[0], band[1]) for band in bands.upper] if upper else []
        self._long = lower
        self._short = upper
        self._next = first
        self._is_above = first == "upper"

    def episode(self, price: float, mean: float) -> Episode:
        """The way to a band and what happens there."""
        story, self._next = self._next, ""
        if not story:
            story = self._next_story()
        if story == "break":
            legs = self._clean_break(price)
        elif (story == "lower" or not self._upper) and self._long and self._lower:
            legs = self._flush_and_reclaim(price, self._long)
        elif self._short and self._upper:
            legs = self._failed_break(price, self._short, is_quiet=story == "quiet")
        else:
            legs = []
        last = legs[-1].to_price if legs else price
        return Episode((*legs, *stroll(self._rng, last, self._rng.uniform(8.0, 20.0), 3.0)))

    def _next_story(self) -> str:
        """Mostly at the band where it is: a day's range is a few percent, not one a quarter of an hour."""
        if self._rng.random() > STAYS_CHANCE:
            self._is_above = not self._is_above
        if not self._is_above:
            return self._rng.choices(("lower", "break"), (90, 10))[0]
        return self._rng.choices(("upper", "quiet", "break"), (64, 28, 8))[0]

    def _flush_and_reclaim(self, price: float, setup: LowerBandLong) -> list[Leg]:
        rng, trigger = self._rng, self._lower[0][1]
        book = 0.3 if rng.random() < 0.4 else 0.9
        legs = self._approach(price, offset_price(trigger, rng.uniform(6.0, 9.0)))
        legs += self._flush(trigger, book)
        if rng.random() < 0.15:
            above = offset_price(trigger, rng.uniform(2.0, 4.0))
            legs += [Leg(above, 5.0, 0.3, 1.5, 0.3, book), Leg(above, rng.uniform(8.0, 14.0), 0.0, 1.0, 0.3, book)]
            legs += self._flush(trigger, book)
            legs.append(Leg(legs[-1].to_price, setup.reclaim_within_s, -0.1, 1.0, 0.4, book))
        held = offset_price(trigger, rng.uniform(7.0, 11.0))
        legs.append(Leg(held, rng.uniform(6.0, 10.0), 0.55, 2.2, 0.3, book))
        legs.append(Leg(held, setup.reclaim_within_s, 0.35, 1.2, 0.4, book))
        return legs + fair_walk(rng, held, setup, Side.LONG)

    def _flush(self, trigger: float, book: float) -> list[Leg]:
        rng = self._rng
        low = offset_price(trigger, -rng.uniform(7.0, 16.0))
        back = offset_price(trigger, -rng.uniform(5.0, 7.0))
        return [
            Leg(low, rng.uniform(5.0, 9.0), -0.6, 2.5, 0.3, book, Side.LONG),
            Leg(back, rng.uniform(6.0, 14.0), -0.1, 1.5, 0.4, book),
        ]

    def _failed_break(self, price: float, setup: UpperBandShort, *, is_quiet: bool) -> list[Leg]:
        """A wick over the band. A quiet one comes after an hour without a rise that would forbid the short."""
        rng, trigger = self._rng, self._upper[0][0]
        near = offset_price(trigger, -rng.uniform(7.0, 10.0))
        legs = self._approach(price, near)
        if is_quiet:
            legs += stroll(rng, offset_price(near, -QUIET_BPS), QUIET_S, QUIET_BPS)
        peak = offset_price(trigger, rng.uniform(6.0, 14.0))
        lower_high = offset_price(trigger, -rng.uniform(7.0, 11.0))
        above_s = min(setup.bar_s * rng.uniform(0.6, 1.8), setup.close_back_within_s * 0.4)
        legs += [
            Leg(peak, rng.uniform(5.0, 9.0), 0.6, 2.5, 0.3, 0.7, Side.SHORT),
            Leg(offset_price(peak, -2.0), above_s, 0.1, 1.4, 0.4),
            Leg(offset_price(trigger, -rng.uniform(4.0, 6.0)), rng.uniform(5.0, 8.0), -0.5, 1.8, 0.3),
            Leg(lower_high, rng.uniform(4.0, 7.0), -0.3, 1.2, 0.4),
            Leg(lower_high, setup.bar_s * rng.uniform(2.6, 3.4), -0.2, 1.0, 0.4),
        ]
        return legs + fair_walk(rng, lower_high, setup, Side.SHORT)

    def _clean_break(self, price: float) -> list[Leg]:
        """Through the band and on, held there for longer than a wick or a flush lasts, then back to the band."""
        rng = self._rng
        bands, edge, way = (self._upper, 0, 1.0) if self._is_above and self._upper else (self._lower, 1, -1.0)
        if not bands:
            return []
        broken = offset_price(bands[0][edge], way * rng.uniform(*BROKEN_BPS))
        legs = self._approach(price, broken)
        legs += stroll(rng, broken, rng.uniform(120.0, 240.0), 4.0)
        return legs + self._approach(broken, bands[0][edge])

    def _approach(self, price: float, to_price: float) -> list[Leg]:
        return travel(self._rng, price, to_price, self._rng.uniform(*TRAVEL_BPS_PER_S))


class FeeStory:
    """Solana: a push away from the mean while the chain is congested, and mostly the way back as the fees fall."""

    def __init__(self, rng: Random, anchor: float, setup: PriorityFeeFade) -> None:
        self._rng = rng
        self._anchor = _Anchor(rng, anchor)
        self._setup = setup
        self._calm_s = rng.uniform(70.0, 105.0)

    def episode(self, price: float, mean: float) -> Episode:
        """A calm stretch long enough for a baseline, then the shock."""
        rng, setup = self._rng, self._setup
        anchor = self._anchor.moved(mean)
        calm = _home_and_stroll(rng, price, anchor, self._calm_s)
        after_s = sum(leg.over_s for leg in calm)
        self._calm_s = rng.uniform(100.0, 200.0)
        sign = rng.choice((-1.0, 1.0))
        away = offset_price(anchor, sign * rng.uniform(2.8, 5.6) * max(setup.vwap_dead_zone_bps, 1.0))
        held_s = rng.uniform(30.0, 42.0)
        legs = [
            *calm,
            Leg(away, rng.uniform(14.0, 20.0), sign * 0.5, 2.0),
            Leg(away, held_s, sign * 0.05, 1.3, 0.7),
            *fair_walk(rng, away, setup, Side.SHORT if sign > 0 else Side.LONG),
        ]
        return Episode(tuple(legs), self._shock(after_s))

    def _shock(self, after_s: float) -> FeeShock:
        rng, setup = self._rng, self._setup
        with_tips = rng.random() < 0.55
        return FeeShock(
            after_s=after_s,
            fee_multiple=setup.shock_multiple * rng.uniform(1.9, 3.0),
            fee_half_life_s=setup.fall_within_s * rng.uniform(0.13, 0.22),
            tip_multiple=setup.tip_multiple * rng.uniform(1.6, 4.0) if with_tips else 1.0,
            tip_half_life_s=setup.fall_within_s * rng.uniform(0.13, 0.7),
        )


class DipStory:
    """A crowded alt: sellers push it under its mean, then buyers turn up before the price does."""

    def __init__(self, rng: Random, anchor: float, setup: SqueezeGuard) -> None:
        self._rng = rng
        self._anchor = _Anchor(rng, anchor)
        self._setup = setup
        self._calm_s = rng.uniform(30.0, 70.0)

    def episode(self, price: float, mean: float) -> Episode:
        """A stroll, the dip, the turn of the takers, and how it ended."""
        rng, setup = self._rng, self._setup
        anchor = self._anchor.moved(mean)
        calm = _home_and_stroll(rng, price, anchor, self._calm_s)
        self._calm_s = rng.uniform(50.0, 130.0)
        low = offset_price(anchor, -setup.dip_bps * rng.uniform(1.9, 2.8))
        legs = [
            *calm,
            Leg(low, setup.bar_s * rng.uniform(2.2, 3.2), -0.55, 1.6, book=0.7),
            Leg(low, setup.bar_s * rng.uniform(1.8, 2.6), 0.55, 1.6, 0.6),
            *fair_walk(rng, low, setup, Side.LONG, setup.max_hold_s),
        ]
        legs += stroll(rng, legs[-1].to_price, REST_S, STROLL_BPS)
        return Episode(tuple(legs))


class _Anchor:
    """Where an asset belongs: it wanders a little from story to story, and a gap carries it along."""

    def __init__(self, rng: Random, price: float) -> None:
        self._rng = rng
        self._origin = self._price = price

    def moved(self, mean: float) -> float:
        """Where it belongs now."""
        self._price = offset_price(self._price, self._rng.uniform(-WANDERS_BPS, WANDERS_BPS))
        off_bps = bps_between(self._price, self._origin)
        if abs(off_bps) > WANDERS_OFF_BPS:
            self._price = offset_price(self._origin, math.copysign(WANDERS_OFF_BPS, off_bps))
        home = _home(self._price, mean)
        if home != self._price:
            self._origin = self._price = home
        return home


def _home(anchor: float, mean: float) -> float:
    """Where an asset belongs: its anchor, or where a gap has left it."""
    return anchor if abs(bps_between(mean, anchor)) < LOST_BPS else mean


def _home_and_stroll(rng: Random, price: float, home: float, for_s: float) -> list[Leg]:
    """The way home, without hurry, and a quiet walk there; together about `for_s`, more after a long way."""
    way = travel(rng, price, home, rng.uniform(0.9, 1.5)) if abs(bps_between(price, home)) > STROLL_BPS else []
    walked_s = sum(leg.over_s for leg in way)
    return way + stroll(rng, home, max(SHORTEST_STROLL_S, for_s - walked_s), STROLL_BPS)


def stroll(rng: Random, around: float, for_s: float, wide_bps: float) -> list[Leg]:
    """A quiet walk near a price, in short trends, for about `for_s`."""
    legs: list[Leg] = []
    left_s = for_s
    while left_s > 0.0:
        over_s = min(max(left_s, 4.0), rng.uniform(8.0, 18.0))
        step_bps = rng.uniform(-wide_bps, wide_bps)
        legs.append(Leg(offset_price(around, step_bps), over_s, step_bps / wide_bps * 0.15))
        left_s -= over_s
    return legs

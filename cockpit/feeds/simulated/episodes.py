"""The stories a simulated asset lives through, cut to the setups the config watches for.

Bands are run and reclaimed or broken and lost, fees spike and fade, dips find buyers. Each story ends now well, now
badly for whoever traded it, so a session sees targets, stops and denials.
"""

from random import Random

from cockpit.config.context import AssetBands
from cockpit.config.setups import Laddered, LowerBandLong, PriorityFeeFade, SqueezeGuard, UpperBandShort
from cockpit.domain.kinds import Side
from cockpit.domain.units import bps_between, offset_price
from cockpit.feeds.simulated.paths import Episode, FeeShock, Leg, travel

WIN_CHANCE = 0.6
LOSS_CHANCE = 0.27
TRAVEL_BPS_PER_S = (1.7, 2.4)
STROLL_BPS = 4.0
SHORTEST_STROLL_S = 20.0
LOST_BPS = 80.0


def outcome_bps(rng: Random, ladder: Laddered) -> float:
    """How far the market goes in a setup's favour (+) or against it (-): past a target, past its stop, or nowhere."""
    near_bps = ladder.targets[0].distance_bps
    draw = rng.random()
    if draw < WIN_CHANCE:
        return rng.uniform(near_bps * 1.3, ladder.targets[-1].distance_bps * 1.1)
    if draw < WIN_CHANCE + LOSS_CHANCE:
        return -ladder.stop_bps * rng.uniform(1.4, 1.9)
    return rng.uniform(-0.4, 0.4) * near_bps


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

    def episode(self, price: float, mean: float) -> Episode:
        """The way to a band and what happens there."""
        story, self._next = self._next, ""
        if not story:
            story = self._rng.choices(("upper", "lower", "break"), (45, 45, 10))[0]
        if story == "break":
            legs = self._clean_break(price)
        elif (story == "lower" or not self._upper) and self._long and self._lower:
            legs = self._flush_and_reclaim(price, self._long)
        elif self._short and self._upper:
            legs = self._failed_break(price, self._short)
        else:
            legs = []
        last = legs[-1].to_price if legs else price
        return Episode((*legs, *stroll(self._rng, last, self._rng.uniform(8.0, 20.0), 3.0)))

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
        held = offset_price(trigger, rng.uniform(7.0, 13.0))
        legs.append(Leg(offset_price(trigger, rng.uniform(5.0, 7.0)), rng.uniform(4.0, 7.0), 0.55, 2.2, 0.3, book))
        legs.append(Leg(held, setup.reclaim_within_s * rng.uniform(0.7, 1.0), 0.35, 1.2, 0.4, book))
        return legs + self._aftermath(held, outcome_bps(rng, setup))

    def _flush(self, trigger: float, book: float) -> list[Leg]:
        rng = self._rng
        low = offset_price(trigger, -rng.uniform(7.0, 16.0))
        back = offset_price(trigger, -rng.uniform(5.0, 7.0))
        return [
            Leg(low, rng.uniform(5.0, 9.0), -0.6, 2.5, 0.3, book, Side.LONG),
            Leg(back, rng.uniform(6.0, 14.0), -0.1, 1.5, 0.4, book),
        ]

    def _failed_break(self, price: float, setup: UpperBandShort) -> list[Leg]:
        rng, trigger = self._rng, self._upper[0][0]
        legs = self._approach(price, offset_price(trigger, -rng.uniform(6.0, 9.0)))
        peak = offset_price(trigger, rng.uniform(6.0, 14.0))
        lower_high = offset_price(trigger, -rng.uniform(7.0, 11.0))
        above_s = min(setup.bar_s * rng.uniform(0.6, 1.8), setup.close_back_within_s * 0.4)
        legs += [
            Leg(peak, rng.uniform(5.0, 9.0), 0.6, 2.5, 0.3, 0.7, Side.SHORT),
            Leg(offset_price(peak, -2.0), above_s, 0.1, 1.4, 0.4),
            Leg(offset_price(trigger, -rng.uniform(4.0, 6.0)), rng.uniform(5.0, 8.0), -0.5, 1.8, 0.3),
            Leg(lower_high, setup.bar_s * rng.uniform(2.4, 3.4), -0.2, 1.0, 0.4),
        ]
        return legs + self._aftermath(lower_high, -outcome_bps(rng, setup))

    def _clean_break(self, price: float) -> list[Leg]:
        """Through a band to the next one behind it, then back to where the bands are near."""
        rng = self._rng
        sides = [(bands, edge) for bands, edge in ((self._upper, 0), (self._lower, 1)) if len(bands) > 1]
        if not sides:
            return []
        bands, edge = rng.choice(sides)
        legs = self._approach(price, bands[1][edge])
        legs += stroll(rng, bands[1][edge], rng.uniform(15.0, 30.0), 4.0)
        return legs + self._approach(bands[1][edge], bands[0][edge])

    def _approach(self, price: float, to_price: float) -> list[Leg]:
        return travel(self._rng, price, to_price, self._rng.uniform(*TRAVEL_BPS_PER_S))

    def _aftermath(self, price: float, bps: float) -> list[Leg]:
        return travel(self._rng, price, offset_price(price, bps), self._rng.uniform(0.9, 1.6))


class FeeStory:
    """Solana: a push away from the mean while the chain is congested, and mostly the way back as the fees fall."""

    def __init__(self, rng: Random, anchor: float, setup: PriorityFeeFade) -> None:
        self._rng = rng
        self._anchor = anchor
        self._setup = setup
        self._calm_s = rng.uniform(70.0, 105.0)

    def episode(self, price: float, mean: float) -> Episode:
        """A calm stretch long enough for a baseline, then the shock."""
        rng, setup = self._rng, self._setup
        anchor = _home(self._anchor, mean)
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
            *travel(rng, away, offset_price(away, -sign * outcome_bps(rng, setup)), rng.uniform(0.8, 1.4)),
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
        self._anchor = anchor
        self._setup = setup
        self._calm_s = rng.uniform(30.0, 70.0)

    def episode(self, price: float, mean: float) -> Episode:
        """A stroll, the dip, the turn of the takers, and how it ended."""
        rng, setup = self._rng, self._setup
        anchor = _home(self._anchor, mean)
        calm = _home_and_stroll(rng, price, anchor, self._calm_s)
        self._calm_s = rng.uniform(50.0, 130.0)
        low = offset_price(anchor, -setup.dip_bps * rng.uniform(1.9, 2.8))
        turned = offset_price(low, 2.0)
        after = outcome_bps(rng, setup)
        legs = [
            *calm,
            Leg(low, setup.bar_s * rng.uniform(2.2, 3.2), -0.55, 1.6, book=0.7),
            Leg(turned, setup.bar_s * rng.uniform(1.8, 2.6), 0.55, 1.6, 0.6),
            Leg(offset_price(turned, after), setup.max_hold_s * rng.uniform(0.6, 0.9), 0.3 if after > 0 else -0.3, 1.2),
        ]
        return Episode(tuple(legs))


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

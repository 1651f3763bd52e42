"""Forced orders of one simulated asset, in bursts like those of the history that the market is fitted to.

A burst begins the likelier the further the price has just gone, and closes the positions that lost by it: longs where
it fell. On average there are as many as were fitted. It follows the price and says nothing of where that goes next.
"""

import math
from random import Random
from typing import NamedTuple

from cockpit.domain.kinds import Side
from cockpit.feeds.simulated.profile import ForcedOrders


class ForcedOrder(NamedTuple):
    """One order: so long after the step began, of so many USD; `side` is the position that is closed."""

    after_s: float
    notional_usd: float
    side: Side


class ForcedBursts:
    """Draws the forced orders of each step of time."""

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

"""Between two rounds: whether positions or stops are others than a round saw, as the private stream may be mute."""

import asyncio
from collections.abc import Mapping

from cockpit.domain.kinds import OrderRole
from cockpit.exchanges.base.account import PositionKey, VenueFailure
from cockpit.exchanges.base.timing import within
from cockpit.execution.foreign_protection import ForeignProtection
from cockpit.execution.venue_context import VenueContext


class PositionPeek:
    """A look that costs little: the positions, and the orders only where a stop is to rest."""

    def __init__(self, context: VenueContext, protection: ForeignProtection) -> None:
        self._context = context
        self._protection = protection

    @property
    def is_wanted(self) -> bool:
        """Whether something stands or may arise there that only the stream would tell of."""
        context = self._context
        stands = any(context.holds_ours(asset) for asset in context.expected)
        return stands or self._protection.is_wanted or any(kept.is_resting_entry for kept in context.live())

    def ours(self) -> dict[str, float]:
        """What our own executions add up to, where that is anything."""
        context = self._context
        return {asset: qty for asset, qty in context.expected.items() if context.holds_ours(asset)}

    async def pause(
        self, doubt: asyncio.Event, round_every_s: float, seen: Mapping[PositionKey, float], ours: Mapping[str, float]
    ) -> None:
        """Until the next round is due, something is in doubt or a peek finds news; never without a breath between."""
        context, began_ns = self._context, self._context.now_ns
        breath_s = min(context.pace.reread_after_s, round_every_s)
        await context.timing.sleep(breath_s)
        every_s = max(round_every_s, context.account.least_round_s if context.is_linked else 0.0)
        between_s = self._between_s(every_s)
        wait_s = max(0.0, between_s - breath_s)
        while not doubt.is_set() and (left_s := every_s - context.timing.since_s(began_ns)) > 0:
            await context.timing.sleep_unless(doubt, min(left_s, wait_s))
            is_due = left_s - wait_s > between_s / 2 and not doubt.is_set() and self.is_wanted
            if is_due and await self._is_news(seen, ours):
                doubt.set()
            wait_s = between_s

    def _between_s(self, every_s: float) -> float:
        """How long between two looks, as the venue's allowance lets it: the time to the next round in equal parts."""
        least_s = max(self._context.pace.peek_every_s, self._context.account.least_peek_s)
        return every_s / max(1, int(every_s / least_s))

    async def _is_news(self, seen: Mapping[PositionKey, float], ours: Mapping[str, float]) -> bool:
        """Whether other positions are there than `seen`, or as many although `ours` changed since, or a stop that
        rested is not.
        """
        context = self._context
        stops = self._resting_stops()
        try:
            positions, all_rest = await asyncio.gather(context.positions(), self._all_rest(stops))
        except VenueFailure as failure:
            context.met(failure)
            return False
        held = {one.key: one.qty for one in positions}
        return held != dict(seen) or self.ours() != dict(ours) or not all_rest

    def _resting_stops(self) -> dict[str, str]:
        """The perpetual of each, by its client id."""
        ours = (kept for kept in self._context.live() if kept.role is OrderRole.STOP and kept.is_resting)
        return {kept.client_id: kept.asset for kept in ours} | self._protection.resting()

    async def _all_rest(self, stops: Mapping[str, str]) -> bool:
        context = self._context
        if not stops:
            return True
        return await within(context.pace.call_within_s, context.account.stops_rest(stops), "stops")

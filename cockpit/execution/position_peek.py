"""Between two rounds: whether positions or stops are others than a round saw, as the private stream may be mute."""

import asyncio
from collections.abc import Collection, Mapping

from cockpit.domain.kinds import OrderRole
from cockpit.exchanges.base.account import PositionKey, VenueFailure, VenueOrder
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

    async def is_news(self, seen: Mapping[PositionKey, float]) -> bool:
        """Whether other positions are there than `seen`, or a stop that rested is not."""
        context = self._context
        stops = self._resting_stops()
        try:
            positions, orders = await asyncio.gather(
                within(context.pace.call_within_s, context.account.positions(), "positions"),
                self._orders_on(set(stops.values())),
            )
        except VenueFailure as failure:
            context.met(failure)
            return False
        held = {one.key: one.qty for one in positions}
        return held != dict(seen) or not stops.keys() <= {order.client_id for order in orders}

    def _resting_stops(self) -> dict[str, str]:
        """The perpetual of each, by its client id."""
        ours = (kept for kept in self._context.live() if kept.role is OrderRole.STOP and kept.is_resting)
        return {kept.client_id: kept.asset for kept in ours} | self._protection.resting()

    async def _orders_on(self, assets: Collection[str]) -> tuple[VenueOrder, ...]:
        context = self._context
        if not assets:
            return ()
        return await within(context.pace.call_within_s, context.account.open_orders(assets), "open orders")

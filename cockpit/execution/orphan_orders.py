"""Orders that carry our mark and that the engine knows nothing of: a lost journal, a flatten of another process, or a
stop that was sent twice and whose second copy arrived after the first had ended."""

import asyncio
from collections.abc import Mapping, Sequence

from cockpit.domain.kinds import OrderRole, VenueTopic
from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account import HeldPosition, VenueFailure, VenueOrder
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.order_text import order_text
from cockpit.exchanges.base.timing import within
from cockpit.execution.order_state import QTY_EPSILON
from cockpit.execution.venue_context import VenueContext

PROBE_STAYS_S = 3.0
UNKNOWN_TO_US = "carries our mark and is in no journal of ours"


class OrphanOrders:
    """Takes back those of our orders that nobody waits for.

    An entry goes at once, as it would open what nobody guards; a stop or target only where nothing is held any more, or
    where all that is held is of trades that know nothing of it: a target then holds the quantity of their exits, and a
    stop is one too many once theirs rest.
    """

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._was_flat: set[str] = set()
        self._seconds: set[str] = set()
        """Stops that rest under the id of one that ended, by the last look."""
        self._probes: dict[str, int] = {}
        """The probes' stops that rest, and since when they were seen."""

    async def sweep(self, orders: Sequence[VenueOrder], held: Mapping[str, HeldPosition]) -> None:
        """Take back what is nobody's. `held` are the positions by perpetual; flat counts when seen twice."""
        flat = {order.asset for order in orders} - set(held)
        await self._sweep_probes(orders)
        await self._sweep_seconds(orders)
        for order in orders:
            if not self._is_nobodys(order):
                continue
            if not order.reduce_only or order.asset in flat & self._was_flat or self._is_in_the_way(order, held):
                await self._take_back(order)
        self._was_flat = flat

    async def free(self, refused: OrderRequest) -> bool | None:
        """The venue refused an exit of ours, as resting orders hold its quantity: take back those that nobody waits
        for; for the close of a position that stands bare, those of others too. Whether there were any; None where the
        venue does not say.
        """
        context = self._context
        try:
            with for_exits():
                call = context.account.open_orders([refused.asset])
                orders = await within(context.pace.call_within_s, call, "open orders")
        except VenueFailure as failure:
            context.met(failure)
            return None
        taken = [self._take_back(order, why) for order in orders if (why := self._why_freed(order, refused))]
        with for_exits():
            await asyncio.gather(*taken)
        return bool(taken)

    def _why_freed(self, order: VenueOrder, refused: OrderRequest) -> str:
        """Why an order that holds the quantity of an exit has to go; "" where it stays."""
        holds = order.reduce_only and not order.is_conditional and order.nets_with_ours
        if not holds or (order.asset, order.side) != (refused.asset, refused.side):
            return ""
        kept = self._context.state_of(order)
        if kept is None:
            is_bare_close = refused.role is OrderRole.CLOSE and not self._context.is_guarded(refused.asset)
            return "is not ours, and holds the quantity that our close needs" if is_bare_close else ""
        if self._is_nobodys(order):
            return UNKNOWN_TO_US
        return "was taken back and rests on" if kept.is_withdrawn or kept.is_over else ""

    def _is_nobodys(self, order: VenueOrder) -> bool:
        kept = self._context.state_of(order)
        return kept is not None and kept.is_ours_alone and not kept.is_over

    def _is_in_the_way(self, order: VenueOrder, held: Mapping[str, HeldPosition]) -> bool:
        """Whether all that is held there is of trades that know nothing of this exit, and are guarded without it."""
        context, position = self._context, held.get(order.asset)
        ours = context.expected.get(order.asset, 0.0)
        if position is None or ours == 0.0 or abs(position.qty - ours) > QTY_EPSILON:
            return False
        return not order.is_conditional or context.is_guarded(order.asset)

    async def _sweep_seconds(self, orders: Sequence[VenueOrder]) -> None:
        """The second copy of a stop that was sent twice; seen twice, as a list may be older than the end."""
        seconds = {order.venue_order_id: order for order in orders if self._is_second(order)}
        for venue_order_id in seconds.keys() & self._seconds:
            await self._take_back(seconds[venue_order_id], "came to the venue again after it had ended")
        self._seconds = set(seconds)

    def _is_second(self, order: VenueOrder) -> bool:
        kept = self._context.state_of(order)
        return kept is not None and kept.rests_again(order)

    async def _sweep_probes(self, orders: Sequence[VenueOrder]) -> None:
        """A probe's stop is there for less than a second: one that stays was left by a process that was killed."""
        context = self._context
        probes = [order for order in orders if context.ids.whose(order.client_id, context.venue, order.asset).is_probe]
        self._probes = {order.client_id: self._probes.get(order.client_id, context.now_ns) for order in probes}
        for order in probes:
            if context.timing.since_s(self._probes[order.client_id]) >= PROBE_STAYS_S:
                await self._take_back(order, "was left by a probe of a process that was killed")

    async def _take_back(self, order: VenueOrder, why: str = UNKNOWN_TO_US) -> None:
        what = f"{order_text(order)} {why}"
        self._context.notify(VenueTopic.NOTE, f"{what}: cancelled", order.asset, is_grave=True)
        try:
            await self._context.account.cancel_order(order)
        except VenueFailure as failure:
            self._context.met(failure)
            self._context.notify(VenueTopic.NOTE, f"{what}, not cancelled: {failure}", order.asset, is_grave=True)

"""Orders that carry our mark and that the engine knows nothing of: a lost journal, a flatten of another process, or a
stop that was sent twice and whose second copy arrived after the first had ended."""

from collections.abc import Collection, Sequence

from cockpit.domain.kinds import VenueTopic
from cockpit.exchanges.base.account import VenueFailure, VenueOrder
from cockpit.exchanges.base.order_text import order_text
from cockpit.execution.venue_context import VenueContext

PROBE_STAYS_S = 3.0


class OrphanOrders:
    """Takes back those of our orders that nobody waits for.

    An entry goes at once, as it would open what nobody guards; a stop or target only where nothing is held any more.
    """

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._was_flat: set[str] = set()
        self._seconds: set[str] = set()
        """Stops that rest under the id of one that ended, by the last look."""
        self._probes: dict[str, int] = {}
        """The probes' stops that rest, and since when they were seen."""

    async def sweep(self, orders: Sequence[VenueOrder], held: Collection[str]) -> None:
        """Take back what is nobody's. `held` are the perpetuals with a position; flat counts when seen twice."""
        flat = {order.asset for order in orders} - set(held)
        await self._sweep_probes(orders)
        await self._sweep_seconds(orders)
        for order in orders:
            kept = self._context.state_of(order)
            if kept is None or not kept.is_ours_alone or kept.is_over:
                continue
            if not order.reduce_only or order.asset in flat & self._was_flat:
                await self._take_back(order)
        self._was_flat = flat

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

    async def _take_back(self, order: VenueOrder, why: str = "carries our mark and is in no journal of ours") -> None:
        what = f"{order_text(order)} {why}"
        self._context.notify(VenueTopic.NOTE, f"{what}: cancelled", order.asset, is_grave=True)
        try:
            await self._context.account.cancel_order(order)
        except VenueFailure as failure:
            self._context.met(failure)
            self._context.notify(VenueTopic.NOTE, f"{what}, not cancelled: {failure}", order.asset, is_grave=True)

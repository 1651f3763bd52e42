"""Orders that carry our mark and that the engine knows nothing of: a lost journal, or a flatten of another process."""

from collections.abc import Collection, Sequence

from cockpit.domain.kinds import VenueTopic
from cockpit.venues.account import VenueFailure, VenueOrder
from cockpit.venues.order_text import order_text
from cockpit.venues.venue_room import VenueRoom


class Orphans:
    """Takes back those of our orders that nobody waits for.

    An entry goes at once, as it would open what nobody guards; a stop or target only where nothing is held any more.
    """

    def __init__(self, room: VenueRoom) -> None:
        self._room = room
        self._was_flat: set[str] = set()

    async def sweep(self, orders: Sequence[VenueOrder], held: Collection[str]) -> None:
        """Take back what is nobody's. `held` are the perpetuals with a position; flat counts when seen twice."""
        flat = {order.asset for order in orders} - set(held)
        for order in orders:
            kept = self._room.kept_of(order)
            if kept is None or not kept.is_ours_alone or kept.is_over:
                continue
            if not order.reduce_only or order.asset in flat & self._was_flat:
                await self._take_back(order)
        self._was_flat = flat

    async def _take_back(self, order: VenueOrder) -> None:
        what = f"{order_text(order)} carries our mark and is in no journal of ours"
        self._room.say(VenueTopic.NOTE, f"{what}: cancelled", order.asset, is_grave=True)
        try:
            await self._room.account.cancel_order(order)
        except VenueFailure as failure:
            self._room.met(failure)
            self._room.say(VenueTopic.NOTE, f"{what}, not cancelled: {failure}", order.asset, is_grave=True)

"""Every real venue as one: each request goes to its own at once, what the venues say comes back by `put`."""

import asyncio
from collections.abc import Mapping, Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import FlattenVenues, PlaceOrder
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import FLAT_READS, AnyEvent, OrderRejected, VenueEvent, VenueFlat, VenueNotice
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.engine.order_venue import Request
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.order_ids import OrderIds
from cockpit.exchanges.base.timing import Timing
from cockpit.execution.live_venue import LiveVenue
from cockpit.execution.venue_context import Pace, Put
from cockpit.flatten.venue_flatten import FlattenPace

NOTHING: tuple[VenueEvent, ...] = ()


class VenueRouter:
    """What a session sees of the venues that real orders go to. `prefix` names this profile in client ids.

    `put` gets every word of the venues and must not block. A request to a venue that was not started yet waits there;
    from its start on each leaves with the loop's next turn.
    """

    def __init__(
        self,
        accounts: Mapping[str, VenueAccount],
        prefix: str,
        put: Put,
        config: CockpitConfig,
        timing: Timing | None = None,
        pace: Pace | None = None,
        flatten_pace: FlattenPace | None = None,
    ) -> None:
        timing, ids = timing or Timing(), OrderIds(prefix)
        pace, flatten_pace = pace or Pace(), flatten_pace or FlattenPace()
        self._put = put
        self._timing = timing
        self.venues: Mapping[str, LiveVenue] = {
            venue: LiveVenue(
                account,
                config.venues[venue],
                ids,
                put,
                config.execution,
                timing,
                pace,
                flatten_pace,
            )
            for venue, account in accounts.items()
        }

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """A real venue needs no market from us."""
        return NOTHING

    def submit(self, action: Request) -> Sequence[VenueEvent]:
        """Pass a request to its venue, without waiting; where we have no account, nothing can be and nothing is there.

        What comes of it is put.
        """
        match action:
            case FlattenVenues():
                for name in action.venues:
                    if name in self.venues:
                        self.venues[name].submit(action)
                    else:
                        self._nothing_there(name)
            case PlaceOrder(order=order) if order.venue not in self.venues:
                reason = f"expected an account on {order.venue}, was none: not sent"
                self._put(OrderRejected(self._timing.clock(), order.order_id, reason))
            case PlaceOrder(order=order):
                self.venues[order.venue].submit(action)
            case _ if action.venue in self.venues:
                self.venues[action.venue].submit(action)
        return NOTHING

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Stand where the journal says an earlier engine stood. Call it before the restored engine asks anything.

        Raises ValueError where something is open and we have no account.
        """
        open_at = {order.request.venue for order in orders if not order.status.is_final} | {one.venue for one in trades}
        absent = sorted(open_at - set(self.venues))
        if absent:
            raise ValueError(f"expected keys for {', '.join(absent)}, where something is open, were none")
        for name, venue in self.venues.items():
            venue.restore(
                [order for order in orders if order.request.venue == name],
                [trade for trade in trades if trade.venue == name],
                [fill_id for venue_name, fill_id in booked if venue_name == name],
            )

    async def settle(self, within_s: float) -> bool:
        """Whether nothing that was asked of any venue is under way any more, after `within_s` at the most."""
        return all(await asyncio.gather(*(venue.settle(within_s) for venue in self.venues.values())))

    def _nothing_there(self, venue: str) -> None:
        now_ns = self._timing.clock()
        self._put(VenueNotice(now_ns, venue, "", VenueTopic.FLATTEN, f"{venue}: no account of ours, nothing to close"))
        for _ in range(FLAT_READS):
            self._put(VenueFlat(now_ns, venue))

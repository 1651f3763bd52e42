"""What a session needs of the venue behind its engine, be it paper or real."""

from collections.abc import Sequence
from typing import Protocol

from cockpit.domain.actions import AdoptPosition, CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, VenueEvent
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord

VENUE_ACTIONS = (PlaceOrder, CancelOrder, QueryOrder, QueryPosition, AdoptPosition, FlattenVenues)
Request = PlaceOrder | CancelOrder | QueryOrder | QueryPosition | AdoptPosition | FlattenVenues


class OrderVenue(Protocol):
    """Takes requests and tells what happened. What comes later than the call comes another way, as events."""

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """An input is about to reach the engine; what happened on the venue before it."""

    def submit(self, action: Request) -> Sequence[VenueEvent]:
        """Take a request, without waiting for anything; what happened at once."""

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Before the first input: go on with what an earlier engine left. Raises ValueError where that cannot be.

        `booked` are the executions in its journal that a venue may tell of once more: (venue, fill id).
        """

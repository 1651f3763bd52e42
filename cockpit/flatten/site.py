"""Where a flatten happens: inside an engine that has orders of its own under way, or alone with the venue."""

from typing import Protocol

from cockpit.exchanges.base.account import HeldPosition, VenueFailure, VenueOrder
from cockpit.flatten.steps import FlattenStep


class FlattenSite(Protocol):
    """What the flatten asks of those around it. Nothing here may block, and only what is awaited may wait."""

    def notify(self, step: FlattenStep) -> None:
        """A step was taken, or something stands in its way."""

    def close_id(self, position: HeldPosition) -> str:
        """A client id, never used before, for the close of this position."""

    def closed(self, client_id: str, answer: VenueOrder | VenueFailure) -> None:
        """What the venue answered to that close."""

    def is_closing(self, asset: str) -> bool:
        """Whether a close of somebody else's is on its way, so that a second one now would only be refused."""

    def unsettled(self) -> str:
        """What may still open a position (an order on its way to the venue); empty where there is nothing."""

    async def hidden_position(self) -> str:
        """What speaks for a position that the venue's empty list does not show; empty where nothing does."""

    async def confirmed_clear(self) -> None:
        """The venue was seen without position and order: settle the books before it counts."""

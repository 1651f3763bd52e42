"""What a flatten says on its way, a line each."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, Protocol

from cockpit.exchanges.base.account import HeldPosition, VenueFailure, VenueOrder


class StepName(StrEnum):
    """The steps in order, and what may stand in their way."""

    FREEZE = "FREEZE"
    CANCEL = "CANCEL"
    CLOSE = "CLOSE"
    SEEN_FLAT = "SEEN FLAT"
    STOPS = "STOPS"
    SEEN_CLEAR = "SEEN CLEAR"
    FLAT = "FLAT"
    DUST = "DUST"
    WAITING = "WAITING"
    TROUBLE = "TROUBLE"


class FlattenStep(NamedTuple):
    """One line: `elapsed_s` since this venue's flatten began; a trouble is to be shown in red."""

    venue: str
    name: StepName
    sentence: str
    elapsed_s: float
    is_trouble: bool

    @property
    def line(self) -> str:
        return f"+{self.elapsed_s:.3f} s {self.venue} {self.name}: {self.sentence}"


OnStep = Callable[[FlattenStep], None]


# Where a flatten happens: inside an engine that has orders of its own under way, or alone with the venue.


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

    def missing(self, asset: str) -> str:
        """What speaks for a position there that the venue does not list; empty where nothing does."""

    async def confirmed_clear(self) -> None:
        """The venue was seen without position and order: settle the books before it counts."""

"""An engine over its API, as a screen needs it: commands by HTTP, frames by WebSocket."""

from collections.abc import AsyncIterator

from cockpit.deck.address import Address
from cockpit.deck.client import Deck
from cockpit.deck.link import LinkChange
from cockpit.deck.stream import DeckStream
from cockpit.domain.stream import Frame


class LiveLink(Deck):
    """The deck, with its stream at `hz` snapshots a second. It resumes where it ended when asked again."""

    def __init__(self, address: Address, hz: float, by: str = "screen") -> None:
        super().__init__(address, by)
        self._stream = DeckStream(address, hz)

    def frames(self) -> AsyncIterator[Frame | LinkChange]:
        """Frames for ever, reconnecting by itself."""
        return self._stream.frames()

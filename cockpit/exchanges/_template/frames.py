"""Messages of the venue's public stream as events; quantities become base coins here."""

from collections.abc import Mapping

from cockpit.exchanges._template.client import VENUE
from cockpit.exchanges.base.frames import FrameContent, Message


class TemplateFrames:
    """Reads messages about the perpetuals in `assets`: the venue's own name to the asset."""

    venue = VENUE

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._assets = assets

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels. Raises `BadFrame`.

        A trade's id orders the prints and finds gaps: it must rise by one, or `ids` must say how many it covers.
        """
        raise NotImplementedError("frames: prints, tops, marks and forced orders")

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, the book's sequence number after it, and stamp in ns of a change to a book; None for others."""
        raise NotImplementedError("frames: changes of a book")

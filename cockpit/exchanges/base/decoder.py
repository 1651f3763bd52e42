"""Frames that come thousands of times a second, as events straight from the socket's text.

What a decoder does not take (an answer to a subscription, a book's snapshot, a field that cannot be) goes the library's
way, where it is dealt with or refused in words.
"""

import sys
from bisect import bisect_left
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, Protocol

from msgspec import Meta, Struct

from cockpit.exchanges.base.frames import FrameContent

Positive = Annotated[float, Meta(gt=0, le=sys.float_info.max)]
Whole = Annotated[int, Meta(ge=0)]


class Level(Struct, array_like=True, frozen=True, gc=False):
    """A price, and what rests there now; 0 = nothing any more. What the venue says beside the two is left out."""

    price: Positive
    qty: Annotated[float, Meta(ge=0, le=sys.float_info.max)]


class BookChange(NamedTuple):
    """A change to the book whose sequence number is `follows`; after it that is `sequence`. In the venue's units."""

    asset: str
    ts_ns: int
    follows: int
    sequence: int
    bids: Sequence[Level]
    asks: Sequence[Level]


class Decoder(Protocol):
    """Reads one venue's frames."""

    def decode(self, text: str | bytes, recv_ns: int) -> Sequence[FrameContent] | BookChange | None:
        """What the frame says; None for one that is to go the library's way. Never raises."""


def follow(book: Any, change: BookChange) -> bool:
    """Carry the change out on the library's book, as the library would. Only where it follows on without a gap: a gap
    is the library's to find, and its new snapshot the library's to fetch.
    """
    if book is None or book["nonce"] != change.follows or change.sequence < change.follows:
        return False
    _store(book["asks"], change.asks, 1.0)
    _store(book["bids"], change.bids, -1.0)
    book["nonce"] = change.sequence
    book["timestamp"] = change.ts_ns // 1_000_000
    book.limit()
    return True


def _store(side: Any, levels: Sequence[Level], sign: float) -> None:
    """`keys` is the library's own index of the side: its prices, those of the bids negative."""
    keys = side._index
    for level in levels:
        key = sign * level.price
        at = bisect_left(keys, key)
        is_there = at < len(keys) and keys[at] == key
        if level.qty:
            if is_there:
                side[at][1] = level.qty
            else:
                keys.insert(at, key)
                side.insert(at, [level.price, level.qty])
        elif is_there:
            del keys[at]
            del side[at]

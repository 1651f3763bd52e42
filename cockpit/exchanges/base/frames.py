"""What one message of an exchange's stream says, in the vocabulary's words."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cockpit.domain.events import FundingRate, Liquidation, MarkPrice, Top, Trade
from cockpit.exchanges.base.channels import Channel

Message = Mapping[str, Any]
StreamEvent = Trade | Top | MarkPrice | Liquidation | FundingRate


class FrameContent(NamedTuple):
    """Data of one channel about one asset. `ids` is how many trade ids a print covers."""

    channel: Channel
    asset: str
    event: StreamEvent | None
    ids: int = 1


class BadFrame(Exception):
    """A message of a known channel that cannot be read: a field is missing or is no usable number."""


def positive(message: Message, field: str) -> float:
    """A price or quantity above zero. Raises `BadFrame` for anything else."""
    number = number_of(message, field)
    if not number > 0.0:
        raise BadFrame(f"{field}: expected a number above zero, was {message.get(field)!r}")
    return number


def number_of(message: Message, field: str) -> float:
    """A finite number. Raises `BadFrame` for anything else."""
    try:
        number = float(message[field])
    except (KeyError, TypeError, ValueError):
        raise BadFrame(f"{field}: expected a number, was {message.get(field)!r}") from None
    if number - number != 0.0:
        raise BadFrame(f"{field}: expected a finite number, was {message.get(field)!r}")
    return number


def whole(message: Message, field: str) -> int:
    """A whole number of zero or more. Raises `BadFrame` for anything else."""
    try:
        number = int(message[field])
    except (KeyError, TypeError, ValueError):
        raise BadFrame(f"{field}: expected a whole number, was {message.get(field)!r}") from None
    if number < 0:
        raise BadFrame(f"{field}: expected a whole number of zero or more, was {number}")
    return number


def uncrossed(top: Top, channel: str) -> Top:
    """The best bid and ask as they came. Raises `BadFrame` where they cross: no book that stands does."""
    if top.bid >= top.ask:
        raise BadFrame(f"{channel}: expected a bid under the ask, was {top.bid:g} and {top.ask:g}")
    return top

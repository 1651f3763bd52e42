"""What one message of an exchange's stream says, in the vocabulary's words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from cockpit.domain.events import FundingRate, Liquidation, MarkPrice, Top, Trade
from cockpit.exchanges.base.channels import Channel

Asset = TypeVar("Asset")
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


@dataclass(frozen=True, slots=True)
class RowFields:
    """What a venue calls the numbers of its rows; events are made of them in one way. `unit` is the base coins of a
    contract; `digits` rounds quantities where a venue's are contracts and floats.
    """

    venue: str
    price: str
    qty: str
    bid: str = ""
    bid_qty: str = ""
    ask: str = ""
    ask_qty: str = ""
    digits: int | None = None

    def trade(
        self,
        asset: str,
        row: Message,
        ts_ns: int,
        recv_ns: int,
        is_buy: bool,
        trade_id: int,
        unit: float = 1.0,
        ids: int = 1,
    ) -> FrameContent:
        price, qty = positive(row, self.price), self._coins(row, self.qty, unit)
        trade = Trade(ts_ns, recv_ns, self.venue, asset, price, qty, is_buy, trade_id)
        return FrameContent(Channel.TRADES, asset, trade, ids)

    def forced(
        self, asset: str, row: Message, ts_ns: int, recv_ns: int, is_long: bool, unit: float = 1.0
    ) -> FrameContent:
        """`is_long`: the position that was closed."""
        price, qty = positive(row, self.price), self._coins(row, self.qty, unit)
        forced = Liquidation(ts_ns, recv_ns, self.venue, asset, price, qty, is_long)
        return FrameContent(Channel.LIQUIDATIONS, asset, forced)

    def top(self, asset: str, row: Message, ts_ns: int, recv_ns: int, channel: str, unit: float = 1.0) -> FrameContent:
        """Raises `BadFrame` where bid and ask cross; `channel` is what the venue calls these messages."""
        bid, bid_qty = positive(row, self.bid), self._coins(row, self.bid_qty, unit)
        ask, ask_qty = positive(row, self.ask), self._coins(row, self.ask_qty, unit)
        top = Top(ts_ns, recv_ns, self.venue, asset, bid, bid_qty, ask, ask_qty)
        return FrameContent(Channel.TOPS, asset, uncrossed(top, channel))

    def _coins(self, row: Message, field: str, unit: float) -> float:
        coins = positive(row, field) * unit
        return coins if self.digits is None else round(coins, self.digits)


def known_rows(rows: Iterable[Message], field: str, assets: Mapping[str, Asset]) -> Iterator[tuple[Asset, Message]]:
    """The rows whose `field` names one of `assets`, with what stands there."""
    for row in rows:
        asset = assets.get(str(row[field]))
        if asset is not None:
            yield asset, row

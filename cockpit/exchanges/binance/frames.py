"""Messages of Binance's USD-M streams as events."""

from collections.abc import Mapping

from cockpit.domain.events import MarkPrice
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import FrameContent, Message, RowFields, positive, whole

VENUE = "binance"
FIELDS = RowFields(VENUE, price="p", qty="q", bid="b", bid_qty="B", ask="a", ask_qty="A")
FORCED_FIELDS = RowFields(VENUE, price="ap", qty="z")


class BinanceFrames:
    """Reads messages about the perpetuals in `assets`: the venue's symbol to the asset."""

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._assets = assets
        self._readers = {
            "aggTrade": self._trade,
            "bookTicker": self._top,
            "markPriceUpdate": self._mark,
            "forceOrder": self._liquidation,
        }

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels. Raises `BadFrame`."""
        reader = self._readers.get(message.get("e", ""))
        if reader is None:
            return None
        heard = reader(message, recv_ns)
        return () if heard is None else (heard,)

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, the book's sequence number after it, and stamp in ns of a change to a book; None for others."""
        asset = self._assets.get(message.get("s", "")) if message.get("e") == "depthUpdate" else None
        return None if asset is None else (asset, whole(message, "u"), whole(message, "T") * NS_PER_MS)

    def _trade(self, message: Message, recv_ns: int) -> FrameContent | None:
        asset = self._assets.get(message["s"])
        if asset is None:
            return None
        ts_ns = whole(message, "T") * NS_PER_MS
        return FIELDS.trade(asset, message, ts_ns, recv_ns, not message["m"], whole(message, "a"))

    def _top(self, message: Message, recv_ns: int) -> FrameContent | None:
        asset = self._assets.get(message["s"])
        if asset is None:
            return None
        return FIELDS.top(asset, message, whole(message, "T") * NS_PER_MS, recv_ns, "bookTicker")

    def _mark(self, message: Message, recv_ns: int) -> FrameContent | None:
        asset = self._assets.get(message["s"])
        if asset is None:
            return None
        ts_ns = whole(message, "E") * NS_PER_MS
        mark = MarkPrice(ts_ns, recv_ns, VENUE, asset, positive(message, "p"), positive(message, "i"))
        return FrameContent(Channel.MARK, asset, mark)

    def _liquidation(self, message: Message, recv_ns: int) -> FrameContent | None:
        """The order's side is the opposite of the position's; its average price and filled quantity are what traded."""
        order = message["o"]
        asset = self._assets.get(order["s"])
        if asset is None:
            return None
        return FORCED_FIELDS.forced(asset, order, whole(order, "T") * NS_PER_MS, recv_ns, order["S"] == "SELL")

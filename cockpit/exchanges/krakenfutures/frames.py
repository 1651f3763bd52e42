"""Messages of Kraken Futures' public stream as events. One contract is one base coin."""

from collections.abc import Iterator, Mapping

from cockpit.domain.events import MarkPrice
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import FrameContent, Message, RowFields, positive, whole

VENUE = "krakenfutures"
FORCED = "liquidation"
FIELDS = RowFields(VENUE, "price", "qty", bid="bid", bid_qty="bid_size", ask="ask", ask_qty="ask_size")


class KrakenFrames:
    """Reads messages about the perpetuals in `assets`: the venue's product id to the asset.

    Forced orders come among the prints, with their kind; top and mark come in one message.
    """

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._assets = assets
        self._readers = {"trade": self._trade, "ticker": self._ticker}

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels. Raises `BadFrame`."""
        if message.get("feed") == "trade_snapshot":
            return ()  # prints of before: they are history
        reader = self._readers.get(str(message.get("feed", "")))
        if reader is None or "event" in message:
            return None
        asset = self._assets.get(str(message.get("product_id", "")).upper())
        return () if asset is None else tuple(reader(asset, message, recv_ns))

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, the book's sequence number after it, and stamp in ns of a change to a book; None for others."""
        if message.get("feed") not in ("book", "book_snapshot"):
            return None
        asset = self._assets.get(str(message.get("product_id", "")).upper())
        return None if asset is None else (asset, whole(message, "seq"), whole(message, "timestamp") * NS_PER_MS)

    def _trade(self, asset: str, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        ts_ns, is_buy = whole(message, "time") * NS_PER_MS, message["side"] == "buy"
        yield FIELDS.trade(asset, message, ts_ns, recv_ns, is_buy, whole(message, "seq"))
        if message.get("type") == FORCED:
            yield FIELDS.forced(asset, message, ts_ns, recv_ns, is_long=not is_buy)

    def _ticker(self, asset: str, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        ts_ns = whole(message, "time") * NS_PER_MS
        yield FIELDS.top(asset, message, ts_ns, recv_ns, "ticker")
        if "markPrice" in message:
            mark = MarkPrice(ts_ns, recv_ns, VENUE, asset, positive(message, "markPrice"), positive(message, "index"))
            yield FrameContent(Channel.MARK, asset, mark)

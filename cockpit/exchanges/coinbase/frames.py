"""Messages of Coinbase's public stream as events. Quantities of futures are contracts, of `units` coins each.

Each message carries events, each event rows; prints come newest first. The first event of a subscription is a snapshot
of what was before.
"""

from collections.abc import Iterator, Mapping

from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import BadFrame, FrameContent, Message, RowFields, known_rows, whole
from cockpit.exchanges.coinbase.stamps import stamp_ns

VENUE = "coinbase"
SNAPSHOT = "snapshot"
PRODUCT = "product_id"
FIELDS = RowFields(
    VENUE,
    price="price",
    qty="size",
    bid="best_bid",
    bid_qty="best_bid_quantity",
    ask="best_ask",
    ask_qty="best_ask_quantity",
    digits=12,
)


class CoinbaseFrames:
    """Reads messages about the products in `assets`: the venue's product id to the asset.

    It tells no mark and no forced orders. Its heartbeats, one a second, prove that the connection lives.
    """

    def __init__(self, assets: Mapping[str, str], units: Mapping[str, float]) -> None:
        self._assets = assets
        self._units = units
        self._readers = {"market_trades": self._trades, "ticker": self._tops, "heartbeats": self._heartbeat}

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels. Raises `BadFrame`."""
        reader = self._readers.get(str(message.get("channel", "")))
        return None if reader is None else tuple(reader(message, recv_ns))

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, the connection's sequence number and stamp in ns of a change to a book; None for other messages."""
        if message.get("channel") != "l2_data":
            return None
        for event in message["events"]:
            asset = self._assets.get(str(event.get("product_id", "")))
            if asset is not None:
                return asset, whole(message, "sequence_num"), _stamp_ns(message, "timestamp")
        return None

    def _trades(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for event in message["events"]:
            if event.get("type") == SNAPSHOT:
                continue  # prints of before: they are history
            for asset, row in known_rows(reversed(event["trades"]), PRODUCT, self._assets):
                ts_ns, is_buy, number = _stamp_ns(row, "time"), row["side"] == "BUY", whole(row, "trade_id")
                yield FIELDS.trade(asset, row, ts_ns, recv_ns, is_buy, number, self._units[asset])

    def _tops(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        ts_ns = _stamp_ns(message, "timestamp")
        for event in message["events"]:
            for asset, row in known_rows(event["tickers"], PRODUCT, self._assets):
                yield FIELDS.top(asset, row, ts_ns, recv_ns, "ticker", self._units[asset])

    def _heartbeat(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for asset in self._assets.values():
            yield FrameContent(Channel.HEARTBEAT, asset, None)


def _stamp_ns(row: Message, field: str) -> int:
    try:
        return stamp_ns(row[field])
    except (KeyError, TypeError, ValueError):
        raise BadFrame(f"{field}: expected a time, was {row.get(field)!r}") from None

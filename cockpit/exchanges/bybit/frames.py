"""Messages of Bybit's public stream as events. Quantities are base coins."""

from collections.abc import Iterator, Mapping

from cockpit.domain.bounded import BoundedMap
from cockpit.domain.events import MarkPrice, Top
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import (
    BadFrame,
    FrameContent,
    Message,
    RowFields,
    number_of,
    positive,
    uncrossed,
    whole,
)
from cockpit.exchanges.bybit.client import VENUE

TOPICS: Mapping[Channel, str] = {
    Channel.TRADES: "publicTrade",
    Channel.TOPS: "orderbook.1",
    Channel.DEPTH: "orderbook.50",
    Channel.MARK: "tickers",
    Channel.LIQUIDATIONS: "allLiquidation",
}
FIELDS = RowFields(VENUE, price="p", qty="v")
PRINTS_KNOWN = 5_000
MARKS_EVERY_NS = NS_PER_S
"""So often a mark is said again that has not moved: its ticker's other changes show that it still holds."""
Side = dict[float, float]


class BybitFrames:
    """Reads messages about the perpetuals in `assets`: the venue's symbol to the asset.

    Tickers and tops come as one snapshot and then as what has changed of it: what a change leaves out still holds.
    Prints have an id that orders nothing and a sequence number that several may share and that leaves numbers out, so
    they are numbered here: rising, the same print by the same number. A print that is lost cannot be known of.
    """

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._assets = assets
        self._numbers: BoundedMap[str, tuple[int, int]] = BoundedMap(PRINTS_KNOWN)
        self._last_number: dict[str, int] = {}
        self._tops: dict[str, tuple[Side, Side]] = {}
        self._tickers: dict[str, dict[str, object]] = {}
        self._marked_ns: dict[str, int] = {}
        self._readers = {
            TOPICS[Channel.TRADES]: self._trades,
            TOPICS[Channel.TOPS]: self._top,
            TOPICS[Channel.MARK]: self._mark,
            TOPICS[Channel.LIQUIDATIONS]: self._liquidations,
        }

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels. Raises `BadFrame`."""
        channel, _, symbol = str(message.get("topic", "")).rpartition(".")
        reader = self._readers.get(channel)
        if reader is None or "data" not in message:
            return None
        asset = self._assets.get(symbol)
        return () if asset is None else tuple(reader(asset, message, recv_ns))

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, the book's update id after it, and stamp in ns of a change to a book; None for others."""
        channel, _, symbol = str(message.get("topic", "")).rpartition(".")
        asset = self._assets.get(symbol) if channel == TOPICS[Channel.DEPTH] else None
        return None if asset is None else (asset, whole(message["data"], "u"), whole(message, "ts") * NS_PER_MS)

    def _trades(self, asset: str, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for row in message["data"]:
            number, covers = self._number(asset, row)
            ts_ns, is_buy = whole(row, "T") * NS_PER_MS, row["S"] == "Buy"
            yield FIELDS.trade(asset, row, ts_ns, recv_ns, is_buy, number, ids=covers)

    def _number(self, asset: str, row: Message) -> tuple[int, int]:
        """The print's number, and how many it covers: all since the last, for nobody knows of any between them."""
        known = self._numbers.get(str(row["i"]))
        if known is not None:
            return known
        last = self._last_number.get(asset, 0)
        number = max(last + 1, whole(row, "seq"))
        self._last_number[asset] = number
        self._numbers[str(row["i"])] = number, number - last
        return number, number - last

    def _top(self, asset: str, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        data = message["data"]
        if message["type"] == "snapshot":
            self._tops[asset] = {}, {}
        if asset not in self._tops:
            raise BadFrame(f"{TOPICS[Channel.TOPS]}: expected a snapshot before its changes, was none")
        for side, key in zip(self._tops[asset], ("b", "a"), strict=True):
            for price, size in data.get(key) or ():
                _change(side, {"price": price, "size": size})
        bids, asks = self._tops[asset]
        if not bids or not asks:
            yield FrameContent(Channel.TOPS, asset, None)
            return
        bid, ask, ts_ns = max(bids), min(asks), whole(message, "ts") * NS_PER_MS
        top = Top(ts_ns, recv_ns, VENUE, asset, bid, bids[bid], ask, asks[ask])
        yield FrameContent(Channel.TOPS, asset, uncrossed(top, TOPICS[Channel.TOPS]))

    def _mark(self, asset: str, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        """What has changed; a ticker without a mark or an index yet is none."""
        data, ts_ns = message["data"], whole(message, "ts") * NS_PER_MS
        known = {} if message["type"] == "snapshot" else self._tickers.get(asset, {})
        self._tickers[asset] = known = {**known, **data}
        moved = "markPrice" in data or "indexPrice" in data
        is_due = moved or ts_ns - self._marked_ns.get(asset, 0) >= MARKS_EVERY_NS
        if not is_due or not known.get("markPrice") or not known.get("indexPrice"):
            yield FrameContent(Channel.MARK, asset, None)
            return
        mark = MarkPrice(ts_ns, recv_ns, VENUE, asset, positive(known, "markPrice"), positive(known, "indexPrice"))
        self._marked_ns[asset] = ts_ns
        yield FrameContent(Channel.MARK, asset, mark)

    def _liquidations(self, asset: str, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        """`S` names the position; the price is that of its bankruptcy."""
        for row in message["data"]:
            yield FIELDS.forced(asset, row, whole(row, "T") * NS_PER_MS, recv_ns, row["S"] == "Buy")


def _change(side: Side, level: Message) -> None:
    """Put a level in its place; one of no size is gone."""
    price = positive(level, "price")
    if number_of(level, "size") == 0.0:
        side.pop(price, None)
    else:
        side[price] = positive(level, "size")

"""Messages of OKX's public stream as events; its quantities are contracts, ours are base coins."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cockpit.domain.events import MarkPrice, Top
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import (
    BadFrame,
    FrameContent,
    Message,
    RowFields,
    known_rows,
    positive,
    uncrossed,
    whole,
)

VENUE = "okx"
FIELDS = RowFields(VENUE, price="px", qty="sz")
FORCED_FIELDS = RowFields(VENUE, price="bkPx", qty="sz")


class Contract(NamedTuple):
    """An asset's perpetual on OKX: one contract is `unit` base coins."""

    asset: str
    unit: float


class OkxFrames:
    """Reads messages about `contracts` (by instId) and their indices (by the index's instId).

    OKX sends mark and index apart: a mark goes on with the newest index, none before the first one is known.
    """

    def __init__(self, contracts: Mapping[str, Contract], indices: Mapping[str, str]) -> None:
        self._contracts = contracts
        self._indices = indices
        self.index_prices: dict[str, float] = {}
        self._readers = {
            "trades": self._trades,
            "bbo-tbt": self._tops,
            "mark-price": self._marks,
            "index-tickers": self._index_tickers,
            "liquidation-orders": self._liquidations,
        }

    def read(self, message: Message, recv_ns: int) -> tuple[FrameContent, ...] | None:
        """What the message says; None for a message that is not data of these channels. Raises `BadFrame`."""
        reader = self._readers.get(_channel(message))
        return None if reader is None or "data" not in message else tuple(reader(message, recv_ns))

    def depth_of(self, message: Message) -> tuple[str, int, int] | None:
        """Asset, the book's sequence number after it, and stamp in ns of a change to a book; None for others."""
        if _channel(message) != "books" or not message.get("data"):
            return None
        contract = self._contracts.get(message["arg"].get("instId", ""))
        last = message["data"][-1]
        return None if contract is None else (contract.asset, whole(last, "seqId"), whole(last, "ts") * NS_PER_MS)

    def _trades(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for (asset, unit), row in known_rows(message["data"], "instId", self._contracts):
            ts_ns, is_buy, number = whole(row, "ts") * NS_PER_MS, row["side"] == "buy", whole(row, "tradeId")
            ids = whole(row, "count") if row.get("count") else 1
            yield FIELDS.trade(asset, row, ts_ns, recv_ns, is_buy, number, unit, ids)

    def _tops(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        contract = self._contracts.get(message["arg"]["instId"])
        for row in message["data"] if contract is not None else ():
            bid, ask = _best(row, "bids"), _best(row, "asks")
            assert contract is not None
            best = (bid[0], bid[1] * contract.unit, ask[0], ask[1] * contract.unit)
            top = Top(whole(row, "ts") * NS_PER_MS, recv_ns, VENUE, contract.asset, *best)
            yield FrameContent(Channel.TOPS, contract.asset, uncrossed(top, "bbo-tbt"))

    def _marks(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for (asset, _), row in known_rows(message["data"], "instId", self._contracts):
            index = self.index_prices.get(asset)
            ts_ns, price = whole(row, "ts") * NS_PER_MS, positive(row, "markPx")
            mark = None if index is None else MarkPrice(ts_ns, recv_ns, VENUE, asset, price, index)
            yield FrameContent(Channel.MARK, asset, mark)

    def _index_tickers(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for asset, row in known_rows(message["data"], "instId", self._indices):
            self.index_prices[asset] = positive(row, "idxPx")
            yield FrameContent(Channel.INDEX, asset, None)

    def _liquidations(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        """One message may hold several instruments, and several liquidations of each."""
        for (asset, unit), row in known_rows(message["data"], "instId", self._contracts):
            for detail in row["details"]:
                ts_ns, is_long = whole(detail, "ts") * NS_PER_MS, _long_liquidated(detail)
                yield FORCED_FIELDS.forced(asset, detail, ts_ns, recv_ns, is_long, unit)


def _channel(message: Message) -> str:
    arg = message.get("arg")
    return str(arg.get("channel", "")) if isinstance(arg, Mapping) else ""


def _best(row: Message, side: str) -> tuple[float, float]:
    levels = row.get(side) or []
    if not levels:
        raise BadFrame(f"{side}: expected a best level, was none")
    level = {"price": levels[0][0], "size": levels[0][1]}
    return positive(level, "price"), positive(level, "size")


def _long_liquidated(detail: Message) -> bool:
    """`posSide` names the position; in net mode it says so, and the order's side is the position's opposite."""
    if detail.get("posSide") in ("long", "short"):
        return bool(detail["posSide"] == "long")
    return bool(detail["side"] == "sell")

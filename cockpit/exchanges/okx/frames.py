"""Messages of OKX's public stream as events; its quantities are contracts, ours are base coins."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cockpit.domain.events import Liquidation, MarkPrice, Top, Trade
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.frames import BadFrame, FrameContent, Message, positive, uncrossed, whole

VENUE = "okx"


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
        for row in message["data"]:
            contract = self._contracts.get(row["instId"])
            if contract is None:
                continue
            trade = Trade(
                ts_ns=whole(row, "ts") * NS_PER_MS,
                recv_ns=recv_ns,
                venue=VENUE,
                asset=contract.asset,
                price=positive(row, "px"),
                qty=positive(row, "sz") * contract.unit,
                taker_is_buyer=row["side"] == "buy",
                trade_id=whole(row, "tradeId"),
            )
            yield FrameContent(Channel.TRADES, contract.asset, trade, whole(row, "count") if row.get("count") else 1)

    def _tops(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        contract = self._contracts.get(message["arg"]["instId"])
        for row in message["data"] if contract is not None else ():
            bid, ask = _best(row, "bids"), _best(row, "asks")
            assert contract is not None
            top = Top(
                ts_ns=whole(row, "ts") * NS_PER_MS,
                recv_ns=recv_ns,
                venue=VENUE,
                asset=contract.asset,
                bid=bid[0],
                bid_qty=bid[1] * contract.unit,
                ask=ask[0],
                ask_qty=ask[1] * contract.unit,
            )
            yield FrameContent(Channel.TOPS, contract.asset, uncrossed(top, "bbo-tbt"))

    def _marks(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for row in message["data"]:
            contract = self._contracts.get(row["instId"])
            if contract is None:
                continue
            index = self.index_prices.get(contract.asset)
            ts_ns, price = whole(row, "ts") * NS_PER_MS, positive(row, "markPx")
            mark = None if index is None else MarkPrice(ts_ns, recv_ns, VENUE, contract.asset, price, index)
            yield FrameContent(Channel.MARK, contract.asset, mark)

    def _index_tickers(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        for row in message["data"]:
            asset = self._indices.get(row["instId"])
            if asset is not None:
                self.index_prices[asset] = positive(row, "idxPx")
                yield FrameContent(Channel.INDEX, asset, None)

    def _liquidations(self, message: Message, recv_ns: int) -> Iterator[FrameContent]:
        """One message may hold several instruments, and several liquidations of each."""
        for row in message["data"]:
            contract = self._contracts.get(row["instId"])
            for detail in row["details"] if contract is not None else ():
                assert contract is not None
                forced = Liquidation(
                    ts_ns=whole(detail, "ts") * NS_PER_MS,
                    recv_ns=recv_ns,
                    venue=VENUE,
                    asset=contract.asset,
                    price=positive(detail, "bkPx"),
                    qty=positive(detail, "sz") * contract.unit,
                    long_liquidated=_long_liquidated(detail),
                )
                yield FrameContent(Channel.LIQUIDATIONS, contract.asset, forced)


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

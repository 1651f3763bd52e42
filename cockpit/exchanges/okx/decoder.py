"""OKX's public frames, decoded by the channel of their `arg`; its quantities are contracts, ours are base coins."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from cockpit.domain.events import Liquidation, MarkPrice, Top, Trade
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.decoder import BookChange, Level, Positive, Whole
from cockpit.exchanges.base.frames import FrameContent
from cockpit.exchanges.okx.frames import VENUE, Contract

Found = list[FrameContent]


class _Arg(Struct, gc=False):
    channel: str
    instId: str = ""


class _Frame(Struct, gc=False):
    arg: _Arg
    data: Raw
    action: str = ""


class _Trade(Struct, gc=False):
    instId: str
    tradeId: Whole
    px: Positive
    sz: Positive
    side: str
    ts: Whole
    count: Whole = 1


class _Best(Struct, array_like=True, gc=False):
    price: Positive
    qty: Positive


class _Top(Struct, gc=False):
    asks: list[_Best]
    bids: list[_Best]
    ts: Whole


class _Mark(Struct, gc=False):
    instId: str
    markPx: Positive
    ts: Whole


class _Index(Struct, gc=False):
    instId: str
    idxPx: Positive


class _Detail(Struct, gc=False):
    posSide: Literal["long", "short"]
    bkPx: Positive
    sz: Positive
    ts: Whole


class _Liquidations(Struct, gc=False):
    instId: str
    details: list[_Detail]


class _Change(Struct, gc=False):
    asks: list[Level]
    bids: list[Level]
    ts: Whole
    prevSeqId: Whole
    seqId: Whole


# Its numbers come as text.
_FRAMES = msgspec.json.Decoder(_Frame)
_TRADES = msgspec.json.Decoder(list[_Trade], strict=False)
_TOPS = msgspec.json.Decoder(list[_Top], strict=False)
_MARKS = msgspec.json.Decoder(list[_Mark], strict=False)
_INDICES = msgspec.json.Decoder(list[_Index], strict=False)
_LIQUIDATIONS = msgspec.json.Decoder(list[_Liquidations], strict=False)
_CHANGES = msgspec.json.Decoder(tuple[_Change], strict=False)


class OkxDecoder:
    """Decodes frames about `contracts` (by instId) and their indices (by the index's instId).

    `index_prices` are the newest ones by asset, kept here and by whoever else reads frames of the same stream.
    """

    def __init__(
        self, contracts: Mapping[str, Contract], indices: Mapping[str, str], index_prices: dict[str, float]
    ) -> None:
        self._contracts = contracts
        self._indices = indices
        self._index_prices = index_prices
        self._readers = {
            "trades": self._trades,
            "bbo-tbt": self._tops,
            "books": self._change,
            "mark-price": self._marks,
            "index-tickers": self._index_tickers,
            "liquidation-orders": self._forced_orders,
        }

    def decode(self, text: str | bytes, recv_ns: int) -> Sequence[FrameContent] | BookChange | None:
        try:
            frame = _FRAMES.decode(text)
            reader = self._readers.get(frame.arg.channel)
            return None if reader is None else reader(frame, recv_ns)
        except (msgspec.MsgspecError, UnicodeError):
            return None

    def _trades(self, frame: _Frame, recv_ns: int) -> Found:
        found: Found = []
        for row in _TRADES.decode(frame.data):
            contract = self._contracts.get(row.instId)
            if contract is None:
                continue
            asset, qty, ts_ns = contract.asset, row.sz * contract.unit, row.ts * NS_PER_MS
            trade = Trade(ts_ns, recv_ns, VENUE, asset, row.px, qty, row.side == "buy", row.tradeId)
            found.append(FrameContent(Channel.TRADES, asset, trade, row.count or 1))
        return found

    def _tops(self, frame: _Frame, recv_ns: int) -> Found | None:
        contract = self._contracts.get(frame.arg.instId)
        if contract is None:
            return None
        found: Found = []
        for row in _TOPS.decode(frame.data):
            if not row.bids or not row.asks or row.bids[0].price >= row.asks[0].price:
                return None
            bid, ask, unit, ts_ns = row.bids[0], row.asks[0], contract.unit, row.ts * NS_PER_MS
            top = Top(ts_ns, recv_ns, VENUE, contract.asset, bid.price, bid.qty * unit, ask.price, ask.qty * unit)
            found.append(FrameContent(Channel.TOPS, contract.asset, top))
        return found

    def _change(self, frame: _Frame, recv_ns: int) -> BookChange | None:
        """A change of its own; a snapshot begins a new book, which is the library's to make."""
        contract = self._contracts.get(frame.arg.instId)
        if contract is None or frame.action != "update":
            return None
        (row,) = _CHANGES.decode(frame.data)
        return BookChange(contract.asset, row.ts * NS_PER_MS, row.prevSeqId, row.seqId, row.bids, row.asks)

    def _marks(self, frame: _Frame, recv_ns: int) -> Found:
        found: Found = []
        for row in _MARKS.decode(frame.data):
            contract = self._contracts.get(row.instId)
            if contract is None:
                continue
            asset, index = contract.asset, self._index_prices.get(contract.asset)
            mark = None if index is None else MarkPrice(row.ts * NS_PER_MS, recv_ns, VENUE, asset, row.markPx, index)
            found.append(FrameContent(Channel.MARK, asset, mark))
        return found

    def _index_tickers(self, frame: _Frame, recv_ns: int) -> Found:
        found: Found = []
        for row in _INDICES.decode(frame.data):
            asset = self._indices.get(row.instId)
            if asset is not None:
                self._index_prices[asset] = row.idxPx
                found.append(FrameContent(Channel.INDEX, asset, None))
        return found

    def _forced_orders(self, frame: _Frame, recv_ns: int) -> Found:
        found: Found = []
        for row in _LIQUIDATIONS.decode(frame.data):
            contract = self._contracts.get(row.instId)
            for detail in row.details if contract is not None else ():
                assert contract is not None
                asset, qty, ts_ns = contract.asset, detail.sz * contract.unit, detail.ts * NS_PER_MS
                is_long = detail.posSide == "long"
                forced = Liquidation(ts_ns, recv_ns, VENUE, asset, detail.bkPx, qty, is_long)
                found.append(FrameContent(Channel.LIQUIDATIONS, asset, forced))
        return found

"""Binance's USD-M frames, decoded by their type `e`."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from cockpit.domain.events import Liquidation, MarkPrice, Top, Trade
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.channels import Channel
from cockpit.exchanges.base.decoder import BookChange, Level, Positive, Whole
from cockpit.exchanges.base.frames import FrameContent
from cockpit.exchanges.binance.frames import VENUE


class _Frame(Struct, tag_field="e", gc=False):
    s: str


class _AggTrade(_Frame, tag="aggTrade", gc=False):
    a: Whole
    p: Positive
    q: Positive
    T: Whole
    m: bool


class _BookTicker(_Frame, tag="bookTicker", gc=False):
    b: Positive
    B: Positive
    a: Positive
    A: Positive
    T: Whole


class _MarkPriceUpdate(_Frame, tag="markPriceUpdate", gc=False):
    E: Whole
    p: Positive
    i: Positive


class _DepthUpdate(_Frame, tag="depthUpdate", gc=False):
    T: Whole
    u: Whole
    pu: Whole
    b: list[Level]
    a: list[Level]


class _Order(Struct, gc=False):
    s: str
    S: str
    ap: Positive
    z: Positive
    T: Whole


class _ForceOrder(Struct, tag_field="e", tag="forceOrder", gc=False):
    o: _Order


_FRAMES = msgspec.json.Decoder(
    _AggTrade | _BookTicker | _DepthUpdate | _MarkPriceUpdate | _ForceOrder,
    strict=False,  # its numbers come as text
)


class BinanceDecoder:
    """Decodes frames about the perpetuals in `assets`: the venue's symbol to the asset."""

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._assets = assets

    def decode(self, text: str | bytes, recv_ns: int) -> Sequence[FrameContent] | BookChange | None:
        try:
            frame = _FRAMES.decode(text)
        except (msgspec.MsgspecError, UnicodeError):
            return None
        if type(frame) is _ForceOrder:
            return self._liquidation(frame.o, recv_ns)
        asset = self._assets.get(frame.s)
        if asset is None:
            return None
        if type(frame) is _BookTicker:
            if frame.b >= frame.a:
                return None
            ts_ns = frame.T * NS_PER_MS
            top = Top(ts_ns, recv_ns, VENUE, asset, frame.b, frame.B, frame.a, frame.A)
            return (FrameContent(Channel.TOPS, asset, top),)
        if type(frame) is _AggTrade:
            ts_ns = frame.T * NS_PER_MS
            trade = Trade(ts_ns, recv_ns, VENUE, asset, frame.p, frame.q, not frame.m, frame.a)
            return (FrameContent(Channel.TRADES, asset, trade),)
        if type(frame) is _DepthUpdate:
            return BookChange(asset, frame.T * NS_PER_MS, frame.pu, frame.u, frame.b, frame.a)
        assert type(frame) is _MarkPriceUpdate
        mark = MarkPrice(frame.E * NS_PER_MS, recv_ns, VENUE, asset, frame.p, frame.i)
        return (FrameContent(Channel.MARK, asset, mark),)

    def _liquidation(self, order: _Order, recv_ns: int) -> Sequence[FrameContent]:
        """The order's side is the opposite of the position's."""
        asset = self._assets.get(order.s)
        if asset is None:
            return ()
        ts_ns, is_long = order.T * NS_PER_MS, order.S == "SELL"
        forced = Liquidation(ts_ns, recv_ns, VENUE, asset, order.ap, order.z, is_long)
        return (FrameContent(Channel.LIQUIDATIONS, asset, forced),)

"""A paper venue with a hand on the market: each call is one event, a millisecond after the one before."""

from collections.abc import Sequence
from typing import Protocol

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import PaperSection
from cockpit.domain.actions import CancelOrder, FlattenVenues, PlaceOrder, QueryOrder, QueryPosition
from cockpit.domain.events import (
    Depth,
    FundingRate,
    MarkPrice,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    Tick,
    Top,
    Trade,
    VenueEvent,
)
from cockpit.domain.kinds import Mode, OrderRole, OrderType, Side, TradePhase
from cockpit.domain.orders import OrderRequest
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS
from cockpit.paper.venue import PaperVenue

START_NS = 1_760_832_000_000_000_000
BUY, SELL = Side.LONG, Side.SHORT


class Scene:
    """BTC on Binance unless said otherwise; prices around 100,000 so that a lot of 0.001 is worth 100 USD."""

    def __init__(self, config: CockpitConfig, latency_ms: float = 0.0, venue: str = "binance", asset: str = "BTC"):
        self.config = config.model_copy(update={"paper": PaperSection(latency_ms=latency_ms)})
        self.paper = PaperVenue(self.config)
        self.venue = venue
        self.asset = asset
        self.now_ns = START_NS
        self.sent = 0
        self.prints = 0

    def ms(self, since_start: float) -> int:
        return START_NS + round(since_start * NS_PER_MS)

    def top(
        self,
        bid: float,
        ask: float,
        qty: float = 10.0,
        *,
        ask_qty: float | None = None,
        venue: str | None = None,
        after_ms: float = 1.0,
    ) -> Sequence[VenueEvent]:
        now = self._step(after_ms)
        size = qty if ask_qty is None else ask_qty
        return self.paper.on_market(Top(now, now, venue or self.venue, self.asset, bid, qty, ask, size))

    def depth(
        self, bids: Sequence[tuple[float, float]], asks: Sequence[tuple[float, float]], *, after_ms: float = 1.0
    ) -> Sequence[VenueEvent]:
        now = self._step(after_ms)
        return self.paper.on_market(Depth(now, now, self.venue, self.asset, tuple(bids), tuple(asks)))

    def print(
        self, price: float, qty: float = 10.0, *, venue: str | None = None, after_ms: float = 1.0
    ) -> Sequence[VenueEvent]:
        now = self._step(after_ms)
        self.prints += 1
        return self.paper.on_market(Trade(now, now, venue or self.venue, self.asset, price, qty, True, self.prints))

    def mark(self, price: float) -> Sequence[VenueEvent]:
        now = self._step(1.0)
        return self.paper.on_market(MarkPrice(now, now, self.venue, self.asset, price, price))

    def funding(self, rate_bps_8h: float, next_ns: int, interval_h: float = 8.0) -> Sequence[VenueEvent]:
        now = self._step(1.0)
        return self.paper.on_market(FundingRate(now, self.asset, self.venue, rate_bps_8h, interval_h, next_ns))

    def tick(self, after_ms: float = 1.0) -> Sequence[VenueEvent]:
        return self.paper.on_market(Tick(self._step(after_ms)))

    def request(
        self,
        side: Side,
        qty: float,
        *,
        limit: float | None = None,
        trigger: float | None = None,
        role: OrderRole = OrderRole.ENTRY,
        reduce_only: bool = False,
        expires_ns: int | None = None,
        order_id: str | None = None,
    ) -> OrderRequest:
        self.sent += 1
        order_type = OrderType.MARKET
        if limit is not None:
            order_type = OrderType.LIMIT
        elif trigger is not None:
            order_type = OrderType.STOP_MARKET
        return OrderRequest(
            order_id=order_id or f"o{self.sent}",
            trade_id="t1",
            venue=self.venue,
            asset=self.asset,
            side=side,
            role=role,
            order_type=order_type,
            qty=qty,
            reduce_only=reduce_only,
            decided_ns=self.now_ns,
            decision_price=100_000.0,
            limit_price=limit,
            trigger_price=trigger,
            expires_ns=expires_ns,
        )

    def place(self, request: OrderRequest) -> Sequence[VenueEvent]:
        return self.paper.submit(PlaceOrder(self.now_ns, request))

    def market(self, side: Side, qty: float, *, order_id: str | None = None) -> Sequence[VenueEvent]:
        return self.place(self.request(side, qty, order_id=order_id))

    def limit(
        self, side: Side, qty: float, price: float, *, order_id: str | None = None, expires_ns: int | None = None
    ) -> Sequence[VenueEvent]:
        return self.place(self.request(side, qty, limit=price, order_id=order_id, expires_ns=expires_ns))

    def stop(self, side: Side, qty: float, trigger: float, *, order_id: str = "stop") -> Sequence[VenueEvent]:
        return self.place(
            self.request(side, qty, trigger=trigger, role=OrderRole.STOP, reduce_only=True, order_id=order_id)
        )

    def target(self, side: Side, qty: float, price: float, *, order_id: str = "target") -> Sequence[VenueEvent]:
        return self.place(
            self.request(side, qty, limit=price, role=OrderRole.TARGET, reduce_only=True, order_id=order_id)
        )

    def close(self, side: Side, qty: float, *, order_id: str = "close") -> Sequence[VenueEvent]:
        return self.place(self.request(side, qty, role=OrderRole.CLOSE, reduce_only=True, order_id=order_id))

    def cancel(self, order_id: str) -> Sequence[VenueEvent]:
        return self.paper.submit(CancelOrder(self.now_ns, order_id, self.venue, self.asset))

    def query(self, order_id: str) -> Sequence[VenueEvent]:
        return self.paper.submit(QueryOrder(self.now_ns, order_id, self.venue, self.asset))

    def query_position(self) -> Sequence[VenueEvent]:
        return self.paper.submit(QueryPosition(self.now_ns, self.venue, self.asset))

    def flatten(self, *venues: str) -> Sequence[VenueEvent]:
        return self.paper.submit(FlattenVenues(self.now_ns, venues or (self.venue,), "operator"))

    def long(self, qty: float, price: float = 100_000.0) -> None:
        """Hold a long bought at `price`, with the book one dollar wide above it."""
        self.top(price - 1.0, price, qty + 10.0)
        self.market(BUY, qty, order_id=f"entry{self.sent}")
        assert self.position == qty

    def short(self, qty: float, price: float = 100_000.0) -> None:
        """Hold a short sold at `price`, with the book one dollar wide below it."""
        self.top(price, price + 1.0, qty + 10.0)
        self.market(SELL, qty, order_id=f"entry{self.sent}")
        assert self.position == -qty

    @property
    def position(self) -> float:
        return self.paper.position(self.venue, self.asset)

    @property
    def working_ids(self) -> list[str]:
        return [order.request.order_id for order in self.paper.working()]

    def _step(self, after_ms: float) -> int:
        self.now_ns += round(after_ms * NS_PER_MS)
        return self.now_ns


def names(events: Sequence[VenueEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def fills(events: Sequence[VenueEvent]) -> list[tuple[float, float]]:
    """(quantity, price) of every execution."""
    return [(event.qty, event.price) for event in events if isinstance(event, OrderFilled)]


def reasons(events: Sequence[VenueEvent]) -> list[tuple[str, str]]:
    """(order, reason) of everything that was cancelled or rejected."""
    return [(e.order_id, e.reason) for e in events if isinstance(e, OrderCancelled | OrderRejected)]


def open_trade(
    side: Side, open_qty: float, entry_price: float, venue: str = "binance", asset: str = "BTC", trade_id: str = "t1"
) -> TradeRecord:
    """A trade as the journal holds it: filled, and still open."""
    return TradeRecord(
        trade_id=trade_id,
        verdict_id="v1",
        setup="test",
        asset=asset,
        venue=venue,
        side=side,
        mode=Mode.PAPER,
        phase=TradePhase.OPEN,
        decided_ns=START_NS,
        decision_price=entry_price,
        asked_qty=open_qty,
        stop_bps=30.0,
        initial_stop_price=0.0,
        risk_usd=1.0,
        requested_usd=open_qty * entry_price,
        notional_usd=open_qty * entry_price,
        size_factor=1.0,
        entry_qty=open_qty,
        entry_price=entry_price,
        open_qty=open_qty,
    )


class MakeScene(Protocol):
    """The fixture that makes scenes."""

    def __call__(self, latency_ms: float = 0.0, venue: str = "binance", asset: str = "BTC") -> Scene: ...

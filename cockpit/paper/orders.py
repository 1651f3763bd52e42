"""An order as the paper venue keeps it."""

from math import inf, nextafter

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.domain.quantity import is_multiple, rounded
from cockpit.domain.units import NS_PER_MS, offset_price

# What the paper venue refuses, each refusal with both numbers.


def refusal(request: OrderRequest, instrument: Instrument, market_price: float | None, now_ns: int) -> str | None:
    """Why this order may not enter, or None. `market_price` values a market order; None skips its smallest notional."""
    where = f"({request.venue} {request.asset})"
    return (
        _quantity(request, instrument, where)
        or _prices(request, instrument, where)
        or _expiry(request, now_ns)
        or _notional(request, instrument, market_price, where)
    )


def _quantity(request: OrderRequest, instrument: Instrument, where: str) -> str | None:
    qty = request.qty
    if not 0 < qty < float("inf"):
        return f"expected a quantity above 0, was {qty:g} {where}"
    if not is_multiple(qty, instrument.lot):
        return f"quantity {qty:.10g} is not a multiple of the lot {instrument.lot:g} {where}"
    if rounded(qty) < instrument.min_qty:
        return f"quantity {qty:.10g} under the minimum {instrument.min_qty:g} {where}"
    return None


def _prices(request: OrderRequest, instrument: Instrument, where: str) -> str | None:
    expected = {
        OrderType.MARKET: (),
        OrderType.LIMIT: (("limit price", request.limit_price),),
        OrderType.STOP_MARKET: (("trigger price", request.trigger_price),),
    }
    for name, price in expected[request.order_type]:
        if price is None or not 0 < price < float("inf"):
            return f"expected a {name} above 0, was {price} {where}"
        if not is_multiple(price, instrument.tick_usd):
            return f"{name} {price:.10g} is not on the tick {instrument.tick_usd:g} {where}"
    return None


def _expiry(request: OrderRequest, now_ns: int) -> str | None:
    if request.order_type is not OrderType.LIMIT or request.expires_ns is None or request.expires_ns > now_ns:
        return None
    return f"expired {(now_ns - request.expires_ns) / NS_PER_MS:g} ms before it reached the venue"


def _notional(request: OrderRequest, instrument: Instrument, market_price: float | None, where: str) -> str | None:
    price = request.limit_price or request.trigger_price or market_price
    if request.reduce_only or price is None:
        return None
    notional_usd = request.qty * price
    if notional_usd >= instrument.min_notional_usd:
        return None
    return f"notional {notional_usd:.2f} USD under the minimum {instrument.min_notional_usd:.2f} USD {where}"


class PaperOrder:
    """One order on the venue. `taking` means it executes against every fresh top until it is done.

    `worst` bounds the price of a triggered stop: a sweep prints before its top arrives, so the known book may still
    show prices that are gone.
    """

    __slots__ = ("detail", "fees_usd", "fill_ids", "filled", "request", "status", "taking", "value_usd", "worst")

    def __init__(self, request: OrderRequest) -> None:
        self.request = request
        self.status = OrderStatus.WORKING
        self.filled = 0.0
        self.value_usd = 0.0
        self.fees_usd = 0.0
        self.fill_ids: tuple[str, ...] = ()
        self.detail = ""
        self.taking = request.order_type is OrderType.MARKET
        self.worst: float | None = None

    @classmethod
    def restored(cls, progress: OrderProgress) -> "PaperOrder":
        """The order as the journal holds it. A stop that has begun to fill was triggered and goes on taking."""
        order = cls(progress.request)
        order.status = progress.status
        order.filled = progress.filled_qty
        order.value_usd = progress.filled_qty * progress.average_price
        order.fees_usd = progress.fees_usd
        order.fill_ids = progress.fill_ids
        order.detail = progress.detail
        if order.request.order_type is OrderType.STOP_MARKET and order.filled > 0:
            order.trigger(order.request.trigger_price)
        return order

    @property
    def is_final(self) -> bool:
        """Whether nothing of it can execute any more."""
        return self.status.is_final

    @property
    def left(self) -> float:
        """Base coins not executed yet."""
        return rounded(self.request.qty - self.filled)

    @property
    def venue_order_id(self) -> str:
        """The venue's own id: follows from ours, so that it is the same after a restart."""
        return f"paper-{self.request.order_id}"

    def trigger(self, worst: float | None) -> None:
        """A stop becomes a market order that never fills better than `worst`."""
        self.taking = True
        self.worst = worst

    def taker_price(self, level_price: float, stop_slippage_bps: float = 0.0) -> float:
        """What it pays as a taker at this level of the known book; a stop so much more."""
        buys = self.request.side is Side.LONG
        price = level_price
        if self.worst is not None:
            price = max(level_price, self.worst) if buys else min(level_price, self.worst)
        if stop_slippage_bps and self.request.order_type is OrderType.STOP_MARKET:
            price = offset_price(price, stop_slippage_bps * self.request.side.sign)
        return price

    def accepts(self, level_price: float) -> bool:
        """Whether its limit, if it has one, lets it take at this price."""
        limit = self.request.limit_price
        if limit is None or self.request.order_type is not OrderType.LIMIT:
            return True
        return level_price <= limit if self.request.side is Side.LONG else level_price >= limit

    def is_traded_through(self, price: float) -> bool:
        """Whether it is a resting limit and a print lies strictly beyond it."""
        limit = self.request.limit_price
        if limit is None or self.request.order_type is not OrderType.LIMIT:
            return False
        return price < limit if self.request.side is Side.LONG else price > limit

    def is_triggered_by(self, price: float) -> bool:
        """Whether it is a resting stop and this price is at or through its trigger."""
        trigger = self.request.trigger_price
        if trigger is None or self.taking or self.request.order_type is not OrderType.STOP_MARKET:
            return False
        return price >= trigger if self.request.side is Side.LONG else price <= trigger

    def fences(self) -> tuple[float, float]:
        """The prints that concern it: at or under the first, at or above the second."""
        if self.taking:
            return 0.0, inf
        buys = self.request.side is Side.LONG
        if self.request.trigger_price is not None:
            return (0.0, self.request.trigger_price) if buys else (self.request.trigger_price, inf)
        limit = self.request.limit_price or 0.0
        return (nextafter(limit, 0.0), inf) if buys else (0.0, nextafter(limit, inf))

    def add_fill(self, qty: float, price: float, fee_usd: float) -> str:
        """Count one execution and return its id, which names what is filled by then: no restart gives one twice."""
        self.filled = rounded(self.filled + qty)
        self.value_usd += qty * price
        self.fees_usd += fee_usd
        self.status = OrderStatus.FILLED if self.left <= 0 else OrderStatus.PARTLY_FILLED
        fill_id = f"{self.request.venue}-{self.request.order_id}-{self.filled:.10g}"
        self.fill_ids = (*self.fill_ids, fill_id)
        return fill_id

    def end(self, status: OrderStatus, reason: str) -> None:
        """Nothing more of it will execute."""
        self.status = status
        self.detail = reason

    def progress(self) -> OrderProgress:
        """The order and what became of it, in the engine's words."""
        return OrderProgress(
            request=self.request,
            status=self.status,
            filled_qty=self.filled,
            average_price=self.value_usd / self.filled if self.filled > 0 else 0.0,
            fees_usd=self.fees_usd,
            venue_order_id=self.venue_order_id,
            detail=self.detail,
            fill_ids=self.fill_ids,
        )

"""What the paper venue refuses at its door, each refusal with both numbers."""

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import OrderType
from cockpit.domain.orders import OrderRequest
from cockpit.domain.quantity import is_multiple, rounded
from cockpit.domain.units import NS_PER_MS


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

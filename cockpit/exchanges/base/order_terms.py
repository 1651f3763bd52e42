"""What every venue's orders need of a request: what it is for, a price where its kind has one, whether it reduces."""

from cockpit.domain.kinds import OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account import HeldPosition, RefusalKind, Refused, VenueOrder
from cockpit.exchanges.base.call_kind import CallKind


def kind_of(order: OrderRequest) -> CallKind:
    if not order.reduce_only:
        return CallKind.ENTRY
    return CallKind.TARGET if order.order_type is OrderType.LIMIT else CallKind.EXIT


def given(price: float | None, what: str) -> float:
    """A price that the kind of order needs. Raises `Refused` where there is none: nothing is sent."""
    if price is None or not price > 0.0:
        raise Refused(RefusalKind.OTHER, "", f"expected {what} over 0, was {price}: nothing was sent")
    return price


def reducing(order: OrderRequest, position: HeldPosition | None, side_key: str) -> dict[str, str]:
    """What makes an order one that can only reduce: in an account that keeps two sides the side says so by itself."""
    if position is not None and position.hedge_side:
        return {side_key: position.hedge_side}
    return {"reduceOnly": "true"} if order.reduce_only else {}


def accepted(order: OrderRequest, client_id: str, venue_order_id: str) -> VenueOrder:
    """The venue answers an order with its ids only: how it stands is told by the stream, or asked."""
    return VenueOrder(
        client_id=client_id,
        venue_order_id=venue_order_id,
        asset=order.asset,
        side=order.side,
        status=OrderStatus.WORKING,
        qty=order.qty,
        filled_qty=0.0,
        average_price=0.0,
        reduce_only=order.reduce_only,
        is_conditional=order.order_type is OrderType.STOP_MARKET,
        limit_price=order.limit_price,
        trigger_price=order.trigger_price,
        detail="accepted",
    )


def venue_side(side: Side) -> str:
    """Most venues' word for buying or selling."""
    return "buy" if side is Side.LONG else "sell"

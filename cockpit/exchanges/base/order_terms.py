"""What every venue's orders need of a request: what it is for, a price where its kind has one, whether it reduces."""

from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account import HeldPosition, RefusalKind, Refused
from cockpit.exchanges.base.call_kind import CallKind


def kind_of(order: OrderRequest) -> CallKind:
    return CallKind.EXIT if order.reduce_only else CallKind.ENTRY


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

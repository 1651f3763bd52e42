"""What every venue's orders need of a request: what it is for, and a price where its kind has one."""

from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account import RefusalKind, Refused
from cockpit.exchanges.base.call_kind import CallKind


def kind_of(order: OrderRequest) -> CallKind:
    return CallKind.EXIT if order.reduce_only else CallKind.ENTRY


def given(price: float | None, what: str) -> float:
    """A price that the kind of order needs. Raises `Refused` where there is none: nothing is sent."""
    if price is None or not price > 0.0:
        raise Refused(RefusalKind.OTHER, "", f"expected {what} over 0, was {price}: nothing was sent")
    return price

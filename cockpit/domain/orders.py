"""Orders as the engine asks for them and follows them."""

import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from cockpit.domain.kinds import OrderRole, OrderStatus, OrderType, Side

ROLE_LETTER = {OrderRole.ENTRY: "e", OrderRole.STOP: "s", OrderRole.TARGET: "t", OrderRole.CLOSE: "c"}
"""An order's id is its trade's, its role's letter and a number: `t000001e1`, `t000001s2`."""
_EXIT_ID = re.compile(r"(t[0-9]+)[stc][0-9]+")


def trade_left_by(order_id: str) -> str | None:
    """The trade whose exit an order of ours is, by its id; None for an entry's and for any other id."""
    found = _EXIT_ID.fullmatch(order_id)
    return found.group(1) if found else None


class OrderStep(StrEnum):
    """What can be told of an order. PARTLY_FILLED leaves something of it, FILLED nothing."""

    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_ANY = {
    OrderStep.PARTLY_FILLED: OrderStatus.PARTLY_FILLED,
    OrderStep.FILLED: OrderStatus.FILLED,
    OrderStep.CANCELLED: OrderStatus.CANCELLED,
    OrderStep.UNKNOWN: OrderStatus.UNKNOWN,
}
_UNTOUCHED = {OrderStep.ACCEPTED: OrderStatus.WORKING, OrderStep.REJECTED: OrderStatus.REJECTED}
ORDER_TABLE: Mapping[OrderStatus, Mapping[OrderStep, OrderStatus]] = {
    OrderStatus.SENT: _ANY | _UNTOUCHED,
    OrderStatus.WORKING: _ANY | _UNTOUCHED,
    OrderStatus.UNKNOWN: _ANY | _UNTOUCHED,
    OrderStatus.PARTLY_FILLED: _ANY | {OrderStep.ACCEPTED: OrderStatus.PARTLY_FILLED},
    OrderStatus.FILLED: dict.fromkeys(
        (OrderStep.ACCEPTED, OrderStep.PARTLY_FILLED, OrderStep.FILLED, OrderStep.CANCELLED, OrderStep.UNKNOWN),
        OrderStatus.FILLED,
    ),
    OrderStatus.CANCELLED: {
        OrderStep.PARTLY_FILLED: OrderStatus.CANCELLED,
        OrderStep.FILLED: OrderStatus.FILLED,
        OrderStep.CANCELLED: OrderStatus.CANCELLED,
        OrderStep.UNKNOWN: OrderStatus.CANCELLED,
    },
    OrderStatus.REJECTED: {OrderStep.REJECTED: OrderStatus.REJECTED, OrderStep.UNKNOWN: OrderStatus.REJECTED},
}
"""Where an order stands after each thing that can be told of it. What is not here is impossible: it is said,
an order that may still execute is unknown from then on and asked for, and one that is over stays as it was. An
execution is booked all the same, since it is money.

A resting stop may still be rejected when it triggers. What executed cannot have been refused. What was over and is told
again, or is told of late, changes nothing but the executions it had.
"""


def status_after(status: OrderStatus, step: OrderStep, has_filled: bool) -> OrderStatus | None:
    """The status that follows; None for what is impossible. `has_filled`: something of it has executed already."""
    if status is OrderStatus.UNKNOWN and has_filled:
        # Nobody knows whether more of it executes; that something has is known.
        status = OrderStatus.PARTLY_FILLED
    return ORDER_TABLE[status].get(step)


class OrderRequest(msgspec.Struct, frozen=True):
    """One order for a venue. `side` is the direction it trades (long = buys). `order_id` is ours and counted.

    A MARKET order has neither price; a LIMIT has `limit_price`; a STOP_MARKET has `trigger_price`. A LIMIT entry that
    has not filled by `expires_ns` is cancelled. `decided_ns` and `decision_price` say when and at what price.
    """

    order_id: str
    trade_id: str
    venue: str
    asset: str
    side: Side
    role: OrderRole
    order_type: OrderType
    qty: float
    reduce_only: bool
    decided_ns: int
    decision_price: float
    limit_price: float | None = None
    trigger_price: float | None = None
    expires_ns: int | None = None
    post_only: bool = False
    """A LIMIT that is refused where it would take."""


class OrderProgress(msgspec.Struct, frozen=True):
    """An order and what became of it so far. `fill_ids` are the executions booked: none is ever booked twice."""

    request: OrderRequest
    status: OrderStatus = OrderStatus.SENT
    filled_qty: float = 0.0
    average_price: float = 0.0
    fees_usd: float = 0.0
    venue_order_id: str = ""
    detail: str = ""
    fill_ids: tuple[str, ...] = ()

    @property
    def open_qty(self) -> float:
        """Base coins that can still execute."""
        return 0.0 if self.status.is_final else self.request.qty - self.filled_qty

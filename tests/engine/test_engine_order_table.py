"""The one table of what may become of an order, walked by the engine's book of orders: nothing else ever happens."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.actions import AnyAction, Notice, OrderChanged, QueryOrder
from cockpit.domain.events import (
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from cockpit.domain.kinds import OrderRole, OrderStatus, OrderType, Side
from cockpit.domain.orders import ORDER_TABLE, OrderRequest, OrderStep, status_after
from cockpit.engine.order_manager import STEP_OF, OrderManager
from cockpit.engine.outbox import Outbox

QTY = 0.01
ORDER_ID = "t000001e1"


def request() -> OrderRequest:
    return OrderRequest(
        ORDER_ID, "t000001", "okx", "ETH", Side.LONG, OrderRole.ENTRY, OrderType.MARKET, QTY, False, 0, 4_000.0
    )


def happened(step: OrderStep, number: int, qty: float = QTY / 4) -> OrderEvent:
    match step:
        case OrderStep.ACCEPTED:
            return OrderAccepted(number, ORDER_ID, "v1")
        case OrderStep.PARTLY_FILLED | OrderStep.FILLED:
            return OrderFilled(number, ORDER_ID, f"f{number}", qty, 4_000.0, 0.01, False)
        case OrderStep.REJECTED:
            return OrderRejected(number, ORDER_ID, "no margin")
        case OrderStep.CANCELLED:
            return OrderCancelled(number, ORDER_ID, "by the venue")
        case OrderStep.UNKNOWN:
            return OrderUnknown(number, ORDER_ID, "time-out")


class Book:
    """An order manager with one order, and what it decided."""

    def __init__(self) -> None:
        self.manager = OrderManager()
        self.status, self.filled = OrderStatus.SENT, 0.0
        out = Outbox(0, [])
        self.manager.place(request(), out)

    def feed(self, event: OrderEvent) -> Sequence[AnyAction]:
        out = Outbox(event.ts_ns, [])
        self.manager.apply(event, out)
        changed = [action for action in out.actions if isinstance(action, OrderChanged)]
        if changed:
            self.status, self.filled = changed[-1].order.status, changed[-1].order.filled_qty
        return out.actions


@given(st.lists(st.sampled_from(OrderStep), max_size=12))
def test_every_change_is_in_the_table_and_every_impossible_word_is_said(steps: list[OrderStep]) -> None:
    book = Book()
    for number, asked in enumerate(steps, start=1):
        before, filled = book.status, book.filled
        event = happened(asked, number)
        step = STEP_OF.get(type(event)) or (
            OrderStep.FILLED if filled + QTY / 4 >= QTY - 1e-12 else OrderStep.PARTLY_FILLED
        )
        actions = book.feed(event)
        after = status_after(before, step, filled > 0)
        said = [action for action in actions if isinstance(action, Notice)]
        if after is not None:
            assert book.status is after, (before, step)
        elif isinstance(event, OrderFilled) or before.is_final:
            assert book.status is before and said, (before, step)
        else:
            assert book.status is OrderStatus.UNKNOWN, (before, step)
        assert book.filled == pytest.approx(filled + (QTY / 4 if isinstance(event, OrderFilled) else 0.0))


def test_what_executed_cannot_have_been_refused(books: int = 3) -> None:
    """Said once, unknown from then on and asked for; repeating it says and asks nothing more by itself."""
    book = Book()
    book.feed(happened(OrderStep.PARTLY_FILLED, 1))
    actions = book.feed(happened(OrderStep.REJECTED, 2))
    assert [type(action) for action in actions] == [OrderChanged, Notice, QueryOrder]
    assert book.status is OrderStatus.UNKNOWN
    for number in range(books):
        assert not book.feed(happened(OrderStep.REJECTED, 3 + number))


def test_every_status_has_its_row_and_what_is_over_stays_over() -> None:
    assert set(ORDER_TABLE) == set(OrderStatus)
    for status, row in ORDER_TABLE.items():
        if status.is_final:
            assert all(after.is_final for after in row.values())
        else:
            assert OrderStep.UNKNOWN in row and OrderStep.FILLED in row

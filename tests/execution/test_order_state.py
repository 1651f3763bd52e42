"""One order's bookkeeping: whatever order its words come in, each execution is told once and the end comes last."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_stage import ask

from cockpit.domain.actions import Notice, QueryOrder
from cockpit.domain.events import (
    FillInferred,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from cockpit.domain.kinds import OrderRole, OrderStatus, Side
from cockpit.domain.orders import OrderStep, status_after
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.exchanges.base.account import VenueFill, VenueOrder
from cockpit.execution.order_state import OrderState

QTY = 1.0
ORDER_ID, CLIENT_ID = "t000001e1", "ckabc123t000001e1"


def kept() -> OrderState:
    return OrderState.asked(ask(ORDER_ID, Side.LONG, QTY), CLIENT_ID, 0)


def row(status: OrderStatus, filled: float = 0.0, detail: str = "") -> VenueOrder:
    return VenueOrder(CLIENT_ID, "77", "BTC", Side.LONG, status, QTY, filled, 100.0, False, False, None, None, detail)


def fill(number: int, qty: float = 0.25) -> VenueFill:
    return VenueFill(f"f{number}", CLIENT_ID, "BTC", Side.LONG, qty, 100.0 + number, 0.01, False, number)


def names(events: Sequence[OrderEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


Row = VenueOrder | VenueFill


def story(fills: int, ends: OrderStatus) -> list[Row]:
    """What a venue says of an order of four quarters, in order."""
    said: list[Row] = [row(OrderStatus.WORKING)]
    for number in range(1, fills + 1):
        said += [fill(number), row(OrderStatus.PARTLY_FILLED, number * 0.25)]
    return [*said, row(ends, fills * 0.25)]


def take(order: OrderState, said: Row) -> list[OrderEvent]:
    return order.take(said, 1) if isinstance(said, VenueOrder) else order.book([said], 1)


@st.composite
def disordered(draw: st.DrawFn) -> tuple[int, OrderStatus, list[Row]]:
    """A story with words repeated, lost and in any order."""
    fills = draw(st.integers(0, 4))
    ends = OrderStatus.FILLED if fills == 4 else draw(st.sampled_from([OrderStatus.CANCELLED, OrderStatus.REJECTED]))
    ends = OrderStatus.CANCELLED if fills else ends
    told = story(fills, OrderStatus.FILLED if fills == 4 else ends)
    heard = draw(st.lists(st.sampled_from(told), max_size=2 * len(told)))
    return fills, told[-1].status, draw(st.permutations(heard))  # type: ignore[union-attr]


@given(disordered())
def test_in_any_order_with_any_loss_each_fill_is_told_once_and_a_look_at_the_venue_completes_the_books(
    case: tuple[int, OrderStatus, list[Row]],
) -> None:
    fills, ends, heard = case
    order = kept()
    events = [event for said in heard for event in take(order, said)]
    events += order.take(row(ends, fills * 0.25), 2)
    events += order.book([fill(number) for number in range(1, fills + 1)], 2)

    told = [event for event in events if isinstance(event, OrderFilled)]
    assert sorted(one.fill_id for one in told) == sorted(f"f{number}" for number in range(1, fills + 1))
    assert order.filled == fills * 0.25 and not order.lacks_fills and order.is_over
    assert sum(isinstance(event, OrderAccepted) for event in events) <= 1
    ended = [place for place, event in enumerate(events) if isinstance(event, OrderCancelled | OrderRejected)]
    assert len(ended) == (ends is not OrderStatus.FILLED)
    last_fill = max((place for place, event in enumerate(events) if isinstance(event, OrderFilled)), default=-1)
    assert all(place > last_fill for place in ended)
    accepted = [place for place, event in enumerate(events) if isinstance(event, OrderAccepted)]
    first_fill = min((place for place, event in enumerate(events) if isinstance(event, OrderFilled)), default=99)
    assert all(place < first_fill for place in accepted)


@given(disordered())
def test_the_engines_books_end_as_the_venues(case: tuple[int, OrderStatus, list[Row]]) -> None:
    fills, ends, heard = case
    manager, out, order = OrderManager(), Outbox(0, []), kept()
    manager.place(ask(ORDER_ID, Side.LONG, QTY), out)
    said = [*heard, row(ends, fills * 0.25), *(fill(number) for number in range(1, fills + 1))]
    progress = None
    for one in said:
        for event in take(order, one):
            if not isinstance(event, FillInferred):  # that protects, and books nothing
                progress = manager.apply(event, out) or progress
    assert progress is not None and progress.status is ends
    assert progress.filled_qty == pytest.approx(fills * 0.25)
    assert not [action for action in out.actions if isinstance(action, Notice)]


def test_the_end_waits_for_the_fills_that_the_venue_counts() -> None:
    order = kept()
    assert names(order.take(row(OrderStatus.CANCELLED, 0.5), 1)) == ["OrderAccepted", "FillInferred"]
    assert order.lacks_fills
    assert names(order.book([fill(1)], 1)) == ["OrderFilled"]
    assert names(order.book([fill(2)], 1)) == ["OrderFilled", "OrderCancelled"]


def test_an_order_cut_to_the_position_is_over_once_the_venue_is_done_with_it() -> None:
    """Reduce-only takes no more than is held; the rest is gone."""
    order = kept()
    order.book([fill(1)], 1)
    (ended,) = order.take(row(OrderStatus.FILLED, 0.25), 1)
    assert isinstance(ended, OrderCancelled) and "0.25 of 1" in ended.reason


def test_an_order_given_up_that_lives_is_told_again_and_so_is_its_fill() -> None:
    order = kept()
    order.doubt("timed out", 1)
    assert names(order.refuse("never arrived", 2)) == ["OrderRejected"]
    assert names(order.take(row(OrderStatus.WORKING), 3)) == ["OrderAccepted"]
    assert names(order.book([fill(1)], 4)) == ["OrderFilled"]


def test_a_word_from_before_the_end_revives_nothing() -> None:
    order = kept()
    order.take(row(OrderStatus.CANCELLED), 1)
    assert order.take(row(OrderStatus.WORKING), 2) == []
    assert order.is_over


def test_doubt_is_told_once_and_ends_with_the_venues_word() -> None:
    order = kept()
    assert names(order.doubt("timed out", 1)) == ["OrderUnknown"]
    assert order.doubt("timed out", 2) == []
    assert names(order.take(row(OrderStatus.WORKING), 3)) == ["OrderAccepted"]
    assert names(order.doubt("again", 4)) == ["OrderUnknown"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (OrderStatus.WORKING, OrderAccepted),
        (OrderStatus.CANCELLED, OrderCancelled),
        (OrderStatus.REJECTED, OrderRejected),
    ],
)
def test_a_question_is_answered_with_what_was_told_last(status: OrderStatus, answer: type[OrderEvent]) -> None:
    order = kept()
    order.take(row(status), 1)
    assert [type(event) for event in order.answer(2)] == [answer]


def test_a_restored_order_knows_its_fills_and_waits_for_the_venues_word() -> None:
    manager, out = OrderManager(), Outbox(0, [])
    manager.place(ask("t000001s2", Side.SHORT, QTY, OrderRole.STOP, trigger=90.0), out)
    manager.apply(OrderAccepted(1, "t000001s2", "77"), out)
    progress = manager.apply(OrderFilled(2, "t000001s2", "f1", 0.25, 90.0, 0.01, False), out)
    assert progress is not None
    order = OrderState.restored(progress, CLIENT_ID)
    assert order.is_conditional and not order.is_resting and order.answer(3) == []
    assert names(order.book([fill(1), fill(2)], 4)) == ["OrderAccepted", "OrderFilled"]


def test_unknown_says_nothing_of_an_order_that_is_over() -> None:
    order = kept()
    order.take(row(OrderStatus.CANCELLED), 1)
    assert order.doubt("late", 2) == []
    assert not any(isinstance(event, OrderUnknown) for event in order.answer(2))


STEPS = {
    OrderAccepted: OrderStep.ACCEPTED,
    OrderRejected: OrderStep.REJECTED,
    OrderCancelled: OrderStep.CANCELLED,
    OrderUnknown: OrderStep.UNKNOWN,
}
DONE = tuple(
    [("word", status, quarters * 0.25) for status in OrderStatus for quarters in range(5)]
    + [("fill", number, 0.25) for number in range(1, 5)]
    + [(what, None, 0.0) for what in ("refuse", "withdraw", "doubt")]
)


def done_to(order: OrderState, what: str, which: object, qty: float) -> Sequence[OrderEvent | FillInferred]:
    """One thing that can happen to an order, by the venue's word or by our conclusion."""
    match what, which:
        case "word", OrderStatus() as status:
            return order.take(row(status, qty), 1)
        case "fill", int() as number:
            return order.book([fill(number)], 1)
        case "refuse", _:
            return order.refuse("no margin", 1)
        case "withdraw", _:
            return order.withdraw("taken back", 1)
        case _:
            return order.doubt("time-out", 1)


def followed(status: OrderStatus, event: OrderEvent, filled: float) -> OrderStatus:
    """Where the table has an order that stood there, after what was told of it; `filled` is told with it."""
    if isinstance(event, OrderFilled):
        step = OrderStep.FILLED if status.is_final and filled >= QTY else OrderStep.PARTLY_FILLED
    else:
        step = STEPS[type(event)]
    if step is OrderStep.ACCEPTED and status in (OrderStatus.REJECTED, OrderStatus.CANCELLED):
        return OrderStatus.PARTLY_FILLED if filled else OrderStatus.WORKING  # we had given it up, and it lives
    after = status_after(status, step, filled > 0)
    return after or (status if status.is_final else OrderStatus.UNKNOWN)


@given(st.lists(st.sampled_from(DONE), max_size=12))
def test_execution_goes_by_the_one_table_whatever_happens(happenings: list[tuple[str, object, float]]) -> None:
    order = kept()
    for what, which, qty in happenings:
        status, filled = order.status, order.filled
        for event in done_to(order, what, which, qty):
            if isinstance(event, FillInferred):
                continue
            filled += event.qty if isinstance(event, OrderFilled) else 0.0
            status = followed(status, event, filled)
        if order.status is OrderStatus.FILLED and not status.is_final:
            assert filled >= QTY, "over without a word only once all of it was told"
        else:
            assert order.status is status, (what, which, qty)
        assert order.filled == pytest.approx(filled)


def test_a_refusal_of_what_executed_is_no_end() -> None:
    """It is told, the engine says that it cannot be, and both ask."""
    order, manager, out = kept(), OrderManager(), Outbox(0, [])
    manager.place(ask(ORDER_ID, Side.LONG, QTY), out)
    for event in [*order.book([fill(1)], 1), *order.refuse("no margin", 2)]:
        progress = manager.apply(event, out)
    assert order.status is OrderStatus.UNKNOWN and not order.is_over
    assert progress is not None and progress.status is OrderStatus.UNKNOWN
    assert "rejected after it was partly_filled" in [one.sentence for one in out.actions if isinstance(one, Notice)][-1]
    assert [type(one) for one in out.actions][-1] is QueryOrder


def test_an_order_called_filled_as_if_whole_ends_with_what_a_later_word_says_of_it() -> None:
    """A venue cuts a close to the position, and its stream calls it filled by what was asked for."""
    order = kept()
    order.take(row(OrderStatus.FILLED, QTY), 1)
    order.book([fill(1, 0.75)], 1)
    assert order.lacks_fills and not order.is_over
    (ended,) = order.take(row(OrderStatus.FILLED, 0.75), 1)
    assert isinstance(ended, OrderCancelled) and ended.reason == "filled 0.75 of 1"
    assert not order.lacks_fills

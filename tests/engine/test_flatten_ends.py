"""A flatten ends once the venues' whole accounts are flat, whatever our book waits for; and the book is put right."""

import pytest

from cockpit.domain.actions import FlattenVenues, QueryPosition
from cockpit.domain.events import FillInferred, OrderFilled, OrderUnknown, VenueFlat, VenuePosition
from cockpit.domain.kinds import EngineState, ExitReason, OrderRole, TradePhase
from cockpit.domain.orders import OrderRequest
from cockpit.engine.views import snapshot
from tests.engine.scenario import Bare


def flat_twice(bare: Bare, lacks_fills: bool = False) -> None:
    for _ in range(2):
        bare.feed(VenueFlat(bare.now_ns, "okx", lacks_fills))


def closed_and_given_up(bare: Bare) -> OrderRequest:
    """Its close filled, and then the entry counted as never arrived: its trade is over."""
    entry = bare.inferred()
    bare.flatten()
    bare.fill(bare.placed(OrderRole.CLOSE)[-1], 4_010.0)
    bare.reject(entry, "okx does not know it, asked for 5.0 s: it never arrived")
    assert bare.last_trade.phase is TradePhase.CLOSED
    return entry


def test_an_entry_that_is_told_once_more_after_its_trade_is_over_holds_nothing_up(bare: Bare) -> None:
    entry = bare.opened()
    bare.flatten()
    bare.fill(bare.placed(OrderRole.CLOSE)[-1], 4_010.0)
    before = bare.last_trade
    bare.feed(FillInferred(bare.now_ns, entry.entry_order_id, entry.entry_qty, 4_000.0))
    assert len(bare.engine.book) == 0 and bare.last_trade == before
    assert not [told for told in bare.notices("critical") if "was over" in told]
    flat_twice(bare)
    assert bare.state is EngineState.HALTED


def test_an_entry_that_executed_after_all_is_not_waited_for(bare: Bare) -> None:
    """Given up after its close, then found filled: booked again, closed again, and nothing tells of that close."""
    entry = closed_and_given_up(bare)
    before = bare.last_trade
    bare.feed(FillInferred(bare.now_ns, entry.order_id, entry.qty, 4_002.0))
    bare.fill(entry, 4_002.0)
    assert bare.last_trade.phase is TradePhase.CLOSING, "it may be another execution: it is closed"
    assert bare.placed(OrderRole.CLOSE)[-1].qty == entry.qty
    flat_twice(bare)
    assert bare.state is EngineState.FLATTENING
    sweeps = len(bare.seen.of(FlattenVenues))
    bare.wait_s(4)
    assert len(bare.seen.of(FlattenVenues)) == sweeps + 1, "the venue is looked at twice more"
    bare.wait_s(60)
    assert bare.state is EngineState.FLATTENING and len(bare.seen.of(FlattenVenues)) == sweeps + 1
    flat_twice(bare)
    bare.wait_s(2)
    assert bare.state is EngineState.HALTED and len(bare.engine.book) == 0
    steps = snapshot(bare.engine).flatten_steps
    assert steps[-1].endswith("FLAT")
    assert any(f"closing with {entry.qty:+.10g} ETH on okx: each is looked at twice more" in step for step in steps)
    closed = bare.last_trade
    assert (closed.entry_qty, closed.exit_qty, closed.open_qty) == (entry.qty, entry.qty, 0.0)
    assert closed.entry_price == 4_002.0
    assert closed.gross_usd == pytest.approx((4_010.0 - 4_002.0) * entry.qty)
    fee_usd = entry.qty * (4_002.0 + 4_010.0) * 5.0 / 10_000.0
    assert closed.fees_usd == pytest.approx(fee_usd) and before.fees_usd != closed.fees_usd
    told = f"entry was booked as {2 * entry.qty:.10g}: {entry.qty:.10g} ETH of it twice"
    assert any(told in sentence for sentence in bare.notices("critical", "position"))


def test_an_entry_that_executed_anew_is_closed_by_its_own_close(bare: Bare) -> None:
    """What the position had shown was somebody else's: the entry's own execution came after it, and is held."""
    entry = closed_and_given_up(bare)
    bare.fill(entry, 4_002.0)
    flat_twice(bare)
    bare.wait_s(1)
    bare.fill(bare.placed(OrderRole.CLOSE)[-1], 4_004.0)
    assert bare.state is EngineState.HALTED
    closed = bare.last_trade
    assert (closed.entry_qty, closed.exit_qty) == (2 * entry.qty, 2 * entry.qty)
    assert bare.seen.of(FlattenVenues)[-1].ts_ns < bare.now_ns


def test_a_position_that_no_venue_holds_is_taken_out_of_the_book(bare: Bare) -> None:
    """Its close was lost and never found, and the venue that was swept has nothing there."""
    bare.opened()
    bare.flatten()
    bare.feed(OrderUnknown(bare.now_ns, bare.placed(OrderRole.CLOSE)[-1].order_id, "timed out"))
    bare.top("ETH", 3_990.0, 3_990.01)
    flat_twice(bare)
    bare.wait_s(4)
    assert bare.last_trade.open_qty > 0
    flat_twice(bare)
    bare.wait_s(2)
    assert bare.state is EngineState.HALTED and len(bare.engine.book) == 0
    closed = bare.last_trade
    assert (closed.phase, closed.exit_reason, closed.exit_price) == (TradePhase.CLOSED, ExitReason.OUTSIDE, 3_990.0)
    assert closed.exit_detail.startswith("0.01 ETH gone from okx without an order of ours, valued at 3,990")


def test_an_entry_that_nobody_knows_of_is_named_and_ends_no_flatten(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.feed(OrderUnknown(bare.now_ns, entry.order_id, "timeout"))
    bare.flatten()
    bare.wait_s(6)
    flat_twice(bare)
    bare.wait_s(4)
    flat_twice(bare)
    bare.wait_s(2)
    assert bare.state is EngineState.HALTED
    steps = snapshot(bare.engine).flatten_steps
    assert f"nobody knows yet what became of its entry {entry.order_id} of 0.01" in steps[-2]
    assert steps[-1].endswith("FLAT")
    bare.fill(entry, 4_000.0)
    assert bare.placed(OrderRole.CLOSE)[-1].qty == 0.01, "should it fill all the same, it is closed at once"
    assert bare.placed(OrderRole.STOP)[-1].qty == 0.01
    asked = len(bare.seen.of(QueryPosition))
    bare.reject(bare.placed(OrderRole.CLOSE)[-1], "busy")
    assert len(bare.seen.of(QueryPosition)) == asked + 1, "no sweep is there any more that would close it"


def test_a_book_that_changes_is_waited_for(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    close = bare.placed(OrderRole.CLOSE)[-1]
    bare.feed(OrderUnknown(bare.now_ns, close.order_id, "timed out"))
    flat_twice(bare)
    sweeps = len(bare.seen.of(FlattenVenues))
    bare.wait_s(1.5)
    bare.fill(close, 4_000.0, 0.004)
    bare.wait_s(1.5)
    assert len(bare.seen.of(FlattenVenues)) == sweeps
    bare.fill(close, 4_000.0, 0.006)
    assert bare.state is EngineState.HALTED


def test_a_venue_that_lists_something_again_is_swept_and_its_trade_is_not_called_gone(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    bare.feed(OrderUnknown(bare.now_ns, bare.placed(OrderRole.CLOSE)[-1].order_id, "timed out"))
    flat_twice(bare)
    bare.wait_s(4)
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.01, 4_000.0, 1))
    bare.wait_s(30)
    assert bare.state is EngineState.FLATTENING and bare.last_trade.open_qty == 0.01


def test_a_trade_that_begins_to_leave_anew_waits_for_no_sweep_that_is_over(bare: Bare) -> None:
    """Its close was refused while the venue was swept; its entry fills once the flatten is over."""
    entry = bare.opened()
    bare.flatten()
    bare.reject(bare.placed(OrderRole.CLOSE)[-1], "busy")
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    flat_twice(bare)
    assert bare.state is EngineState.HALTED
    order = bare.placed(OrderRole.ENTRY)[-1]
    bare.fill(order, 4_000.0, 0.004, "late")
    close = bare.placed(OrderRole.CLOSE)[-1]
    assert entry.phase is TradePhase.OPEN and close.qty == 0.004
    bare.reject(close, "busy")
    bare.wait_s(1)
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.004, 4_000.0, 0))
    assert bare.placed(OrderRole.CLOSE)[-1] != close


def flattened_unopened(bare: Bare) -> None:
    """Its venue is not open yet and answers none of our orders; whoever needs no lists has closed it there."""
    bare.opened()
    bare.flatten()
    bare.wait_s(6)
    flat_twice(bare, lacks_fills=True)


def test_what_a_venue_cannot_tell_the_executions_of_yet_is_not_called_gone(bare: Bare) -> None:
    flattened_unopened(bare)
    sweeps = len(bare.seen.of(FlattenVenues))
    bare.wait_s(600)
    assert bare.state is EngineState.FLATTENING and bare.last_trade.open_qty == 0.01
    assert len(bare.seen.of(FlattenVenues)) == sweeps, "it asked to be left alone"
    steps = snapshot(bare.engine).flatten_steps
    assert steps[-1].endswith("okx is not open yet: what was closed there is booked once it is")
    bare.feed(OrderFilled(bare.now_ns, "flatten-okx-ETH-1", "ETH-7", 0.01, 3_990.0, 0.02, False))
    closed = bare.last_trade
    assert (closed.phase, closed.exit_reason, closed.exit_price) == (TradePhase.CLOSED, ExitReason.FLATTEN, 3_990.0)
    assert closed.fees_usd == pytest.approx(0.01 * 4_000.0 * 5.0 / 10_000.0 + 0.02)
    assert bare.state is EngineState.HALTED


def test_a_venue_that_is_open_and_tells_no_executions_contradicts_the_book(bare: Bare) -> None:
    flattened_unopened(bare)
    bare.feed(VenuePosition(bare.now_ns, "okx", "BTC", 0.0, 0.0, 0))
    sweeps = len(bare.seen.of(FlattenVenues))
    bare.wait_s(60)
    assert len(bare.seen.of(FlattenVenues)) == sweeps, "what is said of another perpetual is none of this one"
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    bare.wait_s(4)
    assert len(bare.seen.of(FlattenVenues)) == sweeps + 1
    flat_twice(bare)
    bare.wait_s(2)
    assert bare.state is EngineState.HALTED
    assert (bare.last_trade.phase, bare.last_trade.exit_reason) == (TradePhase.CLOSED, ExitReason.OUTSIDE)

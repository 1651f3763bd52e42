"""What a venue says of orders, on time or late, once or twice, of ours or of nobody's."""

import pytest

from cockpit.domain.actions import CancelOrder, FillBooked, OrderChanged, QueryOrder, QueryPosition
from cockpit.domain.commands import HaltTrading
from cockpit.domain.events import FundingPaid, OrderAccepted, OrderFilled, OrderUnknown, VenuePosition
from cockpit.domain.kinds import ExitReason, OrderRole, OrderStatus, TradePhase
from cockpit.engine.views import snapshot
from tests.engine.scenario import MOMENTUM, Bare, Scenario


def test_an_unknown_order_is_asked_for_and_never_sent_again(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.feed(OrderUnknown(bare.now_ns, entry.order_id, "timeout after 10 s"))
    assert [query.order_id for query in bare.seen.of(QueryOrder)] == [entry.order_id]
    for _ in range(10):
        bare.wait_s(1)
        bare.feed(OrderUnknown(bare.now_ns, entry.order_id, "timeout after 10 s"))
    assert 10 <= len(bare.seen.of(QueryOrder)) <= 12
    assert bare.placed() == [entry]
    assert len(bare.engine.book) == 1
    bare.accept(entry)
    bare.fill(entry, 4_000.0)
    assert bare.last_trade.open_qty == 0.01
    assert bare.placed(OrderRole.ENTRY) == [entry]


def test_an_unknown_order_counts_as_one_that_may_execute(bare: Bare) -> None:
    bare.signal()
    bare.feed(OrderUnknown(bare.now_ns, bare.placed()[0].order_id, "timeout"))
    assert bare.engine.book.exposure_usd() == pytest.approx(40.0)
    assert snapshot(bare.engine).open_trades[0].trade.phase is TradePhase.OPENING


def test_an_order_nobody_answers_is_asked_for_after_5_seconds(bare: Bare) -> None:
    bare.signal()
    bare.wait_s(4)
    assert bare.seen.of(QueryOrder) == []
    bare.wait_s(2)
    assert len(bare.seen.of(QueryOrder)) == 1


def test_a_cancel_nobody_answers_is_sent_again(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.accept(entry)
    bare.flatten()
    assert bare.cancels() == [entry.order_id]
    bare.wait_s(11)
    assert bare.cancels() == [entry.order_id] * 3


def test_a_stop_that_rested_and_is_unknown_gets_a_successor(bare: Bare) -> None:
    bare.opened()
    stop = bare.placed(OrderRole.STOP)[0]
    bare.feed(OrderUnknown(bare.now_ns, stop.order_id, "timeout"))
    assert not bare.last_trade.stop_rests_on_venue
    assert "t000001 stop unknown at the venue" in bare.notices("critical", "stop")[0]
    first, successor = bare.placed(OrderRole.STOP)
    assert (successor.qty, successor.trigger_price) == (first.qty, first.trigger_price)
    bare.accept(stop)
    bare.accept(successor)
    assert bare.last_trade.stop_rests_on_venue
    assert bare.cancels() == [stop.order_id], "the older one goes once the other rests"


def test_a_fill_told_twice_is_booked_once(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.accept(entry)
    for _ in range(3):
        bare.fill(entry, 4_000.0, qty=0.004, fill_id="binance-77")
    assert bare.last_trade.open_qty == 0.004
    assert len(bare.seen.of(FillBooked)) == 1
    bare.fill(entry, 4_000.0, qty=0.006, fill_id="binance-78")
    bare.fill(entry, 4_000.0, qty=0.006, fill_id="binance-78")
    assert bare.last_trade.open_qty == 0.01
    assert bare.notices("critical") == []


def test_two_venues_may_number_their_fills_alike(bare: Bare) -> None:
    """A fill's id is unique on its venue, and on some only for its symbol."""
    bare.signal("ETH")
    bare.signal("SOL")
    first, second = bare.placed()
    bare.fill(first, 4_000.0, fill_id="1")
    bare.fill(second, 190.0, fill_id="1")
    assert [trade.open_qty for trade in bare.trades.values()] == [first.qty, second.qty]


def test_a_fill_on_an_order_that_is_not_ours_is_told_once_and_changes_nothing(bare: Bare) -> None:
    for _ in range(3):
        bare.feed(OrderFilled(bare.now_ns, "somebody-else", "f9", 1.0, 4_000.0, 2.0, False))
    found = bare.notices("critical", "order")
    assert found == ["fill f9 of 1 at 4,000 on order somebody-else, which is not ours: check the venue"]
    assert bare.trades == {} and bare.account.realised_usd == 0.0


def test_a_fill_after_the_cancel_was_confirmed_still_counts(bare: Bare) -> None:
    bare.opened()
    target = bare.placed(OrderRole.TARGET)[0]
    bare.cancelled(target)
    bare.fill(target, 4_010.0, qty=0.005)
    assert bare.last_trade.open_qty == 0.005
    assert f"{target.order_id} filled after it was cancelled: booked" in bare.notices("critical", "order")


def test_an_entry_that_fills_after_it_was_refused_is_closed_at_once(bare: Bare) -> None:
    """In-flight limit reached, marked as refused, filled all the same: the position counts, not the word."""
    bare.signal()
    entry = bare.placed()[0]
    bare.reject(entry, "not found")
    assert bare.last_trade.phase is TradePhase.ABANDONED
    bare.fill(entry, 4_000.0)
    trade = bare.last_trade
    assert (trade.phase, trade.open_qty, trade.exit_reason) == (TradePhase.CLOSING, 0.01, ExitReason.NO_STOP)
    assert bare.placed(OrderRole.CLOSE)[0].qty == 0.01
    assert bare.placed(OrderRole.STOP)[0].qty == 0.01
    assert bare.account.trades_today == 1
    bare.fill(bare.placed(OrderRole.CLOSE)[0], 3_999.0)
    assert bare.last_trade.phase is TradePhase.CLOSED
    assert bare.account.realised_usd == pytest.approx(bare.last_trade.pnl_usd)
    assert bare.account.consecutive_losses == 1


def test_an_order_that_works_after_it_was_not_found_is_cancelled(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.reject(entry, "not found")
    bare.feed(OrderAccepted(bare.now_ns, entry.order_id, "venue-1"))
    assert bare.cancels() == [entry.order_id]
    assert bare.notices("critical", "order")


def test_a_stop_that_fills_after_its_trade_was_over_is_for_an_operator(bare: Bare) -> None:
    bare.opened()
    stop = bare.placed(OrderRole.STOP)[0]
    for target in bare.placed(OrderRole.TARGET):
        bare.fill(target, target.limit_price or 0.0)
    assert bare.last_trade.phase is TradePhase.CLOSED
    closed = bare.last_trade
    bare.fill(stop, 3_988.0)
    assert "0.01 ETH at 3,988 on t000001s2 (stop) more than t000001 held: check okx" in bare.notices("critical")[-1]
    assert len(bare.seen.of(QueryPosition)) == 1
    assert bare.last_trade == closed


@pytest.mark.parametrize(
    ("qty", "price"), [(0.0, 4_000.0), (-0.01, 4_000.0), (float("nan"), 4_000.0), (0.01, 0.0), (0.01, float("nan"))]
)
def test_a_fill_without_numbers_is_told_and_unmakes_nothing(bare: Bare, qty: float, price: float) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.fill(entry, price, qty=qty, fill_id="bad")
    assert "not booked" in bare.notices("critical", "order")[0]
    assert bare.account.realised_usd == 0.0
    bare.fill(entry, 4_000.0)
    assert bare.last_trade.open_qty == 0.01


def test_more_filled_than_asked_is_told_and_guarded_whole(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.fill(entry, 4_000.0, qty=0.012)
    assert bare.last_trade.open_qty == 0.012
    assert bare.placed(OrderRole.STOP)[-1].qty == 0.012
    assert "more than the 0.01 asked" in bare.notices("critical", "order")[0]


def test_a_position_that_is_gone_is_believed_at_the_second_look(bare: Bare) -> None:
    """Closed by hand, or liquidated: the venue's word on the position wins, once a fill has had time to arrive."""
    bare.opened()
    bare.quote("ETH", 3_700.0)
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    assert bare.last_trade.phase is TradePhase.OPEN
    bare.wait_s(1, fresh=False)
    assert len(bare.seen.of(QueryPosition)) == 1
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    trade = bare.last_trade
    assert (trade.phase, trade.exit_reason, trade.exit_price) == (TradePhase.CLOSED, ExitReason.OUTSIDE, 3_700.0)
    assert trade.pnl_usd == pytest.approx(-0.01 * 300.0 - trade.fees_usd)
    assert bare.account.realised_usd == pytest.approx(trade.pnl_usd)
    assert bare.account.consecutive_losses == 1
    live = {order.order_id for order in bare.placed() if order.role in (OrderRole.STOP, OrderRole.TARGET)}
    assert live == {cancel.order_id for cancel in bare.seen.of(CancelOrder)}
    assert bare.notices("critical", "position")[0] == "okx holds +0 ETH, our trades hold +0.01: check the venue"


def test_a_fill_that_arrives_between_two_looks_explains_the_difference(bare: Bare) -> None:
    bare.opened()
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.005, 4_000.0, 3))
    target = bare.placed(OrderRole.TARGET)[0]
    bare.fill(target, 4_010.0)
    bare.wait_s(1)
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.005, 4_000.0, 3))
    bare.wait_s(2)
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.005, 4_000.0, 3))
    assert bare.notices("critical") == []
    assert bare.last_trade.phase is TradePhase.OPEN


def test_a_position_nobody_opened_is_told_once(bare: Bare) -> None:
    for _ in range(5):
        bare.feed(VenuePosition(bare.now_ns, "okx", "DOGE", 100.0, 0.2, 0))
        bare.wait_s(1)
    assert bare.notices("critical", "position") == ["okx holds +100 DOGE, our trades hold +0: check the venue"]


def test_orders_are_told_as_they_change(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.accept(entry)
    bare.accept(entry)
    bare.fill(entry, 4_000.0, qty=0.004)
    bare.fill(entry, 4_000.0, qty=0.006)
    statuses = [
        change.order.status for change in bare.seen.of(OrderChanged) if change.order.request.order_id == entry.order_id
    ]
    assert statuses == [OrderStatus.SENT, OrderStatus.WORKING, OrderStatus.PARTLY_FILLED, OrderStatus.FILLED]


def test_a_halt_takes_back_an_entry_that_has_not_filled(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.accept(entry)
    bare.fill(entry, 4_000.0, qty=0.004)
    bare.command(HaltTrading, reason="news")
    assert bare.cancels() == [entry.order_id]
    bare.cancelled(entry)
    bare.accept(bare.placed(OrderRole.STOP)[-1])
    assert bare.last_trade.open_qty == 0.004
    assert len(bare.placed(OrderRole.TARGET)) > 0


def test_an_exit_that_took_more_than_its_trade_held_is_booked_to_the_other_trade_there(scene: Scenario) -> None:
    """The venue knows one position: a target and a close of the first trade together reach into the second's."""
    first = scene.open_trade()
    scene.signal(strategy=MOMENTUM)
    scene.wait_ms(1)
    scene.flatten()
    scene.now_ns += 48_000_000
    scene.move("ETH", 4_010.03)
    for _ in range(20):
        scene.wait_ms(60)
        held = sum(trade.open_qty for trade in scene.trades.values())
        assert scene.position() == pytest.approx(held)
    second = scene.last_trade
    assert scene.trades[first.trade_id].exit_qty == pytest.approx(0.01)
    assert second.exit_qty == pytest.approx(second.entry_qty)
    assert scene.is_flat()
    bought = sum(trade.entry_qty for trade in scene.trades.values())
    fills = scene.seen.of(FillBooked)
    assert sum(fill.qty for fill in fills) == pytest.approx(2 * bought)
    assert len({fill.fill_id for fill in fills}) == len(fills)


def test_the_rest_of_a_position_that_another_trade_reached_into_keeps_a_stop_of_its_size(bare: Bare) -> None:
    bare.opened()
    bare.opened()
    close_qty = 0.015
    stop = bare.placed(OrderRole.STOP)[0]
    bare.fill(stop, 3_988.0, qty=close_qty)
    first, second = bare.trades.values()
    assert (first.phase, first.exit_qty) == (TradePhase.CLOSED, 0.01)
    assert (second.phase, second.open_qty) == (TradePhase.OPEN, 0.005)
    assert bare.placed(OrderRole.STOP)[-1].qty == 0.005
    assert bare.placed(OrderRole.STOP)[-1].trade_id == second.trade_id
    assert bare.account.realised_usd == pytest.approx(first.pnl_usd + second.pnl_usd)
    assert first.fees_usd - second.fees_usd == pytest.approx((0.01 - 0.005) * 3_988.0 * 5e-4)


def test_a_close_that_is_refused_again_and_again_is_sent_ever_more_seldom(bare: Bare) -> None:
    """Dust that the venue does not take: once a second for ever would be a loop."""
    bare.opened()
    bare.cancelled(bare.placed(OrderRole.STOP)[0], "taken away by hand")
    bare.reject(bare.placed(OrderRole.STOP)[-1], "no stops today")
    for _ in range(90):
        close = bare.placed(OrderRole.CLOSE)[-1]
        bare.reject(close, "51020 too small")
        bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.01, 4_000.0, 0))
        bare.wait_s(1)
    assert 8 <= len(bare.placed(OrderRole.CLOSE)) <= 13
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    assert bare.last_trade.phase is TradePhase.CLOSED


def test_a_venue_that_is_swept_is_left_to_the_sweep(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    bare.reject(bare.placed(OrderRole.CLOSE)[-1], "51020 too small")
    bare.wait_s(6)
    sent = len(bare.placed(OrderRole.CLOSE))
    for _ in range(60):
        bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.01, 4_000.0, 0))
        bare.wait_s(1)
    assert len(bare.placed(OrderRole.CLOSE)) == sent
    bare.feed(OrderFilled(bare.now_ns, "flatten-okx-ETH-1", "x1", 0.01, 3_999.0, 0.02, False))
    assert bare.last_trade.phase is TradePhase.CLOSED


def test_a_stop_that_the_sweep_takes_off_is_not_laid_anew(bare: Bare) -> None:
    """It saw the position gone twice: a stop laid anew would be the next it takes off, for ever."""
    bare.opened()
    bare.flatten()
    bare.reject(bare.placed(OrderRole.CLOSE)[-1], "51020 too small")
    bare.wait_s(6)
    bare.cancelled(bare.placed(OrderRole.STOP)[-1], "cancelled_by_user")
    assert len(bare.placed(OrderRole.STOP)) == 1
    bare.feed(VenuePosition(bare.now_ns, "okx", "ETH", 0.0, 0.0, 0))
    assert bare.last_trade.phase is TradePhase.CLOSED


def test_funding_told_after_the_close_is_booked_to_the_trade_that_was_open_then(bare: Bare) -> None:
    trade = bare.opened()
    paid_ns = bare.now_ns + 1_000_000_000
    bare.wait_s(5)
    bare.fill(bare.placed(OrderRole.STOP)[0], 3_988.0)
    before = bare.account
    bare.feed(FundingPaid(paid_ns, "okx", "ETH", -0.25, 1.0))
    assert bare.trades[trade.trade_id].funding_usd == -0.25
    assert bare.account.realised_usd == pytest.approx(before.realised_usd - 0.25)
    assert bare.account.consecutive_losses == before.consecutive_losses
    assert len(bare.engine.book) == 0


def test_funding_that_is_nobodys_is_told(bare: Bare) -> None:
    bare.feed(FundingPaid(bare.now_ns, "okx", "ETH", -0.25, 1.0))
    assert bare.notices("warning", "funding") == [
        "-0.2500 USD of funding on ETH by okx booked to no trade: none of ours was open there then"
    ]

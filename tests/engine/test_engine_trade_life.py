"""A trade's life in order: entry, stop resting before anything else, ladder, stop to entry, closed; to the cent."""

import pytest

from cockpit.domain.actions import FillBooked, PlaceOrder, TradeChanged
from cockpit.domain.events import FundingPaid, FundingRate
from cockpit.domain.kinds import ExitReason, OrderRole, Side, TradePhase
from tests.engine.scenario import MOMENTUM, Bare, Scenario, config_with


def test_a_whole_life_to_the_cent(scene: Scenario) -> None:
    # 41.50 USD at 4,000 are 10 lots of 0.001 ETH. The ask is 4,000.01, taker 5 bps, maker 2 bps.
    trade = scene.open_trade()
    assert (trade.entry_qty, trade.entry_price) == (0.01, 4_000.01)
    assert trade.initial_stop_price == 3_988.01
    assert [(rung.price, rung.qty) for rung in trade.rungs] == [(4_010.02, 0.005), (4_020.02, 0.003), (4_036.02, 0.002)]
    assert trade.decision_to_fill_ms == 50.0
    assert trade.slippage_bps == pytest.approx(0.025)

    scene.move("ETH", 4_010.03)
    after_first = scene.settled(trade)
    assert after_first.stop_at_entry
    # 4,000.01 plus the 10 bps round trip is 4,004.01001: the next tick up.
    assert after_first.stop_price == 4_004.02
    assert [order.request.qty for order in scene.working(OrderRole.STOP)] == [0.005]

    scene.move("ETH", 4_020.03)
    scene.settled(trade)
    assert [order.request.qty for order in scene.working(OrderRole.STOP)] == [0.002]
    scene.move("ETH", 4_036.03)
    closed = scene.settled(trade)
    assert closed.phase is TradePhase.CLOSED
    assert closed.exit_reason is ExitReason.TARGETS
    gross = 0.005 * 10.01 + 0.003 * 20.01 + 0.002 * 36.01
    fees = 0.01 * 4_000.01 * 5e-4 + (0.005 * 4_010.02 + 0.003 * 4_020.02 + 0.002 * 4_036.02) * 2e-4
    assert closed.pnl_usd == pytest.approx(gross - fees, abs=1e-12)
    assert closed.pnl_usd == pytest.approx(0.15406351, abs=1e-8)
    # 1 R is the 12.00 USD to the stop on 0.01 ETH, the entry's fee and that of a stop.
    risk = 0.01 * (12.0 + 4_000.01 * 5e-4 + 3_988.01 * 5e-4)
    assert closed.r == pytest.approx(0.15406351 / risk)
    assert scene.account.realised_usd == pytest.approx(closed.pnl_usd, abs=1e-12)
    assert scene.account.fees_usd == pytest.approx(fees, abs=1e-12)
    assert scene.is_flat()


def test_the_stop_rests_before_a_target_is_sent(scene: Scenario) -> None:
    scene.open_trade()
    roles = [action.order.role for action in scene.seen.of(PlaceOrder)]
    assert roles == [OrderRole.ENTRY, OrderRole.STOP, OrderRole.TARGET, OrderRole.TARGET, OrderRole.TARGET]
    changes = [action.change for action in scene.seen.of(TradeChanged)]
    assert changes == ["sent", "opened", "stop_rests", "targets_placed"]


def test_no_target_goes_out_while_the_stop_is_only_on_its_way(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.accept(entry)
    bare.fill(entry, 4_000.0)
    assert [order.role for order in bare.placed()] == [OrderRole.ENTRY, OrderRole.STOP]
    bare.wait_ms(900)
    assert bare.placed(OrderRole.TARGET) == []
    bare.accept(bare.placed(OrderRole.STOP)[0])
    assert len(bare.placed(OrderRole.TARGET)) == 3


def test_everything_but_the_entry_is_reduce_only(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 4_010.03)
    scene.settled(trade)
    scene.flatten()
    scene.settled(trade)
    assert {(order.role is OrderRole.ENTRY, order.reduce_only) for order in scene.placed()} == {
        (True, False),
        (False, True),
    }


def test_a_full_stop_is_a_loss_with_its_number(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 3_988.0)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.STOP
    loss = 0.01 * (3_988.0 - 4_000.01) - 0.01 * (4_000.01 + 3_988.0) * 5e-4
    assert closed.pnl_usd == pytest.approx(loss, abs=1e-12)
    assert scene.account.consecutive_losses == 1
    assert scene.is_flat()


def test_the_stop_at_entry_pays_back_what_the_rest_cost(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 4_010.03)
    scene.settled(trade)
    scene.move("ETH", 4_004.02)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.BREAKEVEN_STOP
    assert closed.pnl_usd > 0
    assert scene.account.consecutive_losses == 0


def test_the_old_stop_stays_until_the_new_one_rests(bare: Bare) -> None:
    bare.opened()
    first, target = bare.placed(OrderRole.STOP)[0], bare.placed(OrderRole.TARGET)[0]
    bare.fill(target, target.limit_price or 0.0)
    second = bare.placed(OrderRole.STOP)[1]
    assert first.order_id not in bare.cancels()
    bare.accept(second)
    assert bare.cancels() == [first.order_id]


def test_a_short_mirrors_a_long(scene: Scenario) -> None:
    trade = scene.open_trade(side=Side.SHORT)
    assert (trade.entry_price, trade.initial_stop_price) == (4_000.0, 4_012.0)
    assert [rung.price for rung in trade.rungs] == [3_990.0, 3_980.0, 3_964.0]
    scene.move("ETH", 3_989.99)
    assert scene.settled(trade).stop_price == 3_996.0
    scene.move("ETH", 3_963.0)
    closed = scene.settled(trade)
    gross = 0.005 * 10.0 + 0.003 * 20.0 + 0.002 * 36.0
    fees = 0.01 * 4_000.0 * 5e-4 + (0.005 * 3_990.0 + 0.003 * 3_980.0 + 0.002 * 3_964.0) * 2e-4
    assert closed.pnl_usd == pytest.approx(gross - fees, abs=1e-12)


def test_the_time_stop_closes_at_market_when_its_time_is_over() -> None:
    scene = Scenario(config_with("external_strategies.1.max_hold_s=60"))
    trade = scene.open_trade(strategy=MOMENTUM)
    assert trade.opened_ns is not None and trade.time_stop_ns == trade.opened_ns + 60 * 10**9
    scene.wait_until(trade.time_stop_ns - 10**6)
    assert scene.trades[trade.trade_id].phase is TradePhase.OPEN
    scene.wait_ms(1)
    assert scene.trades[trade.trade_id].phase is TradePhase.CLOSING
    closed = scene.settled(trade)
    assert (closed.exit_reason, closed.exit_detail) == (ExitReason.TIME_STOP, "held 60 s")
    assert scene.is_flat()


def test_a_running_time_stop_does_not_put_the_watch_to_sleep(scene: Scenario) -> None:
    """While a trade with a time stop is open, bars close and every limit is looked at each second."""
    scene.open_trade(strategy=MOMENTUM, amount_usd=415.0)
    next_bar_ns = scene.engine.market.next_bar_ns
    scene.top("ETH", 3_800.0, 3_800.01)
    for _ in range(7):
        scene.now_ns += 10**9
        scene.trade("BTC", 108_402.0)
    assert scene.engine.market.next_bar_ns > next_bar_ns
    assert scene.account.halt is not None and scene.account.halt.cause == "drawdown"


def test_a_partial_entry_has_a_stop_of_its_size_at_once_and_targets_at_the_end(scene: Scenario) -> None:
    scene.quote("ETH", 4_000.0, qty=0.004)
    scene.signal()
    scene.wait_ms(60)
    partial = scene.last_trade
    assert (partial.open_qty, partial.phase) == (0.004, TradePhase.OPEN)
    scene.wait_ms(60)
    assert [order.request.qty for order in scene.working(OrderRole.STOP)] == [0.004]
    assert scene.placed(OrderRole.TARGET) == []
    scene.quote("ETH", 4_001.0)
    for _ in range(4):
        scene.wait_ms(60)
    whole = scene.last_trade
    assert whole.open_qty == 0.01
    assert whole.entry_price == pytest.approx((0.004 * 4_000.01 + 0.006 * 4_001.01) / 0.01)
    assert [order.request.qty for order in scene.working(OrderRole.STOP)] == [0.01]
    assert sum(rung.qty for rung in whole.rungs) == pytest.approx(0.01)


def test_a_target_filled_in_part_resizes_the_stop(bare: Bare) -> None:
    bare.opened()
    target = bare.placed(OrderRole.TARGET)[0]
    bare.fill(target, 4_010.0, qty=0.002)
    stop = bare.placed(OrderRole.STOP)[-1]
    assert (stop.qty, stop.trigger_price) == (0.008, 3_988.0)
    assert not bare.last_trade.stop_at_entry
    bare.accept(stop)
    bare.fill(target, 4_010.0, qty=0.003)
    stop = bare.placed(OrderRole.STOP)[-1]
    assert (stop.qty, stop.trigger_price) == (0.005, 4_004.0)


def test_a_stop_refused_by_the_venue_closes_the_trade_at_once(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.accept(entry)
    bare.fill(entry, 4_000.0)
    bare.reject(bare.placed(OrderRole.STOP)[0], "order type retired")
    close = bare.placed(OrderRole.CLOSE)[0]
    assert (close.qty, close.reduce_only) == (0.01, True)
    assert "order type retired" in bare.notices("critical", "stop")[0]
    bare.accept(close)
    bare.fill(close, 3_999.0)
    assert bare.last_trade.exit_reason is ExitReason.NO_STOP
    assert bare.last_trade.phase is TradePhase.CLOSED
    assert bare.placed(OrderRole.TARGET) == []


def test_an_entry_that_never_fills_is_no_trade(bare: Bare) -> None:
    bare.signal()
    assert bare.account.trades_today == 1
    bare.reject(bare.placed()[0], "insufficient margin")
    assert bare.last_trade.phase is TradePhase.ABANDONED
    assert bare.account.trades_today == 0
    assert bare.account.consecutive_losses == 0
    assert len(bare.engine.book) == 0


def test_funding_is_part_of_the_result(scene: Scenario) -> None:
    trade = scene.open_trade()
    due_ns = scene.now_ns + 10**9
    scene.feed(FundingRate(scene.now_ns, "ETH", "okx", 10.0, next_ns=due_ns))
    scene.wait_s(2)
    paid = [item for item in scene.seen.inputs if isinstance(item, FundingPaid)]
    assert paid[0].amount_usd == pytest.approx(-0.01 * 4_000.0 * 10e-4)
    assert scene.trades[trade.trade_id].funding_usd == paid[0].amount_usd
    assert scene.account.realised_usd == pytest.approx(scene.trades[trade.trade_id].pnl_usd)


def test_two_trades_on_one_perpetual_keep_their_own_books(scene: Scenario) -> None:
    first = scene.open_trade()
    second = scene.open_trade(strategy=MOMENTUM)
    assert scene.position() == 0.02
    scene.move("ETH", 4_010.03)
    scene.settled(first)
    scene.move("ETH", 4_004.01)
    closed = scene.settled(first)
    assert closed.phase is TradePhase.CLOSED
    left = scene.trades[second.trade_id]
    assert left.open_qty == scene.position()
    assert sum(order.request.qty for order in scene.working(OrderRole.STOP)) == left.open_qty


def test_every_fill_is_booked_to_its_trade(scene: Scenario) -> None:
    trade = scene.lose()
    fills = [fill for fill in scene.seen.of(FillBooked) if fill.trade_id == trade.trade_id]
    assert sum(fill.fee_usd for fill in fills) == pytest.approx(trade.fees_usd)
    assert sum(fill.qty for fill in fills) == pytest.approx(trade.entry_qty + trade.exit_qty)


def test_every_change_of_a_trade_is_told(scene: Scenario) -> None:
    """A restart knows of a trade what was told: a stop placed for the second target's rest is told at once."""
    scene.open_trade()
    for price in (4_010.03, 4_020.03):
        scene.move("ETH", price)
        assert scene.last_trade == scene.engine.book.trades[0].record
        scene.settled(scene.last_trade)

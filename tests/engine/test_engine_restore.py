"""After a crash the engine goes on from the journal: stops stay or are put back, halts hold, a flatten goes on."""

import pytest
from msgspec.structs import replace

from cockpit.domain.actions import CancelOrder, FillBooked, QueryOrder
from cockpit.domain.commands import HaltTrading, Restore, SetMode
from cockpit.domain.events import FillInferred, OrderFilled, OrderUnknown
from cockpit.domain.kinds import EngineState, ExitReason, Mode, OrderRole, OrderStatus, TradePhase
from tests.engine.scenario import ARBITRAGE, NOON_NS, Bare, Scenario, restarted, restore_of


def test_an_open_trade_keeps_its_stop_and_its_targets(scene: Scenario) -> None:
    trade = scene.open_trade()
    after = restarted(scene)
    for _ in range(4):
        after.wait_ms(60)
    assert after.state is EngineState.DISARMED
    assert [order.request.order_id for order in after.working(OrderRole.STOP)] == [trade.stop_order_id]
    assert len(after.working(OrderRole.TARGET)) == 3
    assert after.placed() == []
    assert after.position() == 0.01
    after.move("ETH", 4_036.03)
    assert after.settled(trade).phase is TradePhase.CLOSED
    assert after.account.realised_usd > 0
    assert after.is_flat()


def test_every_order_that_may_live_is_asked_for(scene: Scenario) -> None:
    scene.open_trade()
    after = restarted(scene)
    assert len(after.seen.of(QueryOrder)) == 4


def test_a_missing_stop_is_placed(scene: Scenario) -> None:
    scene.open_trade()
    memory, trades, orders = restore_of(scene)
    lost = tuple(order for order in orders if order.request.role is not OrderRole.STOP)
    bare = Bare(scene.config)
    bare.command(Restore, memory=memory, trades=trades, orders=lost)
    stop = bare.placed(OrderRole.STOP)[-1]
    assert (stop.qty, stop.trigger_price, stop.reduce_only) == (0.01, 3_988.01, True)
    # Ids go on from the next hundred: s2 may be known to the venue.
    assert stop.order_id == "t000001s101"


def test_a_stop_that_never_reached_the_venue_is_placed_anew(scene: Scenario) -> None:
    """Killed between the stop's sending and the venue's answer: the venue says it never had it."""
    scene.signal()
    scene.wait_ms(60)
    trade = scene.last_trade
    assert trade.open_qty == 0.01 and not trade.stop_rests_on_venue
    after = restarted(scene)
    for _ in range(4):
        after.wait_ms(60)
    (stop,) = after.working(OrderRole.STOP)
    assert stop.request.order_id != trade.stop_order_id
    assert (stop.request.qty, stop.request.trigger_price) == (0.01, 3_988.01)
    assert after.last_trade.stop_rests_on_venue
    assert len(after.working(OrderRole.TARGET)) == 3


def test_a_stop_that_the_venue_does_not_know_after_a_restart_gets_a_successor_at_once(bare: Bare) -> None:
    """It may still be on its way: nobody waits bare until that is known."""
    bare.signal()
    bare.fill(bare.placed()[0], 4_000.0)
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders)
    first = bare.placed(OrderRole.STOP)[0]
    for _ in range(2):
        after.feed(OrderUnknown(after.now_ns, first.order_id, "okx does not know it, after a restart"))
    (second,) = after.placed(OrderRole.STOP)
    assert (second.qty, second.trigger_price) == (first.qty, first.trigger_price)
    after.accept(second)
    after.reject(first, "it never arrived")
    assert after.last_trade.stop_rests_on_venue and after.last_trade.stop_order_id == second.order_id


def test_a_stop_that_rested_and_is_unknown_after_a_restart_gets_a_successor_too(bare: Bare) -> None:
    bare.signal()
    bare.fill(bare.placed()[0], 4_000.0)
    first = bare.placed(OrderRole.STOP)[0]
    bare.accept(first)
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders)
    after.feed(OrderUnknown(after.now_ns, first.order_id, "krakenfutures does not know it, after a restart"))
    (second,) = after.placed(OrderRole.STOP)
    assert (second.qty, second.trigger_price) == (first.qty, first.trigger_price)
    after.accept(second)
    assert after.last_trade.stop_rests_on_venue and after.last_trade.stop_order_id == second.order_id


def test_an_execution_that_is_listed_after_a_restart_has_its_own_price(bare: Bare) -> None:
    """Half of the entry was listed before it, the other half only counted, at an average over both."""
    bare.signal()
    entry = bare.placed()[0]
    bare.feed(OrderFilled(bare.now_ns, entry.order_id, "ETH-1", 0.004, 4_000.0, 0.008, False))
    bare.feed(FillInferred(bare.now_ns, entry.order_id, 0.01, 4_006.0))
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders)
    after.feed(OrderFilled(after.now_ns, entry.order_id, "ETH-2", 0.003, 4_010.0, 0.006, False))
    after.feed(OrderFilled(after.now_ns, entry.order_id, "ETH-3", 0.003, 4_010.0, 0.006, False))
    assert after.last_trade.entry_price == pytest.approx(4_006.0)
    assert after.last_trade.entry_fees_usd == pytest.approx(0.02)


def test_a_stop_placed_anew_and_refused_again_closes_the_trade(bare: Bare) -> None:
    bare.signal()
    bare.fill(bare.placed()[0], 4_000.0)
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders)
    after.reject(bare.placed(OrderRole.STOP)[0], "not found")
    after.reject(after.placed(OrderRole.STOP)[0], "order type retired")
    assert after.last_trade.exit_reason is ExitReason.NO_STOP
    assert len(after.placed(OrderRole.CLOSE)) == 1


def test_two_stops_become_one_again(scene: Scenario) -> None:
    """Killed while the stop was being moved: the old one must not outlive the trade."""
    trade = scene.open_trade()
    scene.move("ETH", 4_010.03)
    scene.wait_ms(60)
    memory, trades, orders = restore_of(scene)
    old = next(order for order in orders if order.request.order_id == trade.stop_order_id)
    both = (*(order for order in orders if order is not old), replace(old, status=OrderStatus.WORKING))
    bare = Bare(scene.config)
    bare.command(Restore, memory=memory, trades=trades, orders=both)
    assert trades[0].stop_order_id != trade.stop_order_id
    assert bare.seen.of(CancelOrder) == [], "which of them rests now is for the venue to say"
    bare.accept(trades[0].stop_order_id)
    assert trade.stop_order_id in [cancel.order_id for cancel in bare.seen.of(CancelOrder)]


def test_targets_that_were_never_sent_are_sent(bare: Bare) -> None:
    bare.signal()
    entry = bare.placed()[0]
    bare.fill(entry, 4_000.0)
    memory, trades, orders = restore_of(bare)
    working = tuple(
        replace(order, status=OrderStatus.WORKING) if order.request.role is OrderRole.STOP else order
        for order in orders
    )
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=working)
    assert after.placed(OrderRole.TARGET) == []
    assert (after.last_trade.stop_rests_on_venue, after.last_trade.stop_unseen) == (False, True)
    after.accept(after.last_trade.stop_order_id)
    assert (after.last_trade.stop_rests_on_venue, after.last_trade.stop_unseen) == (True, False)
    assert len(after.placed(OrderRole.TARGET)) == 3


def test_fills_booked_before_the_crash_are_not_booked_again(bare: Bare) -> None:
    bare.opened()
    target = bare.placed(OrderRole.TARGET)[0]
    told = bare.fill(target, 4_010.0, qty=0.002)
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders)
    after.fill(target, 4_010.0, qty=0.002, fill_id=told)
    assert after.trades == {} or after.last_trade.open_qty == 0.008
    after.fill(target, 4_010.0, qty=0.003, fill_id="new")
    assert after.last_trade.open_qty == 0.005
    assert after.account.realised_usd == after.last_trade.pnl_usd


def test_a_flatten_that_was_broken_off_goes_on(scene: Scenario) -> None:
    scene.open_trade()
    scene.flatten()
    after = restarted(scene)
    assert after.state is EngineState.FLATTENING
    for _ in range(60):
        after.wait_ms(60)
    assert after.is_flat()
    assert after.state is EngineState.HALTED


def test_a_close_under_way_is_not_sent_twice_while_it_lives(bare: Bare) -> None:
    bare.opened()
    bare.flatten()
    close = bare.placed(OrderRole.CLOSE)[0]
    bare.accept(close)
    memory, trades, orders = restore_of(bare)
    after = Bare(bare.config)
    after.command(Restore, memory=memory, trades=trades, orders=orders)
    after.wait_s(3)
    assert after.placed(OrderRole.CLOSE) == []
    after.fill(close, 4_000.0)
    assert after.last_trade.phase is TradePhase.CLOSED


def test_halted_stays_halted_and_armed_comes_back_disarmed(scene: Scenario) -> None:
    assert restarted(scene).state is EngineState.DISARMED
    scene.command(HaltTrading, reason="news")
    after = restarted(scene)
    assert after.state is EngineState.HALTED
    assert after.account.halt is not None and "news" in after.account.halt.sentence


def test_the_day_goes_on_with_its_losses_and_counts(scene: Scenario) -> None:
    scene.lose()
    after = restarted(scene)
    assert after.account.realised_usd == scene.account.realised_usd
    assert (after.account.trades_today, after.account.consecutive_losses) == (1, 1)
    after.arm()
    assert after.signal().trade_id == "t000002"


def test_a_day_that_passed_while_it_was_down_is_over(scene: Scenario) -> None:
    scene.lose()
    memory, trades, orders = restore_of(scene)
    later = Scenario(scene.config, start_ns=NOON_NS + 86_400 * 10**9, calm=False, armed=False)
    later.command(Restore, memory=memory, trades=trades, orders=orders)
    assert (later.account.trades_today, later.account.realised_usd) == (0, 0.0)
    assert later.account.consecutive_losses == 1


def test_the_accounts_of_the_other_modes_come_back_too(scene: Scenario) -> None:
    scene.lose()
    scene.command(SetMode, mode=Mode.TEST, way_up_open=True)
    after = restarted(scene)
    assert after.engine.risk.accountant.mode is Mode.TEST
    after.command(SetMode, mode=Mode.PAPER)
    assert after.account.trades_today == 1


def test_a_signal_answered_before_the_crash_is_not_traded_again(scene: Scenario) -> None:
    first = scene.signal(signal_id="s-1")
    for _ in range(4):
        scene.wait_ms(60)
    scene.positioning("SOL", 50.0)
    scene.signal("SOL", signal_id="s-2", strategy="Moon Shot")
    after = restarted(scene)
    after.arm()
    again = after.signal(signal_id="s-1", strategy=ARBITRAGE)
    assert (again.ok, again.trade_id, again.verdict_id) == (True, first.trade_id, first.verdict_id)
    assert after.signal("SOL", signal_id="s-2").sentence == "s-2 was handled before the engine restarted"
    assert after.placed(OrderRole.ENTRY) == []


def test_an_entry_on_its_way_at_the_crash_is_asked_for(scene: Scenario) -> None:
    scene.signal()
    after = restarted(scene)
    for _ in range(4):
        after.wait_ms(60)
    assert after.last_trade.phase is TradePhase.ABANDONED
    assert after.account.trades_today == 0
    assert after.is_flat()


@pytest.mark.parametrize("cut_ms", range(0, 400, 20))
@pytest.mark.parametrize("is_open", [False, True])
def test_a_flatten_cut_off_by_a_kill_is_booked_by_its_executions(scene: Scenario, is_open: bool, cut_ms: int) -> None:
    """Where the close never reached the venue the next engine's flatten sweeps the position: nothing is guessed."""
    if is_open:
        scene.open_trade()
    else:
        scene.signal()
        scene.wait_ms(60)
    scene.flatten()
    scene.wait_ms(cut_ms)
    after = restarted(scene)
    for _ in range(40):
        after.wait_ms(60)
    closed = {**scene.trades, **after.trades}["t000001"]
    booked = [*scene.seen.of(FillBooked), *after.seen.of(FillBooked)]
    exits = [fill.qty for fill in booked if not fill.order_id.startswith(f"{closed.trade_id}e")]
    assert (closed.phase, closed.exit_qty) == (TradePhase.CLOSED, pytest.approx(sum(exits))), (exits, closed)
    assert closed.exit_reason is ExitReason.FLATTEN
    assert after.is_flat() and after.state is not EngineState.FLATTENING

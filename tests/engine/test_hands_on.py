"""One trade in the operator's hands: parts, targets, time, reversal; in every state."""

import pytest

from cockpit.domain import commands as asked
from cockpit.domain.actions import CommandAnswered, TradeChanged
from cockpit.domain.commands import ManualEntry
from cockpit.domain.kinds import EngineState, ExitReason, OrderRole, Side, TradePhase
from cockpit.domain.units import NS_PER_S
from cockpit.domain.verdict import Target
from tests.engine.scenario import Bare, Scenario, config_with, restore_of

T1 = "t000001"


def close(scene: Scenario | Bare, share: float = 1.0, **more: object) -> CommandAnswered:
    return scene.command(asked.CloseTrade, trade_id=T1, share=share, **more)


def stop(scene: Scenario | Bare, **to: object) -> CommandAnswered:
    return scene.command(asked.MoveStop, trade_id=T1, **to)


def resting_stop(scene: Scenario) -> tuple[float, float]:
    """(price, quantity) of the one stop that rests."""
    (only,) = scene.working(OrderRole.STOP)
    return only.request.trigger_price or 0.0, only.open_qty


@pytest.mark.parametrize("state", ["armed", "disarmed", "halted"])
def test_a_trade_is_closed_in_every_state(scene: Scenario, state: str) -> None:
    trade = scene.open_trade()
    if state == "disarmed":
        scene.command(asked.Disarm)
    if state == "halted":
        scene.command(asked.HaltTrading, reason="looking")
    answer = close(scene, reason="enough")
    assert answer.ok and answer.sentence == "closing t000001: 0.01 ETH at market"
    closed = scene.settled(trade)
    assert (closed.phase, closed.exit_reason) == (TradePhase.CLOSED, ExitReason.MANUAL)
    assert closed.exit_detail == "closed by test: enough"
    assert scene.is_flat()


@pytest.mark.parametrize(("share", "qty"), [(0.5, 0.04), (0.25, 0.02), (0.75, 0.06)])
def test_a_part_is_taken_off_and_all_else_follows(scene: Scenario, share: float, qty: float) -> None:
    trade = scene.open_trade(amount_usd=320.0)
    assert trade.open_qty == 0.08
    answer = close(scene, share)
    assert answer.ok and answer.sentence.startswith(f"closing {qty:g} of 0.08 ETH of t000001 at market")
    left = scene.settled(trade)
    assert left.phase is TradePhase.OPEN and left.open_qty == pytest.approx(0.08 - qty)
    assert scene.position() == pytest.approx(0.08 - qty)
    assert resting_stop(scene) == (trade.stop_price, pytest.approx(0.08 - qty))
    targets = scene.working(OrderRole.TARGET)
    assert sum(order.open_qty for order in targets) == pytest.approx(0.08 - qty)
    assert [order.request.limit_price for order in targets] == [rung.price for rung in trade.rungs]


def test_a_part_of_one_lot_is_said_to_be_none(scene: Scenario) -> None:
    scene.open_trade("BTC", 12.0)
    answer = close(scene, 0.25)
    assert not answer.ok
    assert answer.sentence == "25% of 0.0001 BTC is less than one lot: close it whole, or leave it"


def test_parts_after_a_target_has_filled_leave_the_filled_one_out(scene: Scenario) -> None:
    trade = scene.open_trade(amount_usd=320.0)
    scene.move("ETH", trade.rungs[0].price + 0.5)
    after = scene.settled(trade)
    assert after.stop_at_entry and after.open_qty == pytest.approx(0.044)
    assert close(scene, 0.5).ok
    left = scene.settled(trade)
    targets = scene.working(OrderRole.TARGET)
    assert sum(order.open_qty for order in targets) == pytest.approx(left.open_qty)
    assert trade.rungs[0].price not in [order.request.limit_price for order in targets]
    assert left.rungs[0].filled_qty == trade.rungs[0].qty


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(scene: Scenario, share: float) -> None:
    scene.open_trade()
    assert close(scene, share).sentence.startswith("expected a share over 0 and at most 1, was ")


def test_one_part_at_a_time(scene: Scenario) -> None:
    scene.open_trade(amount_usd=320.0)
    assert close(scene, 0.25).ok
    again = close(scene, 0.25)
    assert again.sentence == "t000001 is closing 0.02 ETH already (t000001c6): one part at a time"


def test_the_same_id_takes_one_part(scene: Scenario) -> None:
    trade = scene.open_trade(amount_usd=320.0)
    first = close(scene, 0.5, request_id="k1")
    scene.settled(trade)
    second = close(scene, 0.5, request_id="k1")
    assert first.sentence == second.sentence
    assert scene.settled(trade).open_qty == pytest.approx(0.04)


def test_an_id_of_something_else_does_not_stand_in_for_it(scene: Scenario) -> None:
    first = scene.open_trade()
    assert stop(scene, tighter_bps=5.0, request_id="k1").ok
    scene.settled(first)
    answer = close(scene, request_id="k1")
    assert answer.ok and answer.sentence == "closing t000001: 0.01 ETH at market"
    assert scene.settled(first).phase is TradePhase.CLOSED
    second = scene.open_trade()
    assert scene.command(asked.CloseTrade, trade_id=second.trade_id, request_id="k1").trade_id == second.trade_id
    assert scene.settled(second).phase is TradePhase.CLOSED, "the same id for another trade is another close"


def test_a_part_that_the_venue_refuses_leaves_all_as_it_was() -> None:
    bare = Bare(config_with())
    bare.opened()
    assert close(bare, 0.5).ok
    for target in bare.placed(OrderRole.TARGET)[-3:]:
        bare.cancelled(target)
    (part,) = bare.placed(OrderRole.CLOSE)
    bare.reject(part, "too many requests")
    assert bare.last_trade.phase is TradePhase.OPEN
    assert any("part not closed" in sentence for sentence in bare.notices("critical", "close"))
    assert len(bare.placed(OrderRole.CLOSE)) == 1, "a part is not asked for again by itself"
    assert len(bare.placed(OrderRole.TARGET)) == 6, "the ladder is laid anew"


def test_other_targets_take_the_place_of_the_old(scene: Scenario) -> None:
    trade = scene.open_trade()
    targets = (Target(40.0, 50.0), Target(80.0, 50.0))
    assert scene.command(asked.SetTargets, trade_id=T1, targets=targets).sentence == "targets of t000001 at 40/80 bps"
    changed = scene.settled(trade)
    assert [rung.distance_bps for rung in changed.rungs] == [40.0, 80.0]
    assert sum(order.open_qty for order in scene.working(OrderRole.TARGET)) == pytest.approx(trade.open_qty)


def test_targets_are_dropped_all_or_one(scene: Scenario) -> None:
    trade = scene.open_trade()
    first = scene.working(OrderRole.TARGET)[0].request.order_id
    assert scene.command(asked.CancelTradeOrder, order_id=first).ok
    scene.settled(trade)
    assert len(scene.working(OrderRole.TARGET)) == 2
    assert scene.notices("warning", "target") == []
    assert scene.command(asked.SetTargets, trade_id=T1).sentence == "t000001 is left to its stop"
    scene.settled(trade)
    assert scene.working(OrderRole.TARGET) == []
    assert resting_stop(scene)[1] == trade.open_qty


def test_a_stop_is_never_cancelled(scene: Scenario) -> None:
    trade = scene.open_trade()
    answer = scene.command(asked.CancelTradeOrder, order_id=trade.stop_order_id)
    assert answer.sentence == f"{trade.stop_order_id} is a stop, never cancelled: move the stop, or close the trade"


def test_a_resting_entry_is_taken_back(scene: Scenario) -> None:
    entry = ManualEntry("ETH", Side.LONG, limit_price=3_990.0)
    assert scene.command(asked.Enter, entry=entry).ok
    scene.wait_ms(120)
    assert scene.command(asked.CancelTradeOrder, order_id=scene.last_trade.entry_order_id).ok
    assert scene.settled(scene.last_trade).phase is TradePhase.ABANDONED
    again = scene.command(asked.CancelTradeOrder, order_id=scene.last_trade.entry_order_id)
    assert not again.ok


def test_a_time_stop_is_given_and_taken_away(scene: Scenario) -> None:
    trade = scene.open_trade()
    assert scene.command(asked.SetTimeStop, trade_id=T1, after_s=30.0).sentence == "t000001 is closed in 30 s"
    assert scene.command(asked.SetTimeStop, trade_id=T1).ok
    scene.wait_s(40)
    assert scene.trades[T1].phase is TradePhase.OPEN
    assert scene.command(asked.SetTimeStop, trade_id=T1, after_s=5.0).ok
    scene.wait_s(7)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.TIME_STOP and closed.exit_detail.startswith("held 4")


def test_a_reverse_is_a_close_and_then_an_entry_through_the_gate(scene: Scenario) -> None:
    trade = scene.open_trade()
    entry = ManualEntry("ETH", Side.SHORT, amount_usd=60.0)
    answer = scene.command(asked.Reverse, trade_id=T1, entry=entry)
    assert answer.ok and answer.sentence == "closing t000001, then a short of ETH is put before the gate"
    scene.settled(trade)
    scene.wait_s(1)
    other = scene.trades["t000002"]
    assert scene.trades[T1].exit_reason is ExitReason.MANUAL
    assert (other.side, other.phase, other.setup) == (Side.SHORT, TradePhase.OPEN, "manual")
    assert scene.position() == pytest.approx(-0.015)
    first_closed = _index(scene, T1, "closed")
    assert first_closed < _index(scene, "t000002", "sent"), "never both at once"


def _index(scene: Scenario, trade_id: str, change: str) -> int:
    return next(
        number
        for number, action in enumerate(scene.seen.actions)
        if isinstance(action, TradeChanged) and (action.trade.trade_id, action.change) == (trade_id, change)
    )


def test_a_reverse_that_the_gate_denies_is_flat_and_says_so(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.positioning("ETH", 60.0)
    assert scene.command(asked.Reverse, trade_id=T1, entry=ManualEntry("ETH", Side.SHORT)).ok
    scene.settled(trade)
    assert scene.is_flat()
    assert any("t000001 is flat: short: short % 60.0" in one for one in scene.notices("warning", "reverse"))


def test_a_reverse_needs_arming_and_its_moment(scene: Scenario) -> None:
    scene.open_trade()
    entry = ManualEntry("ETH", Side.SHORT)
    late = scene.command(asked.Reverse, trade_id=T1, entry=entry, expires_ns=scene.now_ns - NS_PER_S)
    assert late.sentence.startswith("not reversed: it expired at")
    scene.command(asked.Disarm)
    answer = scene.command(asked.Reverse, trade_id=T1, entry=entry)
    assert answer.sentence.startswith("not reversed, disarmed: ")
    assert scene.trades[T1].phase is TradePhase.OPEN
    wrong = scene.command(asked.Reverse, trade_id=T1, entry=ManualEntry("ETH", Side.LONG))
    assert wrong.sentence == "expected short ETH as the reverse of t000001, was long ETH"


def test_an_unknown_trade_is_said_with_the_open_ones(scene: Scenario) -> None:
    scene.open_trade()
    answer = scene.command(asked.CloseTrade, trade_id="t000009")
    assert answer.sentence == "expected an open trade (t000001), was t000009"


def test_exits_work_while_flattening_or_halted_and_entries_do_not(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.command(asked.HaltTrading, reason="news")
    assert scene.state is EngineState.HALTED
    assert stop(scene, tighter_bps=5.0).ok
    assert close(scene, 0.5).ok
    refused = scene.command(asked.Enter, entry=ManualEntry("BTC", Side.LONG))
    assert not refused.ok and "halted" in refused.sentence
    assert scene.settled(trade).open_qty == pytest.approx(0.005)


def test_no_restart_gives_the_id_of_a_refused_part_again() -> None:
    bare = Bare(config_with())
    bare.opened()
    bare.command(asked.SetTargets, trade_id=T1)
    for target in bare.placed(OrderRole.TARGET):
        bare.cancelled(target)
    ids: list[str] = []
    for _ in range(3):
        assert close(bare, 0.5).ok
        part = bare.placed(OrderRole.CLOSE)[-1]
        ids.append(part.order_id)
        bare.reject(part, "not today")
        after = Bare(config_with(), start_ns=bare.now_ns)
        memory, trades, orders = restore_of(bare)
        after.feed(asked.Restore(bare.now_ns, "r", "test", memory, trades, orders))
        after.seen.actions[:0] = bare.seen.actions
        bare = after
    assert len(set(ids)) == 3, ids

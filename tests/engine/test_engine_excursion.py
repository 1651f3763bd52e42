"""What a trade lived through is kept: how far it went against us and for us, and how much worse than asked it left."""

import pytest

from cockpit.domain.actions import FillBooked
from cockpit.domain.kinds import ExitReason, OrderRole
from tests.engine.scenario import Bare, Scenario

ENTRY = 4_000.01


def test_a_look_a_second_and_every_fill_make_the_extremes(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 3_996.0)
    scene.wait_s(2)
    scene.move("ETH", 4_010.03)
    scene.settled(trade)
    scene.move("ETH", 4_036.03)
    closed = scene.settled(trade)
    assert closed.mae_bps == pytest.approx((ENTRY - 3_996.0) / ENTRY * 1e4, abs=0.01)
    assert closed.mfe_bps == pytest.approx((4_036.02 - ENTRY) / ENTRY * 1e4, abs=0.01)


def test_a_spike_between_two_looks_is_in_the_bar(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.wait_s(16)
    scene.wait_ms(100)
    scene.trade("ETH", 3_990.5)
    scene.trade("ETH", 4_000.0)
    scene.wait_s(6)
    scene.move("ETH", 4_010.03)
    seen = scene.settled(trade)
    assert seen.mae_bps == pytest.approx((ENTRY - 3_990.5) / ENTRY * 1e4, abs=0.01)


def test_a_spike_of_just_before_it_opened_is_not_the_trades(scene: Scenario) -> None:
    """It is in the same bar, and the bar's low says nothing of when it was."""
    scene.trade("ETH", 3_990.5)
    scene.trade("ETH", 4_000.0)
    trade = scene.open_trade()
    scene.wait_s(12)
    scene.move("ETH", 4_010.03)
    seen = scene.settled(trade)
    assert seen.mae_bps < 3.0


def test_a_stop_that_slips_says_by_how_much(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 3_984.0)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.STOP
    slipped_bps = (trade.initial_stop_price - closed.exit_price) / trade.initial_stop_price * 1e4
    assert slipped_bps > 9
    assert closed.exit_slippage_bps == pytest.approx(slipped_bps)
    entry, *_, exit_ = scene.seen.of(FillBooked)
    assert entry.slippage_bps == pytest.approx(0.025)
    assert exit_.slippage_bps == pytest.approx(slipped_bps)


def test_targets_at_their_limits_slip_nothing(scene: Scenario) -> None:
    trade = scene.open_trade()
    for price in (4_010.03, 4_020.03, 4_036.03):
        scene.move("ETH", price)
        scene.settled(trade)
    assert scene.settled(trade).exit_slippage_bps == 0.0


def test_a_close_is_measured_from_the_price_it_was_decided_at(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.move("ETH", 4_004.0)
    scene.flatten()
    scene.wait_s(3)
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.FLATTEN
    assert closed.exit_slippage_bps == pytest.approx((4_004.0 - closed.exit_price) / 4_004.0 * 1e4, abs=1e-6)


def test_what_an_exit_slipped_is_averaged_by_quantity(bare: Bare) -> None:
    trade = bare.opened()
    (stop,) = bare.placed(OrderRole.STOP)
    asked = stop.trigger_price or 0.0
    bare.accept(stop)
    bare.fill(stop, asked - 4.0, stop.qty * 0.6)
    bare.fill(stop, asked, stop.qty * 0.4)
    closed = bare.trades[trade.trade_id]
    assert closed.exit_slippage_bps == pytest.approx(0.6 * 4.0 / asked * 1e4, rel=1e-3)
    assert closed.mae_bps == pytest.approx((4_000.0 - (asked - 4.0)) / 4_000.0 * 1e4)

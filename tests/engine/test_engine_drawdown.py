"""1.2 % of the hot wallet under the session's peak (19.92 USD) is the kill switch; an open loss is looked at twice."""

import pytest

from cockpit.domain.kinds import EngineState, ExitReason
from tests.engine.scenario import NOON_NS, Scenario, config_with

LARGEST_USD = 415.0
GAP = 3_800.0
"""5 % under the entry: some 20.8 USD on 415."""


def test_an_open_loss_needs_two_looks(scene: Scenario) -> None:
    trade = scene.open_trade(amount_usd=LARGEST_USD)
    scene.top("ETH", GAP, GAP + 0.01)
    scene.wait_s(1)
    assert scene.state is EngineState.ARMED
    assert scene.account.max_drawdown_usd >= 19.92
    scene.wait_s(1)
    assert EngineState.FLATTENING in scene.states
    assert scene.account.halt is not None and scene.account.halt.cause == "drawdown"
    assert "at or above 19.92 USD (1.2 % of the hot wallet)" in scene.account.halt.sentence
    assert scene.settled(trade).exit_reason is ExitReason.FLATTEN
    assert scene.is_flat()


def test_one_bad_quote_is_no_drawdown(scene: Scenario) -> None:
    scene.open_trade(amount_usd=LARGEST_USD)
    scene.top("ETH", GAP, GAP + 0.01)
    scene.wait_s(1, fresh=False)
    scene.quote("ETH", 4_000.0)
    scene.wait_s(5)
    assert scene.state is EngineState.ARMED


def test_fills_of_another_trade_are_no_second_look_at_the_same_quote(scene: Scenario) -> None:
    scene.open_trade(amount_usd=LARGEST_USD)
    scene.wait_until(NOON_NS + 2 * 10**9 - 30 * 10**6)
    assert scene.signal("SOL").ok
    scene.top("ETH", GAP, GAP + 0.01)
    scene.wait_until(NOON_NS + 2 * 10**9, fresh=False)
    assert scene.account.max_drawdown_usd >= 19.92
    scene.wait_ms(60)
    scene.wait_ms(60)
    assert scene.trades["t000002"].entry_qty > 0
    scene.quote("ETH", 4_000.0)
    scene.wait_s(2)
    assert scene.account.halt is None


def test_a_realised_loss_needs_no_second_look(scene: Scenario) -> None:
    trade = scene.open_trade(amount_usd=LARGEST_USD)
    scene.move("ETH", GAP)
    assert scene.trades[trade.trade_id].exit_reason is ExitReason.STOP
    assert scene.state in (EngineState.FLATTENING, EngineState.HALTED)
    assert scene.account.halt is not None and scene.account.halt.cause == "drawdown"


def test_flatten_on_kill_false_halts_and_keeps_the_position() -> None:
    scene = Scenario(config_with("kill_switch.flatten_on_kill=false"))
    trade = scene.open_trade(amount_usd=LARGEST_USD)
    scene.top("ETH", GAP, GAP + 0.01)
    scene.wait_s(3)
    assert scene.state is EngineState.HALTED
    assert EngineState.FLATTENING not in scene.states
    assert scene.position() == trade.entry_qty
    assert any(order.request.order_id == trade.stop_order_id for order in scene.working())


def test_after_a_review_the_peak_starts_from_here(scene: Scenario) -> None:
    trade = scene.open_trade(amount_usd=LARGEST_USD)
    scene.move("ETH", GAP)
    scene.settled(trade)
    scene.resume("gap understood")
    scene.wait_s(5)
    assert scene.state is EngineState.DISARMED
    assert scene.engine.risk.drawdown_usd() == pytest.approx(0.0)
    assert scene.account.max_drawdown_usd >= 19.92


def test_the_drawdown_counts_from_the_peak_not_from_zero() -> None:
    scene = Scenario(config_with("limits.session_drawdown_pct=0.1", "limits.net_profit_stop_r=100"))
    scene.win(amount_usd=LARGEST_USD)
    peak = scene.account.equity_peak_usd
    assert peak > 1.0
    scene.lose(amount_usd=LARGEST_USD)
    assert scene.account.realised_usd > -1.66
    assert scene.account.halt is not None and scene.account.halt.cause == "drawdown"


def test_midnight_does_not_make_a_drawdown_go_away(scene: Scenario) -> None:
    day_ns = 86_400 * 10**9
    midnight_ns = (NOON_NS // day_ns + 1) * day_ns
    late = Scenario(scene.config, start_ns=midnight_ns - 10 * 10**9)
    late.open_trade(amount_usd=LARGEST_USD)
    late.top("ETH", 3_900.0, 3_900.01)
    late.wait_s(5)
    before = late.engine.risk.drawdown_usd()
    assert before is not None and before > 10.0
    late.wait_s(10)
    assert late.account.utc_day == midnight_ns // day_ns
    after = late.engine.risk.drawdown_usd()
    assert after == pytest.approx(before)
    late.top("ETH", GAP, GAP + 0.01)
    late.wait_s(3)
    assert late.account.halt is not None and late.account.halt.cause == "drawdown"

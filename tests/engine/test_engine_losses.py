"""Losses in a row: two halt for a review, five are the kill switch."""

from cockpit.domain.kinds import EngineState
from tests.engine.scenario import Scenario, config_with


def test_two_losses_in_a_row_halt_until_an_operator_resumes_with_a_reason(scene: Scenario) -> None:
    scene.lose()
    assert scene.state is EngineState.ARMED
    scene.lose()
    assert scene.state is EngineState.HALTED
    assert scene.account.halt is not None and scene.account.halt.cause == "loss_review"
    assert "2 losses in a row, limit 2" in scene.account.halt.sentence

    assert not scene.arm().ok
    assert not scene.resume("  ").ok
    assert scene.state is EngineState.HALTED

    assert scene.resume("stops were too near").ok
    assert scene.state is EngineState.DISARMED
    assert scene.account.losses_since_review == 0
    assert scene.account.consecutive_losses == 2
    assert scene.arm().ok
    assert scene.state is EngineState.ARMED


def test_a_win_in_between_ends_the_streak(scene: Scenario) -> None:
    scene.lose()
    scene.win()
    scene.lose()
    assert scene.state is EngineState.ARMED
    assert scene.account.consecutive_losses == 1


def test_a_review_halt_leaves_open_trades_their_stops_and_targets(scene: Scenario) -> None:
    kept = scene.open_trade("SOL")
    scene.lose()
    scene.lose()
    assert scene.state is EngineState.HALTED
    assert scene.position("SOL") == kept.entry_qty
    scene.move("SOL", round(max(rung.price for rung in kept.rungs) + 0.01, 2))
    assert scene.settled(kept).pnl_usd > 0


def test_the_fifth_loss_in_a_row_is_the_kill_switch_and_flattens(scene: Scenario) -> None:
    for losses in range(1, 5):
        scene.lose()
        if losses % 2 == 0:
            scene.resume()
            scene.arm()
    kept = scene.open_trade("SOL")
    scene.lose()
    assert scene.account.halt is not None and scene.account.halt.cause == "losses_kill"
    assert EngineState.FLATTENING in scene.states
    scene.settled(kept)
    assert scene.is_flat()
    assert scene.state is EngineState.HALTED
    assert scene.notices("critical", "halt")[-1] == "HALTED: 5 losses in a row, limit 5"


def test_flatten_on_kill_false_leaves_the_fifth_loss_a_halt() -> None:
    scene = Scenario(config_with("kill_switch.flatten_on_kill=false"))
    kept = scene.open_trade("SOL")
    for losses in range(1, 6):
        scene.lose()
        if losses in (2, 4):
            scene.resume()
            scene.arm()
    assert scene.account.halt is not None and scene.account.halt.cause == "losses_kill"
    assert scene.position("SOL") == kept.entry_qty
    assert EngineState.FLATTENING not in scene.states


def test_after_the_kill_switch_is_reviewed_trading_can_begin_again(scene: Scenario) -> None:
    for losses in range(1, 6):
        scene.lose()
        if losses in (2, 4):
            scene.resume()
            scene.arm()
    assert scene.resume("day reviewed").ok
    assert scene.arm().ok
    assert scene.account.consecutive_losses == 0
    assert scene.signal().ok


def test_five_losses_hidden_behind_a_graver_halt_are_reviewed_too(scene: Scenario) -> None:
    for losses in range(1, 5):
        scene.lose()
        if losses % 2 == 0:
            scene.resume()
            scene.arm()
    last = scene.open_trade()
    for _ in range(2):
        scene.health(1.9)
        scene.wait_ms(1)
    assert scene.settled(last).pnl_usd < 0
    assert scene.account.halt is not None and scene.account.halt.cause == "health_factor"
    assert scene.account.consecutive_losses == 5
    scene.health(3.0)
    scene.resume("debt repaid")
    scene.wait_s(2)
    assert scene.account.halt is not None and scene.account.halt.cause == "losses_kill"
    scene.resume("and the losses are understood")
    scene.arm()
    assert scene.signal().ok
    assert scene.account.consecutive_losses == 0

"""Paper, test, live: never changed with trades open, never up without the evidence, each with its own account."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import ModeChanged
from cockpit.domain.commands import Arm, Disarm, HaltTrading, SetMode
from cockpit.domain.kinds import EngineState, Mode
from cockpit.engine.views import snapshot
from tests.engine.scenario import MOMENTUM, Bare, Scenario, config_with


def test_the_mode_stays_while_a_trade_is_open(scene: Scenario) -> None:
    scene.open_trade()
    answer = scene.command(SetMode, mode=Mode.TEST, way_up_open=True)
    assert not answer.ok
    assert answer.sentence == "mode stays paper: 1 trade open, expected 0"
    assert scene.engine.risk.accountant.mode is Mode.PAPER


@pytest.mark.parametrize("mode", [Mode.TEST, Mode.LIVE])
def test_the_way_up_is_locked_without_evidence(scene: Scenario, mode: Mode) -> None:
    answer = scene.command(SetMode, mode=mode)
    assert not answer.ok
    assert f"the way up to {mode.value} is locked" in answer.sentence


def test_an_override_is_recorded_with_its_reason(scene: Scenario) -> None:
    answer = scene.command(SetMode, mode=Mode.TEST, override_reason="key check with 10 USD")
    assert answer.ok and answer.reason_given == "key check with 10 USD"
    change = scene.seen.of(ModeChanged)[0]
    assert (change.before, change.after, change.reason) == (
        Mode.PAPER,
        Mode.TEST,
        "override: key check with 10 USD by test",
    )


def test_what_is_left_of_the_day_is_shown_by_the_limits_of_the_mode(scene: Scenario) -> None:
    limits = [(shown.max_trades_per_day, shown.daily_loss_limit_usd) for shown in [snapshot(scene.engine)]]
    for mode in (Mode.TEST, Mode.LIVE):
        scene.command(SetMode, mode=mode, way_up_open=True)
        shown = snapshot(scene.engine)
        limits.append((shown.max_trades_per_day, shown.daily_loss_limit_usd))
    assert limits == [(6, 100.0), (3, 20.0), (6, 100.0)]


def test_changing_the_mode_disarms(scene: Scenario) -> None:
    scene.command(SetMode, mode=Mode.TEST, way_up_open=True)
    assert scene.state is EngineState.DISARMED


def test_the_way_down_is_always_open(config: CockpitConfig) -> None:
    scene = Scenario(config, mode=Mode.LIVE)
    assert scene.command(SetMode, mode=Mode.PAPER).ok


def test_switching_modes_cannot_reset_the_day(scene: Scenario) -> None:
    scene.lose()
    lost = scene.account
    scene.command(SetMode, mode=Mode.TEST, way_up_open=True)
    assert (scene.account.realised_usd, scene.account.trades_today, scene.account.consecutive_losses) == (0.0, 0, 0)
    scene.command(SetMode, mode=Mode.PAPER)
    assert scene.account.realised_usd == lost.realised_usd
    assert scene.account.trades_today == lost.trades_today
    assert scene.account.consecutive_losses == 1


def test_a_halt_comes_along_into_every_mode(scene: Scenario) -> None:
    scene.command(HaltTrading, reason="news")
    scene.command(SetMode, mode=Mode.TEST, way_up_open=True)
    assert scene.state is EngineState.HALTED
    scene.command(SetMode, mode=Mode.PAPER)
    assert scene.state is EngineState.HALTED


def test_mode_test_has_its_own_limits(config: CockpitConfig) -> None:
    scene = Scenario(config, mode=Mode.TEST)
    scene.health(3.0)
    assert scene.signal("ETH", 101.0).sentence == "test mode exposure 101.00 USD (0.00 open + 101.00) over 100.00"
    for asset in ("BTC", "ETH", "SOL"):
        assert scene.signal(asset, 30.0).ok
        scene.wait_ms(200)
    answer = scene.signal("XRP", 10.0, strategy=MOMENTUM)
    assert not answer.ok
    assert scene.check("test_trades") == "block: 3 trades this test session of 3: none left"


def test_a_session_loss_of_the_test_mode_stands_down() -> None:
    scene = Scenario(config_with("modes.test.max_session_loss_usd=0.1"), mode=Mode.TEST)
    scene.health(3.0)
    scene.lose("ETH", 90.0)
    scene.wait_s(1)
    assert scene.state is EngineState.STANDING_DOWN
    assert "test session loss" in scene.engine.risk.reason


def test_the_end_of_the_process_takes_back_what_has_not_filled(bare: Bare) -> None:
    bare.signal()
    (entry,) = bare.placed()
    bare.command(Disarm)
    assert bare.cancels() == []
    bare.command(Disarm, takes_back_entries=True)
    assert bare.cancels() == [entry.order_id]


def test_what_the_host_found_against_a_mode_refuses_it(scene: Scenario) -> None:
    answer = scene.command(SetMode, mode=Mode.TEST, way_up_open=True, refusal="okx: expected one-way mode, was hedged")
    assert (answer.ok, answer.sentence) == (False, "mode stays paper: okx: expected one-way mode, was hedged")


def test_what_the_host_found_against_arming_refuses_it(scene: Scenario) -> None:
    scene.command(Disarm)
    answer = scene.command(Arm, refusal="expected a drill today, was none")
    assert (answer.ok, answer.sentence) == (False, "not armed: expected a drill today, was none")
    assert scene.state is EngineState.DISARMED

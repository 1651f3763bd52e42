"""Health factor under 2.00: confirmed by a second reading or a second source, everything is closed and stays halted."""

from cockpit.domain.actions import CommandAnswered
from cockpit.domain.kinds import EngineState, ExitReason, OrderRole, Origin
from tests.engine.scenario import NOON_NS, Scenario, config_with

FALLEN = 1.98


def test_one_reading_under_2_changes_nothing(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.health(2.6)
    scene.health(FALLEN)
    assert scene.state is EngineState.ARMED
    assert scene.settled(trade).open_qty == trade.open_qty


def test_the_second_reading_flattens_and_halts(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.health(FALLEN)
    scene.wait_s(1)
    scene.health(1.97)
    assert scene.state is EngineState.FLATTENING
    closed = scene.settled(trade)
    assert closed.exit_reason is ExitReason.FLATTEN
    assert scene.position() == 0.0
    assert scene.working() == []
    assert scene.states[-2:] == [EngineState.FLATTENING, EngineState.HALTED]
    assert scene.account.halt is not None
    assert scene.account.halt.sentence == "health factor 1.970 under 2.00, confirmed by rpc1"


def test_the_halt_never_names_a_factor_that_reads_like_its_limit(scene: Scenario) -> None:
    scene.health(1.9999)
    scene.wait_s(1)
    scene.health(1.9999)
    assert scene.account.halt is not None
    assert scene.account.halt.sentence == "health factor 1.9999 under 2.00, confirmed by rpc1"


def test_a_second_source_confirms_at_once(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.health(FALLEN, "rpc1")
    scene.health(1.99, "rpc2")
    assert scene.state is EngineState.FLATTENING
    scene.settled(trade)
    assert scene.is_flat()


def test_the_halt_stays_after_the_health_factor_recovers(scene: Scenario) -> None:
    scene.health(FALLEN)
    scene.wait_s(1)
    scene.health(FALLEN)
    scene.wait_s(60)
    scene.health(3.0)
    scene.wait_s(60)
    assert scene.state is EngineState.HALTED
    assert not scene.arm().ok
    assert not scene.signal().ok


def test_a_healthy_reading_in_between_begins_the_count_anew(scene: Scenario) -> None:
    for value in (FALLEN, 2.05, FALLEN):
        scene.health(value)
        scene.wait_s(1)
    assert scene.state is EngineState.ARMED


def test_a_source_that_still_says_2_05_does_not_veto_two_readings_of_the_other(scene: Scenario) -> None:
    for value, source in ((FALLEN, "rpc1"), (2.05, "rpc2"), (FALLEN, "rpc1")):
        scene.health(value, source)
        scene.wait_s(1)
    assert scene.states[-1] is EngineState.HALTED


def test_the_same_reading_heard_twice_is_one_reading(scene: Scenario) -> None:
    scene.health(FALLEN)
    scene.health(FALLEN)
    assert scene.state is EngineState.ARMED


def test_a_reading_too_old_confirms_nothing(scene: Scenario) -> None:
    scene.health(FALLEN, "rpc1")
    scene.wait_s(301)
    scene.health(FALLEN, "rpc2")
    assert scene.state is not EngineState.FLATTENING
    assert scene.account.halt is None


def test_a_reading_from_outside_confirms_nothing(scene: Scenario) -> None:
    scene.health(3.0)
    for value in (1.5, 1.4, 1.3):
        scene.health(value, "dashboard", Origin.EXTERNAL)
        scene.wait_s(1)
    assert scene.state is EngineState.ARMED
    answer = scene.signal()
    assert answer.sentence == "health factor 1.30 under 2.20: no entries"


def test_an_unknown_reading_neither_confirms_nor_clears(scene: Scenario) -> None:
    scene.health(FALLEN)
    scene.wait_s(1)
    scene.health(None)
    assert scene.state is EngineState.ARMED
    scene.wait_s(1)
    scene.health(FALLEN)
    assert scene.states[-1] in (EngineState.FLATTENING, EngineState.HALTED)


def test_flatten_on_kill_false_does_not_spare_the_health_factor() -> None:
    scene = Scenario(config_with("kill_switch.flatten_on_kill=false"))
    trade = scene.open_trade()
    for _ in range(2):
        scene.health(FALLEN)
        scene.wait_s(1)
    assert scene.settled(trade).open_qty == 0
    assert scene.is_flat()


def test_the_stop_goes_only_after_the_position_is_gone(scene: Scenario) -> None:
    trade = scene.open_trade()
    scene.flatten()
    cancelled = [getattr(action, "order_id", "") for action in scene.seen.actions if "Cancel" in type(action).__name__]
    assert trade.stop_order_id not in cancelled
    assert any(order.request.role is OrderRole.STOP for order in scene.working())
    scene.settled(trade)
    assert scene.is_flat()
    assert scene.seen.of(CommandAnswered)[-1].ts_ns >= NOON_NS

"""Alarms of one's own ring once, at their level, and shed risk at the most."""

import pytest

from cockpit.domain import commands as asked
from cockpit.domain.actions import CommandAnswered, MemoryChanged
from cockpit.domain.kinds import EngineState, TradePhase
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel, AlarmOn
from tests.engine.scenario import Scenario


def alarm(
    scene: Scenario, on: AlarmOn, level: float, is_above: bool, asset: str = "", **more: object
) -> CommandAnswered:
    return scene.command(asked.SetAlarm, alarm=AlarmLevel(on, level, is_above, asset, **more))  # type: ignore[arg-type]


def rung(scene: Scenario) -> list[str]:
    return scene.notices("critical", "alarm")


def test_a_price_rings_at_the_print_that_passes_it_and_once(scene: Scenario) -> None:
    answer = alarm(scene, AlarmOn.PRICE, 4_010.0, True, "ETH")
    assert answer.sentence == "alarm a1: ETH price at or above 4,010: ring"
    scene.move("ETH", 4_009.99)
    assert rung(scene) == []
    scene.move("ETH", 4_010.5)
    assert rung(scene) == ["a1: ETH price at or above 4,010: ring, was 4,010.5"]
    scene.move("ETH", 4_020.0)
    assert len(rung(scene)) == 1 and scene.engine.alarms.levels == ()


def test_a_result_under_a_level_flattens(scene: Scenario) -> None:
    trade = scene.open_trade(amount_usd=320.0)
    scene.command(asked.MoveStop, trade_id=trade.trade_id, price=3_995.0)
    assert alarm(scene, AlarmOn.PNL, -0.4, False, action=AlarmAction.FLATTEN).ok
    scene.quote("ETH", 3_996.0)
    scene.wait_s(2)
    assert rung(scene) and scene.state in (EngineState.FLATTENING, EngineState.HALTED)
    scene.settled(trade)
    scene.wait_s(1)
    assert scene.is_flat() and scene.state is EngineState.HALTED


def test_closing_is_of_its_asset_alone(scene: Scenario) -> None:
    first, other = scene.open_trade("ETH"), scene.open_trade("BTC")
    alarm(scene, AlarmOn.PRICE, 3_995.0, False, "ETH", action=AlarmAction.CLOSE)
    scene.move("ETH", 3_994.0)
    assert scene.settled(first).phase is TradePhase.CLOSED
    assert scene.trades[other.trade_id].phase is TradePhase.OPEN


def test_health_and_funding(scene: Scenario) -> None:
    alarm(scene, AlarmOn.HEALTH_FACTOR, 2.4, False, action=AlarmAction.DISARM)
    alarm(scene, AlarmOn.FUNDING, 3.0, True, "BTC")
    scene.health(2.6)
    scene.funding("BTC", 2.9, 0.1)
    scene.wait_s(2)
    assert rung(scene) == []
    scene.health(2.39)
    scene.funding("BTC", 3.1, 0.1)
    scene.wait_s(2)
    assert len(rung(scene)) == 2 and scene.state is EngineState.DISARMED


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((AlarmOn.PRICE, 4_010.0, True, "DOGE"), "no alarm set: expected an asset among BTC, SOL, XRP, ETH, was DOGE"),
        (
            (AlarmOn.PRICE, 3_990.0, True, "ETH"),
            "no alarm set: ETH price at or above 3,990: ring is so already",
        ),
        ((AlarmOn.PNL, float("nan"), True, ""), "no alarm set: expected a level that is a number, was nan"),
    ],
)
def test_what_cannot_ring_is_refused(scene: Scenario, given: tuple[AlarmOn, float, bool, str], reason: str) -> None:
    assert alarm(scene, *given).sentence.startswith(reason)


def test_they_are_remembered_and_taken_away(scene: Scenario) -> None:
    alarm(scene, AlarmOn.PRICE, 4_010.0, True, "ETH")
    alarm(scene, AlarmOn.PNL, -5.0, False)
    memory = scene.seen.of(MemoryChanged)[-1].memory
    assert [level.alarm_id for level in memory.alarms] == ["a1", "a2"]
    fresh = Scenario(scene.config, armed=False)
    fresh.feed(asked.Restore(scene.now_ns, "r", "test", memory, (), ()))
    assert fresh.engine.alarms.levels == memory.alarms
    assert alarm(fresh, AlarmOn.PNL, -6.0, False).sentence.startswith("alarm a3: ")
    assert fresh.command(asked.DropAlarm, alarm_id="a2").sentence == "1 alarm taken away, 2 left"
    assert not fresh.command(asked.DropAlarm, alarm_id="a2").ok
    assert fresh.command(asked.DropAlarm).ok and fresh.engine.alarms.levels == ()

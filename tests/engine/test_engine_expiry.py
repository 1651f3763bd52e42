"""A command that opens risk and comes when nobody waits for it any more is not done; one that sheds risk always is."""

from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain import commands as asked
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.units import NS_PER_S
from tests.engine.scenario import Scenario

LATE_S = 12.3


def late(scene: Scenario) -> int:
    return scene.now_ns - round(LATE_S * NS_PER_S)


def test_a_late_arm_is_refused_with_its_numbers(config: CockpitConfig) -> None:
    scene = Scenario(config, armed=False)
    answer = scene.command(asked.Arm, expires_ns=late(scene))
    assert not answer.ok and scene.state is EngineState.DISARMED
    assert answer.sentence.startswith("not armed: it expired at 20")
    assert answer.sentence.endswith("12.3 s before it came: ask again")


def test_a_late_resume_leaves_the_halt(scene: Scenario) -> None:
    scene.command(asked.HaltTrading, reason="looking")
    answer = scene.command(asked.Resume, reason="looked", expires_ns=late(scene))
    assert not answer.ok and "12.3 s before it came" in answer.sentence
    assert scene.state is EngineState.HALTED


@pytest.mark.parametrize("override", ["", "keys checked"])
def test_a_late_climb_is_refused_and_a_late_descent_is_not(config: CockpitConfig, override: str) -> None:
    scene = Scenario(config)
    up: dict[str, Any] = {"mode": Mode.TEST, "way_up_open": True, "override_reason": override}
    answer = scene.command(asked.SetMode, **up, expires_ns=late(scene))
    assert answer.sentence.startswith("mode stays paper: it expired at ")
    assert scene.command(asked.SetMode, **up, expires_ns=scene.now_ns + 1).ok
    assert scene.command(asked.SetMode, mode=Mode.PAPER, expires_ns=late(scene)).ok


def test_in_time_is_in_time(config: CockpitConfig) -> None:
    scene = Scenario(config, armed=False)
    assert scene.command(asked.Arm, expires_ns=scene.now_ns + 1).ok
    assert scene.state is EngineState.ARMED

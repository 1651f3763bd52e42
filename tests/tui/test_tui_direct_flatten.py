"""The engine is gone and the flatten key still works: past it, step by step, to a last word that is seen."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pty_process import PtyProcess
from scenes import Scene
from screen_stage import SIZES, Stage, StandingLink, staged
from test_tui_key_matrix import FOCI

from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.link import LinkChange
from cockpit.commands.direct_flatten import flatten_command, lines_of
from cockpit.config.places import find_places
from cockpit.tui import emergency
from cockpit.tui.flatten import SHOWN_STEPS, FlattenFlow, Outcome
from cockpit.tui.flatten import Stage as FlowStage

STEPS = ["FREEZE: no entry can start", "okx: BTC long closed at market, reduce-only"]


class Road:
    """A direct road that tells what it is given, and waits before its last word where it is held."""

    def __init__(self, *steps: str | Outcome, error: Exception | None = None) -> None:
        self.steps, self.error, self.taken = steps, error, 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self) -> AsyncIterator[str | Outcome]:
        self.taken += 1
        for steps in self.steps:
            if isinstance(steps, Outcome):
                await self.go_on.wait()
            yield steps
        if self.error is not None:
            raise self.error


async def lose(stage: Stage) -> None:
    stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
    stage.clock.now_s += 12
    await stage.settle()


def step_program(directory: Path, *lines: str, code: int) -> list[str]:
    """A command that prints like `cockpit flatten`, with its last line unended."""
    program, text = directory / "steps.py", "\n".join(lines)
    program.write_text(f"import sys; sys.stdout.write({text!r}); sys.exit({code})", encoding="utf-8")
    return [sys.executable, str(program)]


@pytest.mark.parametrize("key", ["f12", "ctrl+backslash"])
@pytest.mark.parametrize("focus", FOCI)
async def test_with_the_engine_lost_the_key_works_from_everywhere(trading: Scene, focus: str, key: str) -> None:
    road = Road(*STEPS, Outcome.FLAT)
    async with staged(StandingLink(trading), direct_flatten=road) as stage:
        await stage.press(*FOCI[focus])
        await lose(stage)
        await stage.press(key, key)
        await stage.until(lambda: stage.app.flow.stage is FlowStage.DIRECT_FLAT)
        assert stage.link.asked == [] and road.taken == 1
        assert "FLAT by the direct road" in stage.text() and STEPS[1] in stage.text()


@pytest.mark.parametrize("size", SIZES)
async def test_each_step_is_seen_with_its_time_and_it_is_red_until_flat(trading: Scene, size: tuple[int, int]) -> None:
    road = Road(*STEPS, Outcome.FLAT)
    road.go_on.clear()
    async with staged(StandingLink(trading), size, direct_flatten=road) as stage:
        await lose(stage)
        await stage.press("f12", "f12")
        await stage.until(lambda: len(stage.app.flow.direct_steps) == 2)
        text = " ".join(stage.text().split())
        assert "CLOSING AT THE VENUE DIRECTLY" in text and "ENGINE LOST" in text
        assert all(f"+0.0 s {step}" in text for step in STEPS)
        assert stage.app.flow.rows(None, [], 0.0)[0][1] == "alarm"
        await stage.press("f12", "f12")
        assert road.taken == 1, "a road that is being taken is not taken twice"
        road.go_on.set()
        await stage.until(lambda: stage.app.flow.stage is FlowStage.DIRECT_FLAT)
        assert stage.app.flow.rows(None, [], 0.0)[0][1] == "good"


@pytest.mark.parametrize(
    ("road", "said"),
    [
        (Road("not flattened: 1 open; start the engine, then run this again", Outcome.NOT_FLAT), "start the engine"),
        (Road("FREEZE"), "NOT FLAT"),
        (Road("FREEZE", error=OSError("no such command")), "broke off: OSError: no such command; in a shell"),
    ],
    ids=["not flat", "no last word", "broken"],
)
async def test_whatever_is_not_flat_stays_red_and_may_be_tried_again(trading: Scene, road: Road, said: str) -> None:
    async with staged(StandingLink(trading), direct_flatten=road) as stage:
        await lose(stage)
        await stage.press("f12", "f12")
        await stage.until(lambda: stage.app.flow.stage is FlowStage.NOT_FLAT)
        assert "NOT FLAT" in stage.text() and said in stage.text()
        assert stage.app.flow.rows(None, [], 0.0)[0][1] == "alarm"
        await stage.press("f12", "f12")
        await stage.until(lambda: road.taken == 2 and stage.app.flow.stage is FlowStage.NOT_FLAT)


async def test_an_engine_that_dies_while_asked_is_passed_by(trading: Scene) -> None:
    link = StandingLink(trading)
    link.refusal = EngineUnreachable("expected an answer, was none")
    async with staged(link, direct_flatten=Road(*STEPS, Outcome.FLAT)) as stage:
        await stage.press("f12", "f12")
        await stage.until(lambda: stage.app.flow.stage is FlowStage.DIRECT_FLAT)
        assert link.asked == [("flatten",)]


async def test_an_engine_that_hangs_is_not_waited_for(trading: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency, "ENGINE_ANSWERS_WITHIN_S", 0.01)

    class Hung(StandingLink):
        async def flatten(self, reason: str) -> str:
            await asyncio.Event().wait()
            return ""

    async with staged(Hung(trading), direct_flatten=Road(*STEPS, Outcome.FLAT)) as stage:
        await stage.press("f12", "f12")
        await stage.until(lambda: stage.app.flow.stage is FlowStage.DIRECT_FLAT)


async def test_an_engine_that_says_no_is_not_passed_by(trading: Scene) -> None:
    link, road = StandingLink(trading), Road(Outcome.FLAT)
    link.refusal = EngineRefused("expected a token, was none", 401)
    async with staged(link, direct_flatten=road) as stage:
        await stage.press("f12", "f12")
        await stage.until(lambda: stage.app.flow.stage is FlowStage.FAILED)
        assert road.taken == 0 and "expected a token, was none" in stage.text()


async def test_what_a_dead_engine_said_last_does_not_count(trading: Scene) -> None:
    """It died while flattening: its last word would else be shown for ever in place of the direct road's."""
    from cockpit.domain.kinds import EngineState

    dying = trading.with_snapshot(state=EngineState.FLATTENING)
    async with staged(StandingLink(dying), direct_flatten=Road(*STEPS, Outcome.NOT_FLAT)) as stage:
        await lose(stage)
        await stage.press("f12", "f12")
        await stage.until(lambda: stage.app.flow.stage is FlowStage.NOT_FLAT)
        assert STEPS[0] in stage.text()


def test_of_many_steps_the_newest_are_shown() -> None:
    flow = FlattenFlow()
    flow.direct("x")
    for number in range(30):
        flow.direct_step(f"step {number}", 0.0)
    steps = [text for text, _ in flow.rows(None, [], 0.0)[1:]]
    assert len(steps) == SHOWN_STEPS and "22 earlier steps" in steps[0] and steps[-1].endswith("step 29")


@pytest.mark.parametrize(
    ("last", "code", "outcome"),
    [
        ("FLAT: every venue said so", 0, Outcome.FLAT),
        ("nothing is open in the journal", 0, Outcome.FLAT),
        ("FLAT: every venue said so", 1, Outcome.NOT_FLAT),
        ("going to okx directly; Ctrl+C gives up", 0, Outcome.NOT_FLAT),
        ("NOT FLAT: look at the venue, or run this again", 0, Outcome.NOT_FLAT),
        ("NOT FLAT: look at the venue, or run this again", 2, Outcome.NOT_FLAT),
    ],
)
async def test_flat_is_what_the_command_says_last_and_ends_with(
    tmp_path: Path, last: str, code: int, outcome: Outcome
) -> None:
    """One that ended early with 0 has not said flat."""
    command = step_program(tmp_path, *STEPS, "", f"\x1b[2J{last}", code=code)
    assert [steps async for steps in lines_of(command)][:-1] == [*STEPS, f"[2J{last}"]
    command = step_program(tmp_path, *STEPS, "", last, code=code)
    assert [steps async for steps in lines_of(command)] == [*STEPS, last, outcome]


async def test_the_real_command_on_a_home_without_an_engine(tmp_path: Path) -> None:
    steps = [steps async for steps in lines_of(flatten_command(find_places(tmp_path)))]
    assert any("no engine runs on this profile" in str(line) for line in steps)
    assert isinstance(steps[-1], Outcome)


def test_with_the_engine_killed_the_key_takes_the_direct_road(tmp_path: Path) -> None:
    process = PtyProcess([sys.executable, "-m", "cockpit", "--home", str(tmp_path), "--speed", "5", "--arm"])
    try:
        process.wait_for("SIMULATED", 40)
        os.kill(int(json.loads((tmp_path / "engine.lock").read_text(encoding="utf-8"))["pid"]), signal.SIGKILL)
        process.wait_for("ENGINE LOST", 20)
        process.press("f12")
        process.wait_for("press again", 20)
        process.press("f12")
        process.wait_until_shown("no engine runs on this profile", 40)
        process.wait_until_shown("nothing is open in the journal", 40)
    finally:
        process.end()

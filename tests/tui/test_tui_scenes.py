"""Six states at six sizes, as text: one screen a state, resized; and what each must say wherever there is room."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from scenes import Scene, scene
from screen_stage import Stage, StandingLink, staged
from syrupy.assertion import SnapshotAssertion

from cockpit.client.link import LinkChange
from cockpit.domain.account import Halt
from cockpit.domain.actions import Notice
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.stream import LogFrame

SIZES = [(60, 20), (80, 24), (120, 40), (160, 50), (200, 60), (240, 70)]
AT_NS = 1_760_882_525_000_000_000
STEPS = (
    "+0 ms FREEZE: no entry can start (the flatten key)",
    "+0 ms CLOSE: 3 trades closing at market, reduce-only",
)


async def as_it_is(stage: Stage) -> None:
    """Nothing happens to it."""


async def lose(stage: Stage) -> None:
    stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
    stage.clock.now_s += 12


async def flatten(stage: Stage) -> None:
    for seq, text in enumerate(STEPS, start=9_000):
        stage.app.store.take(LogFrame(seq, Notice(AT_NS, "info", "flatten", text)), stage.clock())
    shown = stage.app.store.snapshot
    assert shown is not None
    stage.app.store.snapshot = msgspec.structs.replace(shown, state=EngineState.FLATTENING)


def halted() -> Scene:
    halt = Halt(AT_NS, "operator", "halted by screen: the halt key")
    return scene("trading").with_snapshot(
        state=EngineState.HALTED, armed=False, halt=halt, state_reason="halted by screen: the halt key"
    )


STATES: dict[str, tuple[Callable[[], Scene], Callable[[Stage], Awaitable[None]], str]] = {
    "calm": (lambda: scene("quiet"), as_it_is, "DISARMED"),
    "busy": (lambda: scene("trading"), as_it_is, "ARMED"),
    "halted": (halted, as_it_is, "HALTED"),
    "flattening": (lambda: scene("trading"), flatten, "FLATTENING"),
    "engine lost": (lambda: scene("trading"), lose, "ENGINE LOST 12 s"),
    "live": (lambda: scene("trading").with_snapshot(mode=Mode.LIVE), as_it_is, "LIVE"),
}


@pytest.mark.parametrize("state", STATES)
async def test_a_state_at_every_size(state: str, snapshot: SnapshotAssertion) -> None:
    make, then, said = STATES[state]
    async with staged(StandingLink(make()), SIZES[0]) as stage:
        await then(stage)
        for columns, rows in SIZES:
            await stage.pilot.resize_terminal(columns, rows)
            await stage.settle()
            seen = [row.rstrip() for row in stage.rows()]
            assert len(seen) == rows and max(map(len, seen)) <= columns
            assert said in "\n".join(seen) and "FLATTEN" in seen[-1], (columns, rows)
            assert "\n".join(seen) == snapshot(name=f"{state} {columns}x{rows}")

"""Whole screens, as pictures, at the three sizes and in the states a trader must recognise at a glance."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from scenes import Scene, scene
from screen_stage import SIZES, Clock, Stage, StandingLink, make_app
from textual.pilot import Pilot

from cockpit.deck.link import LinkChange
from cockpit.domain.actions import Notice
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.stream import LogFrame

Compare = Callable[..., bool]
STEPS = (
    "+0 ms FREEZE: no entry can start (the flatten key)",
    "+0 ms CLOSE: 3 trades told to leave at market, reduce-only",
)
AT_NS = 1_760_882_525_000_000_000


def run(
    compare: Compare, shown: Scene, size: tuple[int, int], *keys: str,
    then: Callable[[Stage], Awaitable[None]] | None = None, **settings: Any,
) -> None:  # fmt: skip
    clock = Clock()
    app = make_app(StandingLink(shown), clock, **settings)

    async def before(pilot: Pilot[str]) -> None:
        stage = Stage(app, None, clock, pilot)
        await stage.until(lambda: app.store.snapshot is not None)
        await stage.press(*keys)
        if then is not None:
            await then(stage)

    assert compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_trading(snap_compare: Compare, size: tuple[int, int]) -> None:
    run(snap_compare, scene("trading"), size)


@pytest.mark.parametrize("size", SIZES)
def test_live_is_unmistakable(snap_compare: Compare, size: tuple[int, int]) -> None:
    run(snap_compare, scene("trading").with_snapshot(mode=Mode.LIVE), size)


@pytest.mark.parametrize("size", SIZES)
def test_the_engine_is_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def lose(stage: Stage) -> None:
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        stage.clock.now_s += 12
        await stage.settle()

    run(snap_compare, scene("trading"), size, then=lose)


@pytest.mark.parametrize("size", SIZES)
def test_flattening(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def go_on(stage: Stage) -> None:
        for seq, text in enumerate(STEPS, start=9_000):
            stage.app.store.take(LogFrame(seq, Notice(AT_NS, "info", "flatten", text)), stage.clock())
        frame = stage.app.store.snapshot
        assert frame is not None
        stage.app.store.snapshot = msgspec.structs.replace(frame, state=EngineState.FLATTENING)
        await stage.settle()

    run(snap_compare, scene("trading"), size, then=go_on)


@pytest.mark.parametrize("theme", ["light", "colour-blind", "ansi"])
def test_themes(snap_compare: Compare, theme: str) -> None:
    run(snap_compare, scene("later"), (120, 40), theme=theme)


def test_no_colour_and_ascii(snap_compare: Compare) -> None:
    run(snap_compare, scene("later"), (120, 40), colour=False, ascii_only=True)


@pytest.mark.parametrize(
    "keys",
    [("6", "enter"), ("c",), ("e",), ("o",), ("question_mark",), ("l",), ("q",), ("f12",), ("5", "z")],
    ids="-".join,
)
def test_what_opens_over_the_panes(snap_compare: Compare, keys: tuple[str, ...]) -> None:
    run(snap_compare, scene("later"), (100, 34), *keys)

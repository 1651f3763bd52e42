"""Whole screens, as pictures, at the three sizes and in the states a trader must recognise at a glance."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from scenes import Scene, scene
from screen_stage import SIZES, Clock, Stage, StandingLink, make_app
from textual.pilot import Pilot

from cockpit.client.link import LinkChange
from cockpit.domain.actions import Notice
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.stream import LogFrame
from cockpit.tui.flatten import Outcome

Compare = Callable[..., bool]
STEPS = (
    "+0 ms FREEZE: no entry can start (the flatten key)",
    "+0 ms CLOSE: 3 trades closing at market, reduce-only",
)
DIRECT_STEPS = (
    "the engine of this profile (process 4711) is gone: going straight to okx and binance",
    "okx: BTC short 0.0001 closed at market, reduce-only",
    "okx: flat (1 of 2)",
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


@pytest.mark.parametrize("size", [(160, 50), (200, 60), (240, 70)])
def test_a_large_screen(snap_compare: Compare, size: tuple[int, int]) -> None:
    run(snap_compare, scene("later"), size)


@pytest.mark.parametrize("presses", [1, 2])
def test_other_layouts(snap_compare: Compare, presses: int) -> None:
    run(snap_compare, scene("trading"), (120, 40), *("w",) * presses)


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


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("outcome", [None, Outcome.FLAT, Outcome.NOT_FLAT], ids=["under way", "flat", "not flat"])
def test_flattening_by_the_direct_road(snap_compare: Compare, size: tuple[int, int], outcome: Outcome | None) -> None:
    async def road() -> AsyncIterator[str | Outcome]:
        for step in DIRECT_STEPS:
            yield step
        if outcome is None:
            await asyncio.Event().wait()
        else:
            yield outcome

    async def take(stage: Stage) -> None:
        stage.app.store.take(LinkChange(False, 0.0, "connection refused"), stage.clock())
        stage.clock.now_s += 12
        await stage.press("f12", "f12")
        await stage.until(lambda: len(stage.app.flow.direct_steps) == len(DIRECT_STEPS))
        await stage.until(lambda: outcome is None or stage.app.flow.stage != "direct")

    run(snap_compare, scene("trading").with_snapshot(mode=Mode.LIVE), size, then=take, direct_flatten=road)


@pytest.mark.parametrize("size", SIZES)
def test_the_welcome(snap_compare: Compare, size: tuple[int, int]) -> None:
    run(snap_compare, scene("quiet"), size, welcome=True)


@pytest.mark.parametrize("theme", ["light", "colour-blind", "ansi"])
def test_themes(snap_compare: Compare, theme: str) -> None:
    run(snap_compare, scene("later"), (120, 40), theme=theme)


def test_no_colour_and_ascii(snap_compare: Compare) -> None:
    run(snap_compare, scene("later"), (120, 40), colour=False, ascii_only=True)


@pytest.mark.parametrize(
    "keys",
    [
        ("6", "enter"),
        ("c",),
        ("c", "space", "down"),
        ("e",),
        ("o",),
        ("question_mark",),
        ("l",),
        ("q",),
        ("f12",),
        ("5", "z"),
    ],
    ids="-".join,
)
def test_what_opens_over_the_panes(snap_compare: Compare, keys: tuple[str, ...]) -> None:
    run(snap_compare, scene("later"), (100, 34), *keys)

"""Sources of signals on the screen: cut off on the main one, all their figures on a sheet of their own."""

from collections.abc import Callable

import pytest
from scenes import Scene, scene
from screen_stage import Clock, Stage, StandingLink, make_app, staged
from sourced import CUT_OFF, SCORES, SHADOW, SOURCES, TAKEN
from textual.pilot import Pilot

from cockpit.client.errors import EngineUnreachable
from cockpit.domain.signal_sources import SourceView

Compare = Callable[..., bool]


def link(sources: tuple[SourceView, ...] = SOURCES, shown: Scene | None = None) -> StandingLink:
    found = StandingLink((shown or scene("trading")).with_snapshot(sources=sources))
    found.scores = SCORES
    return found


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@pytest.mark.parametrize("keys", [(), ("S",)], ids=["main", "sheet"])
def test_pictures(snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    clock = Clock()
    app = make_app(link(), clock)

    async def before(pilot: Pilot[str]) -> None:
        stage = Stage(app, None, clock, pilot)
        await stage.until(lambda: app.store.snapshot is not None)
        await stage.press(*keys)
        await stage.until(lambda: app.store.source_scores is not None or not keys)

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", [(240, 70), (160, 50), (120, 40), (80, 24), (60, 20)])
async def test_a_cut_off_source_is_on_the_main_screen_at_every_size(size: tuple[int, int]) -> None:
    async with staged(link(), size) as stage:
        assert "CUT OFF chart" in stage.text()
    async with staged(link((TAKEN, SHADOW)), size) as stage:
        assert "CUT OFF" not in stage.text()


async def test_why_it_is_cut_off_stands_beside_the_setups() -> None:
    async with staged(link(), (120, 40)) as stage:
        assert "chart CUT OFF it lost 5.20 USD today, limit 5.00" in stage.text()
    both = (CUT_OFF, SourceView(**{**{f: getattr(CUT_OFF, f) for f in CUT_OFF.__struct_fields__}, "name": "second"}))
    async with staged(link(both), (120, 40)) as stage:
        assert "CUT OFF 2 sources" in stage.rows()[0]


async def test_the_sheet_has_every_figure_of_a_score() -> None:
    async with staged(link(), (120, 60)) as stage:
        await stage.press("S")
        await stage.until(lambda: stage.app.store.source_scores is not None)
        shown = stage.text()
    for figure in (
        "proposals 41   approved 12   sent 11",
        "denied by short pct 20, trades today 9",
        "closed 9   won 33.3 %   slippage +0.8 bps   net -1.23 USD",
        "expectancy -0.42 R (95 %: -0.81 to -0.03)",
        "the denied, on paper -0.30 R (95 %: -0.90 to +0.30) over 18",
        "cockpit source lift chart REASON",
        "lost ? of 5.00 USD",
        "shadow: judged, never sent",
        "no registered source",
    ):
        assert figure in shown, figure
    assert shown.index("chart  look") < shown.index("desk-model  look"), "the one that is cut off comes first"


async def test_scores_that_cannot_be_had_are_no_zeros() -> None:
    silent = link()
    silent.scores = None
    async with staged(silent) as stage:
        await stage.press("S")
        await stage.until(lambda: "cannot read its journal" in stage.text())
        silent.refusal = EngineUnreachable("expected an engine, was none")
        await stage.press("escape", "S")
        await stage.until(lambda: "expected an engine, was none" in stage.text())
        assert "proposals 41" not in stage.text()


async def test_nobody_registered_is_said() -> None:
    async with staged(link(())) as stage:
        stage.link.scores = ()
        await stage.press("S")
        await stage.until(lambda: "no source is registered" in stage.text())


async def test_nothing_is_asked_once_the_sheet_is_closed() -> None:
    async with staged(link()) as stage:
        await stage.press("S")
        await stage.until(lambda: stage.app.store.source_scores is not None)
        assert [worker.name for worker in stage.app.workers if worker.name == "scores"]
        await stage.press("escape")
        await stage.until(lambda: all(worker.is_finished for worker in stage.app.workers if worker.name == "scores"))

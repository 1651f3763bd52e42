"""The operator's own points are ticked by hand, kept for the day, and shown beside what the engine ticks by itself."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from scenes import Scene
from screen_stage import Stage, StandingLink, staged

from cockpit.client.errors import EngineRefused
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.tui.app_base import Ticks
from cockpit.tui.board import Board
from cockpit.tui.screens.checklist import what_is_seen

DAY_NS = 86_400 * NS_PER_S
LONG = (
    "mode stays paper: the way up to test is locked until the journal shows 24 hours on the live feed, was 3.2; "
    "20 trades, was 4; a win rate over 60 %, was 50 %; a drawdown under 2 %, was 0.4 %; no limit violation, was 0; "
    "a mean decision to fill under 1 s, was 0.05 s; or an override reason is given"
)


def points(stage: Stage) -> list[str]:
    return [row[row.index("[") :] for row in stage.rows() if "[ ]" in row or "[x]" in row]


@pytest.mark.parametrize("key", ["space", "enter"])
async def test_a_point_is_ticked_and_unticked(trading: Scene, tmp_path: Path, key: str) -> None:
    async with staged(StandingLink(trading), (120, 46), ticks_file=tmp_path / "ticks.json") as stage:
        await stage.press("c")
        assert len(points(stage)) == len(trading.hello.briefing.checklist)
        assert "0 of 7 ticked today" in stage.text()
        await stage.press("down", key)
        assert [row[:3] for row in points(stage)] == ["[ ]", "[x]", *["[ ]"] * 5]
        assert "1 of 7 ticked today" in stage.text() and "every feed is fresh" in stage.text()
        await stage.press(key)
        assert "0 of 7 ticked today" in stage.text()


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 12)])
async def test_the_chosen_point_is_in_sight_at_any_size(trading: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(trading), size) as stage:
        await stage.press("c")
        for point in trading.hello.briefing.checklist[1:]:
            await stage.press("down")
            assert any(point[:20] in row for row in stage.rows())
        await stage.press("space")
        assert any(row.startswith("[x]") for row in points(stage))


async def test_ticks_are_kept_for_another_screen_and_for_the_day(trading: Scene, tmp_path: Path) -> None:
    file = tmp_path / "ticks.json"
    async with staged(StandingLink(trading), (120, 46), ticks_file=file) as stage:
        await stage.press("c", "space")
    assert os.stat(file).st_mode & 0o777 == 0o600
    async with staged(StandingLink(trading), (120, 46), ticks_file=file) as stage:
        await stage.press("c")
        assert "1 of 7 ticked today" in stage.text()
    tomorrow = trading.with_snapshot(ts_ns=trading.snapshot.ts_ns + DAY_NS)
    async with staged(StandingLink(tomorrow), (120, 46), ticks_file=file) as stage:
        await stage.press("c")
        assert "0 of 7 ticked today" in stage.text()


async def test_a_tick_that_cannot_be_kept_counts_here_and_says_so(trading: Scene, tmp_path: Path) -> None:
    async with staged(StandingLink(trading), (120, 46), ticks_file=tmp_path / "missing" / "ticks.json") as stage:
        await stage.press("c", "space")
        assert "1 of 7 ticked today" in stage.text()
        await stage.press("escape")
        assert "ticked on this screen only" in stage.text()


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"day": 1}', '{"day": "x", "ticked": 3}', "\x00" * 10])
def test_a_file_that_is_no_ticks_counts_as_not_ticked(tmp_path: Path, kept: str) -> None:
    file = tmp_path / "ticks.json"
    file.write_text(kept, encoding="utf-8")
    ticks = Ticks(file)
    assert ticks.of("2025-10-19") == frozenset()
    ticks.toggle("2025-10-19", "a")
    assert Ticks(file).of("2025-10-19") == {"a"} and Ticks(file).of("2025-10-20") == frozenset()


@pytest.mark.parametrize("key", ["a", "l"])
async def test_the_ceremony_says_how_far_the_operators_points_are(quiet: Scene, key: str) -> None:
    shown = quiet.with_snapshot(mode=Mode.TEST)
    async with staged(StandingLink(shown), (120, 46)) as stage:
        await stage.press("c", "space", "escape", key)
        text = stage.text()
        assert "your own points: 1 of 7 ticked today" in text
        assert "checklist: " in text and "day's loss 100.00 USD" in text and "Type " in text


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
async def test_a_long_refusal_is_shown_wholly(quiet: Scene, size: tuple[int, int]) -> None:
    link = StandingLink(quiet)
    link.refusal = EngineRefused(LONG, 409)
    async with staged(link, size) as stage:
        await stage.press("t", *"test", "enter")
        await stage.until(lambda: "refused" in stage.text())
        boards = stage.app.screen.query(Board)
        told = " ".join("".join(text for text, _ in line) for board in boards for line in board.shown_lines)
        assert all(" ".join(part.split()) in " ".join(told.split()) for part in LONG.split("; "))
        await stage.press("escape")
        assert len(stage.app.screen_stack) == 1


async def test_the_engine_ticks_what_it_can_see_of_the_checklist(trading: Scene) -> None:
    async with staged(StandingLink(trading), (120, 60)) as stage:
        await stage.press("c")
        text = stage.text()
    assert "positioning read: BTC short " in text
    assert "funding split read: BTC " in text
    assert "health factor for entries: 2." in text and ", from 2.20" in text
    assert "the API listens nowhere" in text


def test_a_reading_that_is_missing_is_not_ticked(trading: Scene) -> None:
    assets = tuple(replace(one, short_pct=None, funding_spread_bps=None) for one in trading.snapshot.assets)
    health = replace(trading.snapshot.health, value=2.1999, no_debt=False)
    shown = replace(trading.snapshot, assets=assets, health=health)
    seen = {item.text.partition(":")[0]: item for item in what_is_seen(shown, replace(trading.hello.process, url=""))}
    assert seen["positioning read"].ok is False and "no reading of BTC" in seen["positioning read"].text
    assert seen["funding split read"].ok is False
    assert seen["health factor for entries"].ok is False and "2.1999" in seen["health factor for entries"].text
    assert seen["the API listens nowhere but on this profile's socket"].ok is None

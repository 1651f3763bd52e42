"""The first start: what matters on one screen, gone with any key, never in the way of the emergency key."""

import sys
from pathlib import Path

import pytest
from pty_process import PtyProcess
from scenes import Scene
from screen_stage import SIZES, StandingLink, staged
from test_tui_attach import STARTS, engine_pid, home

from cockpit.domain.kinds import Mode
from cockpit.tui.screens.welcome import SHOWN

__all__ = ["home"]


@pytest.mark.parametrize("size", SIZES)
async def test_it_says_whose_money_and_which_keys(quiet: Scene, size: tuple[int, int]) -> None:
    async with staged(StandingLink(quiet), size, welcome=True) as stage:
        text = stage.text()
        assert "SIMULATED" in text and "PAPER" in text and "nobody's money, disarmed" in text
        assert all(key in text for key in ("F12/^\\", "a ", "h ", "c ", "?", "d ")) and len(SHOWN) == 6
        assert "Any key closes this" in text


async def test_it_never_calls_real_money_nobodys(quiet: Scene) -> None:
    async with staged(StandingLink(quiet.with_snapshot(mode=Mode.LIVE)), welcome=True) as stage:
        assert "REAL MONEY" in stage.text() and "nobody's money" not in stage.text()


@pytest.mark.parametrize("key", ["escape", "enter", "a", "space", "q"])
async def test_any_key_closes_it_and_does_nothing_else(quiet: Scene, key: str) -> None:
    async with staged(StandingLink(quiet), welcome=True) as stage:
        await stage.press(key)
        assert len(stage.app.screen_stack) == 1 and stage.link.asked == []


@pytest.mark.parametrize("key", ["f12", "ctrl+backslash"])
async def test_flatten_works_through_it(quiet: Scene, key: str) -> None:
    async with staged(StandingLink(quiet), welcome=True) as stage:
        await stage.press(key)
        assert "FLATTEN? press again" in stage.text()
        await stage.press(key)
        await stage.until(lambda: stage.link.asked == [("flatten",)])


async def test_without_being_told_it_is_not_there(quiet: Scene) -> None:
    async with staged(StandingLink(quiet)) as stage:
        assert "Welcome" not in stage.text()


def test_it_comes_with_the_first_start_only(home: Path) -> None:
    command = [sys.executable, "-m", "cockpit", "--home", str(home)]
    first = PtyProcess(command)
    first.wait_until_shown("Welcome to Cockpit", STARTS)
    first.wait_until_shown("nobody's money", STARTS)
    assert engine_pid(home) is not None
    first.press("enter")
    first.wait_until_shown("4 Open trades", STARTS)
    first.press("d")
    assert first.wait() == 0, first.written[-600:]
    second = PtyProcess(command)
    second.wait_for("SIMULATED", STARTS)
    second.press("d")
    assert second.wait() == 0
    assert b"Welcome to Cockpit" not in second.written

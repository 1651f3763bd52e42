"""Which cockpit this is, and what it may do to call its operator: names, title, bell, flash, clipboard, colours."""

import base64
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pty_process import PtyProcess
from scenes import Scene
from screen_stage import Stage, StandingLink, staged

from cockpit.cli_screen import screen_settings
from cockpit.client.link import LinkChange
from cockpit.config.places import shipped_config_path
from cockpit.domain.actions import Notice, StateChanged, TradeChanged
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import LogFrame
from cockpit.tui.palette import ANSI
from cockpit.tui.settings import ScreenSettings, SettingsError


def written_by(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    written: list[str] = []
    driver: Any = stage.app._driver
    monkeypatch.setattr(driver, "write", written.append)
    return written


async def test_profile_and_host_are_on_the_screen_and_in_the_title(
    trading: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(StandingLink(trading), profile="/home/me/.local/share/main", host="box") as stage:
        assert " main@box " in stage.rows()[-2]
        assert stage.app.terminal_title == "PAPER ARMED main@box"
        written = written_by(stage, monkeypatch)
        stage.app.store.take(trading.with_snapshot(mode=Mode.LIVE).last, stage.clock())
        await stage.settle()
        assert "\x1b]2;LIVE ARMED main@box\x07" in written
        stage.app.store.take(LinkChange(False, 0.0, "gone"), stage.clock())
        await stage.settle()
        assert "\x1b]2;ENGINE LOST main@box\x07" in written


def test_an_engine_elsewhere_is_named_by_where_it_is() -> None:
    assert ScreenSettings(profile="http://10.0.0.7:8000", host="box").identity == "10.0.0.7:8000"
    assert ScreenSettings(profile="/srv/alt", host="box").identity == "alt@box"


async def test_a_profile_named_by_somebody_hostile_writes_no_codes(trading: Scene) -> None:
    async with staged(StandingLink(trading), profile="/x/a\x07\x1b]0;b", host="box") as stage:
        assert not any(character in stage.app.terminal_title for character in "\x07\x1b")


@pytest.mark.parametrize(("bell", "flash"), [((), ()), (("halt",), ()), ((), ("halt",)), (("fill",), ("close",))])
async def test_it_rings_and_flashes_for_what_was_chosen_only(
    trading: Scene, bell: tuple[str, ...], flash: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(StandingLink(trading), bell=bell, flash=flash) as stage:
        written = written_by(stage, monkeypatch)
        halted = StateChanged(trading.snapshot.ts_ns, "armed", "halted", "you")
        stage.app.store.take(LogFrame(9_001, halted), stage.clock())
        await stage.settle()
        assert ("\a" in "".join(written)) is ("halt" in bell)
        assert ("\x1b[?5h" in written) is ("halt" in flash)
        if "halt" in flash:
            await stage.until(lambda: "\x1b[?5l" in written)


async def test_an_alarm_of_ones_own_rings_and_flashes_unasked(trading: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(StandingLink(trading)) as stage:
        written = written_by(stage, monkeypatch)
        rang = Notice(
            trading.snapshot.ts_ns, "critical", "alarm", "a1: BTC price at or above 110,000: ring, was 110,000"
        )
        stage.app.store.take(LogFrame(9_001, rang), stage.clock())
        await stage.settle()
        assert "\a" in "".join(written) and "\x1b[?5h" in written
        assert "ALARM a1: BTC price at or above 110,000: ring" in stage.text()
        await stage.until(lambda: "\x1b[?5l" in written)


async def test_what_happened_before_it_attached_does_not_ring(trading: Scene) -> None:
    async with staged(StandingLink(trading), bell=("halt", "fill", "stop", "close")) as stage:
        assert not stage.app.store.happened
        trade = trading.snapshot.open_trades[0].trade
        more = msgspec.structs.replace(trade, entry_qty=trade.entry_qty * 2)
        changed = TradeChanged(trading.snapshot.ts_ns, more, "filled")
        stage.app.store.take(LogFrame(9_001, changed), stage.clock())
        assert list(stage.app.store.happened) == ["fill"]


async def test_a_line_is_copied_to_the_terminals_clipboard(later: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(StandingLink(later)) as stage:
        written = written_by(stage, monkeypatch)
        await stage.press("6", "down", "k")
        sent = next(text for text in written if text.startswith("\x1b]52;c;"))
        copied = base64.b64decode(sent.removeprefix("\x1b]52;c;").removesuffix("\a")).decode()
        chosen = stage.app.pane_set.gate_log.selected(stage.app.view)
        assert chosen is not None and copied.startswith(f"{chosen.verdict_id} ")


@pytest.mark.parametrize(
    ("environ", "encoding", "theme", "ascii_only"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", "dark", False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "UTF-8", "dark", False),
        ({"TERM": "xterm"}, "utf-8", "ansi", False),
        ({"TERM": "linux"}, "utf_8", "ansi", False),
        ({"TERM": "xterm-256color"}, "ANSI_X3.4-1968", "dark", True),
        ({"TERM": "xterm-256color"}, "ascii", "dark", True),
    ],
)
def test_colours_and_signs_are_those_the_terminal_has(
    environ: dict[str, str], encoding: str, theme: str, ascii_only: bool
) -> None:
    found = ScreenSettings().fitting(environ, encoding)
    assert (found.theme, found.ascii_only) == (theme, ascii_only)
    assert screen_settings(shipped_config_path(), environ).theme == theme


def test_in_sixteen_colours_good_is_not_info_and_bad_is_neither() -> None:
    assert len({ANSI["good"], ANSI["info"], ANSI["bad"], ANSI["warn"]}) == 4


def test_a_terminal_of_eight_colours_gets_green_and_cyan(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cockpit", "--home", str(tmp_path), "attach", "http://127.0.0.1:9"]
    process = PtyProcess(command, {"TERM": "linux", "COLORTERM": ""})
    try:
        process.wait_for("FLATTEN")
        assert b"38;2;" not in process.written and b"38;5;" not in process.written
    finally:
        process.end()


def test_a_terminal_that_takes_ascii_gets_ascii(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cockpit", "--home", str(tmp_path), "attach", "http://127.0.0.1:9"]
    process = PtyProcess(command, {"PYTHONIOENCODING": "ascii"})
    try:
        process.wait_for("FLATTEN")
        process.press("?")
        process.wait_for("Esc closes")
        assert b"\\u2" not in process.written and process.written.isascii()
    finally:
        process.end()


@pytest.mark.parametrize("chosen", [{"bell": ["ring"]}, {"flash": "halt"}, {"mouse": 1}])
def test_choices_that_cannot_be_are_refused(chosen: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="expected"):
        ScreenSettings.of(chosen)

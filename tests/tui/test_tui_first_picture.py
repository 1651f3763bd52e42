"""The first picture stands before Textual is there, is the one Textual draws, and takes no key away."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pty_process import PROJECT_ROOT, PtyProcess
from rich.color import ColorSystem
from screen_stage import SIZES, Clock, Stage, StandingLink, make_app

from cockpit.tui.first_paint import first_picture, painted
from cockpit.tui.palette import colour_system
from cockpit.tui.settings import ScreenSettings

NOWHERE = "http://127.0.0.1:9"
ENTER, LEAVE, CLEAR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[2J"


class Silent(StandingLink):
    async def frames(self) -> Any:
        await asyncio.Event().wait()
        yield None


def screen(home: Path, *words: str) -> PtyProcess:
    return PtyProcess([sys.executable, "-m", "cockpit", "--home", str(home), *words])


@pytest.mark.parametrize("size", [*SIZES, (200, 60), (110, 34), (40, 12), (20, 5)])
@pytest.mark.parametrize(
    "chosen", [{}, {"ascii_only": True}, {"layout": "chart"}, {"profile": "/x/main", "host": "box"}]
)
async def test_it_is_the_picture_textual_draws_first(size: tuple[int, int], chosen: dict[str, Any]) -> None:
    clock = Clock()
    app = make_app(Silent(None), clock, **chosen)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, None, clock, pilot)
        await stage.settle()
        first = first_picture(ScreenSettings(**chosen), *size)
        assert ["".join(character for character, _ in row) for row in first] == stage.rows()


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ColorSystem.TRUECOLOR),
        ({"TERM": "xterm-256color"}, ColorSystem.EIGHT_BIT),
        ({"TERM": "xterm"}, ColorSystem.STANDARD),
        ({"TERM": "linux"}, ColorSystem.STANDARD),
    ],
)
def test_it_has_the_colours_the_terminal_says_it_has(environ: dict[str, str], colours: ColorSystem) -> None:
    assert colour_system(environ) is colours
    settings = ScreenSettings()
    told = painted(first_picture(settings, 80, 24), settings.appearance, colours)
    assert ("38;2;" in told) is (colours is ColorSystem.TRUECOLOR)
    assert ("38;5;" in told) is (colours is ColorSystem.EIGHT_BIT)


def test_it_needs_no_textual_and_nothing_of_the_engines() -> None:
    code = "import cockpit.__main__, cockpit.cli_screen, sys; print(' '.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    assert not {"textual", "typer", "asyncio", "pydantic", "httpx"} & set(found.stdout.split())


def test_a_key_pressed_at_the_first_picture_is_not_lost(tmp_path: Path) -> None:
    process = screen(tmp_path, "attach", NOWHERE)
    process.wait_for("FLATTEN")
    process.press("f12")
    process.wait_for("press again within 3 s")
    process.end()


def test_textual_draws_over_it_without_clearing_it(tmp_path: Path) -> None:
    process = screen(tmp_path, "attach", NOWHERE)
    process.wait_for("FLATTEN")
    process.press("d")
    assert process.wait() == 1, "no engine answered"
    assert process.written.count(ENTER) == 1 and CLEAR not in process.written
    assert process.written.index(ENTER) < process.written.index(b"FLATTEN")
    assert process.written.rindex(LEAVE) < process.written.index(b"left: ")


def test_an_end_asked_for_at_the_first_picture_gives_the_terminal_back(tmp_path: Path) -> None:
    process = screen(tmp_path, "attach", NOWHERE)
    process.wait_for("FLATTEN")
    process.signal(signal.SIGTERM)
    assert process.wait() == 143
    assert LEAVE in process.written


def test_what_is_wrong_with_the_line_is_told_on_the_terminal_as_it_was(tmp_path: Path) -> None:
    process = screen(tmp_path, "attach", "http://user:secret@desk.example")
    process.wait_for("expected an http or https URL")
    assert process.wait() == 2
    assert process.written.rindex(LEAVE) < process.written.index(b"cockpit: ")
    assert b"secret" not in process.written


@pytest.mark.parametrize("size", [(60, 20), (72, 24), (80, 24), (120, 40), (200, 60)])
def test_no_word_of_it_is_cut(size: tuple[int, int]) -> None:
    told = "".join(character for row in first_picture(ScreenSettings(), *size) for character, _ in row)
    assert "waiting for the engine" in told and "…" not in told

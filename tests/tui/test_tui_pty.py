"""The screen on a real terminal that is closed, stalled, resized, or asked for its end."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pty_process import PROJECT_ROOT, PtyProcess, clean_environ

from tests.patience import patient_s

HERE = Path(__file__).resolve().parent
NOWHERE = "http://127.0.0.1:9"
GONE = 20.0


def cockpit(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "cockpit", "--home", str(home), *words]


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[PtyProcess]:
    """A screen whose engine never answers: it must paint, and end, all the same."""
    process = PtyProcess(cockpit(tmp_path, "attach", NOWHERE))
    process.wait_for("FLATTEN")
    yield process
    process.end()


@pytest.fixture
def beats(tmp_path: Path) -> Path:
    return tmp_path / "beats"


@pytest.fixture
def standing(beats: Path) -> Iterator[PtyProcess]:
    """A screen that repaints all the time, on an engine inside its own process; it counts its frames in `beats`."""
    process = PtyProcess([sys.executable, str(HERE / "busy_screen.py"), str(beats)])
    process.wait_for("SIMULATED")
    yield process
    process.end()


def test_it_paints_before_any_engine_answers(screen: PtyProcess) -> None:
    assert b"looking for the engine" in screen.written


def test_a_closed_terminal_ends_it_at_once(standing: PtyProcess) -> None:
    began_s = time.monotonic()
    standing.close_terminal()
    assert standing.wait(GONE) == 129
    assert time.monotonic() - began_s < patient_s(5)


def test_sigterm_ends_it_and_gives_the_terminal_back(standing: PtyProcess) -> None:
    standing.signal(signal.SIGTERM)
    assert standing.wait(GONE) == 143
    assert b"\x1b[?1049l" in standing.written


def test_a_stalled_terminal_does_not_stop_the_loop_and_gets_the_newest(standing: PtyProcess, beats: Path) -> None:
    standing.stall()
    before = int(beats.read_text(encoding="utf-8"))
    deadline_s = time.monotonic() + GONE
    while int(beats.read_text(encoding="utf-8")) < before + 30:
        assert time.monotonic() < deadline_s, "the loop stood still while the terminal did not read"
        time.sleep(0.02)
    written = standing.count
    standing.go_on()
    standing.press("?")
    standing.wait_for("Esc closes", after=written)


def test_sigterm_while_stalled_still_ends_it(standing: PtyProcess) -> None:
    standing.stall()
    standing.signal(signal.SIGTERM)
    assert standing.wait(GONE) == 143


def test_sixty_sizes_and_still_there(standing: PtyProcess) -> None:
    for number in range(60):
        standing.resize(20 + (number * 37) % 140, 5 + (number * 17) % 50)
    standing.resize(120, 40)
    written = standing.count
    standing.press("?")
    standing.wait_for("Esc closes", after=written)
    assert b"Traceback" not in standing.written


def test_the_terminal_has_the_size_it_has_whatever_the_environment_says(tmp_path: Path) -> None:
    """Some shells and tools export COLUMNS and LINES, which then say what the terminal once was."""
    process = PtyProcess(cockpit(tmp_path, "attach", NOWHERE), {"COLUMNS": "80", "LINES": "24"})
    try:
        process.wait_for("FLATTEN")
        for columns, rows in ((100, 30), (60, 20), (120, 40)):
            before = process.count
            process.resize(columns, rows)
            process.wait_for(f"\x1b[{rows};1H", after=before)
    finally:
        process.end()


def test_ctrl_z_does_not_suspend_it(standing: PtyProcess) -> None:
    standing.press("\x1a")
    standing.signal(signal.SIGTSTP)
    written = standing.count
    standing.press("?")
    standing.wait_for("Esc closes", after=written)


def test_ctrl_c_asks_first(standing: PtyProcess) -> None:
    standing.press("ctrl+c")
    standing.wait_for("Leave")
    standing.press("d")
    assert standing.wait(GONE) == 0


def test_no_colour_reaches_a_terminal_that_wants_none(tmp_path: Path) -> None:
    process = PtyProcess(cockpit(tmp_path, "attach", NOWHERE), {"NO_COLOR": "1"})
    process.wait_for("FLATTEN")
    process.end()
    colours = re.compile(rb"\x1b\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9]+)*m")
    assert colours.search(process.written) is None


def test_an_unusable_keymap_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    config = (PROJECT_ROOT / "config" / "tactical_scalp_config.json").read_text(encoding="utf-8")
    own = tmp_path / "own.json"
    own.write_text(config.rstrip()[:-1] + ', "screen": {"keys": {"flatten": ""}}}', encoding="utf-8")
    process = PtyProcess([*cockpit(tmp_path), "--config", str(own)])
    assert process.wait(GONE) == 2
    process.wait_for("screen.keys.flatten: expected at least one key for the emergency exit, was none")
    assert b"\x1b[?1049h" not in process.written


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    found = subprocess.run(cockpit(tmp_path), env=clean_environ(), capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL, cwd=PROJECT_ROOT, timeout=patient_s(30))  # fmt: skip
    assert found.returncode == 2
    assert "expected a terminal for the screen, was none: use cockpit engine" in found.stderr


def test_what_the_screen_imports_before_its_first_picture() -> None:
    """Nothing of the engine's, and nothing heavy that the first picture does not need."""
    code = "import cockpit.cli, cockpit.cli_screen, cockpit.tui.app, sys; print(' '.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    loaded = set(found.stdout.split())
    heavy = {"pydantic", "sqlalchemy", "httpx", "websockets", "ccxt", "web3", "numpy", "fastapi", "uvicorn", "keyring"}
    rooms = {f"cockpit.{room}" for room in ("engine", "market", "gate", "setups", "feeds", "venues", "journal", "api")}
    assert not loaded & (heavy | rooms)


def test_the_screens_rooms_do_not_know_the_engines() -> None:
    code = "import cockpit.tui.app, sys; print(' '.join(name for name in sys.modules if name.startswith('cockpit.')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    assert {name.split(".")[1] for name in found.stdout.split()} == {"client", "domain", "tui"}


def test_the_engine_knows_no_screen() -> None:
    code = "import cockpit.runtime.headless, cockpit.api.server, sys; print(' '.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    assert not {"textual", "rich", "cockpit.tui"} & set(found.stdout.split())

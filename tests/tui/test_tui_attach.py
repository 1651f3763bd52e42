"""`cockpit` starts an engine of its own, leaves it running, finds it again, and its end is never the engine's."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pty_process import PtyProcess

STARTS = 40.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A profile whose engine, if one was started, is ended afterwards."""
    yield tmp_path
    pid = engine_pid(tmp_path)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def engine_pid(home: Path) -> int | None:
    try:
        return int(json.loads((home / "engine.lock").read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return None


def cockpit(home: Path, *words: str) -> PtyProcess:
    return PtyProcess([sys.executable, "-m", "cockpit", "--home", str(home), *words])


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").exists()


def test_the_engine_outlives_every_end_of_the_screen(home: Path) -> None:
    first = cockpit(home, "--speed", "5", "--arm")
    first.wait_for("SIMULATED", STARTS)
    pid = engine_pid(home)
    assert pid is not None and os.getsid(pid) == pid != os.getsid(0)
    first.press("enter")
    first.wait_until_shown("4 Open trades", STARTS)
    first.press("d")
    assert first.wait() == 0
    first.wait_for("detached: the engine goes on")

    second = cockpit(home)
    second.wait_for("SIMULATED", STARTS)
    assert engine_pid(home) == pid
    second.close_terminal()
    assert second.wait() == 129
    assert alive(pid)

    third = cockpit(home)
    third.wait_for("SIMULATED", STARTS)
    third.press("q")
    third.wait_for("Leave")
    third.press("f" if b"flatten, then stop" in third.written else "s")
    assert third.wait(STARTS) == 0


def test_an_engine_that_cannot_start_is_said_in_one_line(home: Path) -> None:
    screen = cockpit(home, "--feed", str(home / "missing.rec"))
    assert screen.wait(STARTS) == 1
    screen.wait_for("missing.rec")
    assert b"Traceback" not in screen.written

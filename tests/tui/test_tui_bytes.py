"""What a screen writes while something is open over it: the changed cells, as without it."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pty_process import PtyProcess

HERE = Path(__file__).resolve().parent
MOST_KB_S = 3.0
MEASURED_S = 4.0
QUIET_S = 0.6
"""What opens is drawn once; nothing of that size has been written for so long when it is measured."""
OPENED = {
    "nothing": (),
    "help": ("?",),
    "filter": ("/",),
    "verdict": ("6", "enter"),
    "checklist": ("c",),
    "trades": ("e",),
    "log": ("o",),
    "palette": ("\x10",),
    "test mode": ("t",),
    "leaving": ("q",),
}


@pytest.fixture(scope="module")
def moving() -> Iterator[PtyProcess]:
    process = PtyProcess([sys.executable, str(HERE / "moving_screen.py")])
    process.wait_for("SIMULATED")
    yield process
    process.end()


def settle(process: PtyProcess) -> None:
    """Wait until what was opened has been painted."""
    quiet_from_s, seen = time.monotonic(), process.count
    deadline_s = time.monotonic() + 20.0
    while time.monotonic() - quiet_from_s < QUIET_S and time.monotonic() < deadline_s:
        time.sleep(0.05)
        if process.count - seen > 2_000:
            quiet_from_s = time.monotonic()
        seen = process.count


def written_kb_s(process: PtyProcess) -> float:
    began, began_s = process.count, time.monotonic()
    time.sleep(MEASURED_S)
    return (process.count - began) / (time.monotonic() - began_s) / 1000


@pytest.mark.parametrize("opened", OPENED)
def test_with_anything_open_only_changed_cells_are_written(moving: PtyProcess, opened: str) -> None:
    for key in OPENED[opened]:
        moving.press(key)
    settle(moving)
    try:
        found = written_kb_s(moving)
    finally:
        moving.press("escape")
        settle(moving)
    print(f"{opened}: {found:.2f} kB/s")
    assert found <= MOST_KB_S, f"{opened}: expected at most {MOST_KB_S:g} kB/s, was {found:.1f}"

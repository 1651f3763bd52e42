"""What a screen writes while something is open over it: the changed cells, as without it."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opened_sheets import opened, settle
from pty_process import PtyProcess

HERE = Path(__file__).resolve().parent
MOST_KB_S = 3.0
MEASURED_S = 4.0
MOST_TIMES = 5
"""What a slow machine draws late is in one measurement; what is drawn anew with every frame is in each."""
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


def written_kb_s(process: PtyProcess) -> float:
    began, began_s = process.count, time.monotonic()
    time.sleep(MEASURED_S)
    return (process.count - began) / (time.monotonic() - began_s) / 1000


@pytest.mark.parametrize("name", OPENED)
def test_with_anything_open_only_changed_cells_are_written(moving: PtyProcess, name: str) -> None:
    for key in OPENED[name]:
        moving.press(key)
    opened(moving, name, QUIET_S)
    found: list[float] = []
    try:
        while len(found) < MOST_TIMES and min(found, default=MOST_KB_S + 1.0) > MOST_KB_S:
            found.append(written_kb_s(moving))
    finally:
        moving.press("escape")
        settle(moving, QUIET_S)
    texts = ", ".join(f"{kb_s:.2f}" for kb_s in found)
    print(f"{name}: {texts} kB/s")
    assert min(found) <= MOST_KB_S, f"{name}: expected at most {MOST_KB_S:g} kB/s, was {texts}"

"""The cockpit with a wall clock that a test sets: seconds in the file CLOCK_FILE are added to it. No other clock is."""

import os
import time
from pathlib import Path

STEP = Path(os.environ["CLOCK_FILE"])
WALL_NS, WALL_S = time.time_ns, time.time


def _step_s() -> float:
    try:
        return float(STEP.read_text())
    except (OSError, ValueError):
        return 0.0


time.time_ns = lambda: WALL_NS() + round(_step_s() * 1e9)
time.time = lambda: WALL_S() + _step_s()

from cockpit.__main__ import main  # noqa: E402 (the clock is replaced before anybody takes it)

main()

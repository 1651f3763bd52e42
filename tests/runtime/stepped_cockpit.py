"""The cockpit with clocks that a test sets: the seconds in the file CLOCK_FILE are added to the wall clock.

A second number there is taken off the clock that stops while a machine sleeps, and, where a third one follows, that off
the clock that goes on meanwhile as well: what a machine that was held does not count.
"""

import os
import time
from pathlib import Path

STEP = Path(os.environ["CLOCK_FILE"])
WALL_NS, WALL_S = time.time_ns, time.time
AWAKE_NS, AWAKE_S, CLOCK_NS = time.monotonic_ns, time.monotonic, time.clock_gettime_ns


def _step_s(which: int) -> float:
    try:
        return float(STEP.read_text().split()[which])
    except (OSError, ValueError, IndexError):
        return 0.0


time.time_ns = lambda: WALL_NS() + round(_step_s(0) * 1e9)
time.time = lambda: WALL_S() + _step_s(0)
time.monotonic_ns = lambda: AWAKE_NS() - round(_step_s(1) * 1e9)
time.monotonic = lambda: AWAKE_S() - _step_s(1)
time.clock_gettime_ns = lambda which: CLOCK_NS(which) - round(_step_s(2) * 1e9)

from cockpit.__main__ import main  # noqa: E402 (the clock is replaced before anybody takes it)

main()

"""How long tests wait for what must happen: in one place, and longer where the machine has other things to do.

A test waits for a condition, never for time to pass, so that patience costs nothing where all is well. What the product
promises in seconds (a stop within one second of its fill) is not scaled: that is measured at the venue.

COCKPIT_TEST_PATIENCE sets the factor.
"""

import os

LEAST = 3.0
MOST = 20.0


def patience() -> float:
    """By what every time limit is multiplied: three on an idle machine, more where others wait for the same cores."""
    named = os.environ.get("COCKPIT_TEST_PATIENCE")
    if named:
        return float(named)
    waiting, _, _ = os.getloadavg()
    return min(MOST, max(LEAST, 2.0 * waiting / usable_cores()))


def usable_cores() -> int:
    """The cores this process may run on: `taskset` leaves fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def patient_s(seconds: float) -> float:
    """So long on an idle machine, and in proportion on a busy one."""
    return seconds * patience()

"""Time that nobody can set: the wall clock once, and on from there with a clock that only runs, through sleep too.

Ages, deadlines and stamps are counted with it. The wall clock itself is set back and forward by people, NTP and hosts
that resume; a clock that stops while the machine sleeps would call an old price new.
"""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Nanoseconds."""

SLEW_SHARE = 1_000
"""The session's clock is brought to the venues' by a thousandth of what passes: no deadline notices."""


def running_ns() -> int:
    """Nanoseconds since the machine started, its sleep included where the system counts it (Linux does)."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()


class SteadyClock:
    """`now_ns` never runs backwards and never jumps. It begins at the wall clock's time unless it is told another."""

    def __init__(self, wall: Clock = time.time_ns, running: Clock = running_ns) -> None:
        self._running = running
        self._began_ns = wall()
        self._began_at_ns = running()
        self._ahead_ns = 0

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, as far as is known."""
        passed_ns = self._running() - self._began_at_ns
        most_ns = passed_ns // SLEW_SHARE
        return self._began_ns + passed_ns - max(-most_ns, min(most_ns, self._ahead_ns))

    def begin_at(self, now_ns: int) -> None:
        """It is that time now. Only before anybody counts with it."""
        self._began_ns, self._began_at_ns, self._ahead_ns = now_ns, self._running(), 0

    def follow(self, ahead_ns: int) -> None:
        """It is that far ahead (+) of the time it should be or behind (-): make up for it, slowly."""
        self.begin_at(self.now_ns())
        self._ahead_ns = ahead_ns


PROCESS_CLOCK = SteadyClock()
"""For whoever is not given another one."""

"""The venue's own clock: its wall time may stand off the machine's, its monotonic one never steps."""

import time
from collections.abc import Callable


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Clock:
    """Wall time in milliseconds with an offset a test may set, and seconds that only go forward."""

    def __init__(self, wall: Callable[[], int] = wall_ms, mono: Callable[[], float] = time.monotonic) -> None:
        self.wall = wall
        self.mono = mono
        self.offset_ms = 0

    def ms(self) -> int:
        return self.wall() + self.offset_ms

    def mono_s(self) -> float:
        return self.mono()

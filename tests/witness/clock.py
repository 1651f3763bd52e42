"""The venue's own clock: its wall time may stand off the machine's, its monotonic one never steps."""

import time


class Clock:
    """Wall time in milliseconds with an offset a test may set, and seconds that only go forward."""

    def __init__(self) -> None:
        self.offset_ms = 0

    def ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms

    @staticmethod
    def mono_s() -> float:
        return time.monotonic()

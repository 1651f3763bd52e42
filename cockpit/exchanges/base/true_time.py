"""What time it really is, as most of those who can tell say: the venues, and this machine's wall clock among them."""

import time
from collections.abc import Mapping
from statistics import median

from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.timing import Clock


class TrueTime:
    """`clock` is the one that all of them are compared with. The exchanges may be added later.

    One venue alone is believed before this machine; where two contradict each other the machine agrees with one.
    """

    def __init__(self, clock: Clock, exchanges: Mapping[str, Exchange], wall: Clock = time.time_ns) -> None:
        self._clock = clock
        self._exchanges = exchanges
        self._wall = wall

    def now_ns(self) -> int:
        """Nanoseconds since the epoch; what the clock itself says while no venue has told its time."""
        return self._clock() + self.offset_ns()

    def offset_ns(self) -> int:
        """How far the true time is ahead of the clock."""
        told = [exchange.clock.offset_ns for exchange in self._exchanges.values() if exchange.clock.known]
        if told and len(told) % 2 == 0:
            told.append(self._wall() - self._clock())
        return round(median(told)) if told else 0

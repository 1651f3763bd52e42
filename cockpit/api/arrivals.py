"""When a call came, where the engine could not look: a process that stood still finds what was sent to it meanwhile.

A socket does not say since when something lies in it. What is known is when the loop last found nothing there.
"""

from collections.abc import Callable
from contextvars import ContextVar

from cockpit.domain.units import ns_to_seconds
from cockpit.exchanges.base.steady_clock import running_ns

Clock = Callable[[], int]
"""Nanoseconds of `running_ns`: a machine's sleep counts."""

ARRIVED_NS: ContextVar[int | None] = ContextVar("arrived_ns", default=None)
"""When the call that is being answered came, at the earliest."""


def waited_s() -> float:
    """How long the call that is being answered may have waited; 0 where it came through no socket."""
    arrived_ns = ARRIVED_NS.get()
    return 0.0 if arrived_ns is None else ns_to_seconds(max(0, running_ns() - arrived_ns))


class Arrivals:
    """What one socket holds when the loop finds something there: when it came, at the earliest.

    `polled` says by when the loop has looked at every socket it reads: what it finds now came later. `since_ns` is what
    holds for what lies there before this socket is read.
    """

    def __init__(self, polled: Clock, since_ns: int, now: Clock = running_ns) -> None:
        self._polled = polled
        self._now = now
        self._since_ns = since_ns
        self._read_ns = now()

    def earliest_ns(self) -> int:
        """For what has just been found."""
        polled_ns = self._polled()
        return polled_ns if polled_ns > self._read_ns else self._since_ns

    def more_waits(self, since_ns: int) -> None:
        """More may lie there, unread from now until `read_on`, since then."""
        self._since_ns = since_ns
        self._read_ns = self._now()

    def emptied(self) -> None:
        """Nothing lies there now."""
        self.more_waits(self._now())

    def read_on(self) -> None:
        """The loop looks at it again."""
        self._read_ns = self._now()

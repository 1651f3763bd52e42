"""What every live feed is: a name, and a `run` that hands over events for ever."""

from collections.abc import Awaitable, Callable, Generator
from typing import Protocol

from cockpit.domain.events import AnyEvent, FeedHealth
from cockpit.domain.kinds import FeedState, Reading
from cockpit.exchanges.base.timing import Timing

Put = Callable[[str, AnyEvent], Awaitable[None]]
"""Hands an event to the engine under its source's name, at once. Awaiting it waits while that source has too much in
the queue; a socket's callback must not wait, and leaves it at that: what it brings is kept all the same.
"""


class HandedOver:
    """What a `Put` gives back where nobody has to wait."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


HANDED_OVER = HandedOver()


class Feed(Protocol):
    """A worker under the supervisor, which restarts it with back-off when it raises."""

    @property
    def name(self) -> str:
        """Unique among the feeds; the supervisor shows it."""

    async def run(self, put: Put) -> None:
        """Hand over events until cancelled."""


class OffFeed:
    """A source that is not configured: says so once, with the reason, and has nothing more to do."""

    def __init__(self, reading: Reading, source: str, reason: str, timing: Timing | None = None) -> None:
        self.name = source
        self._reading = reading
        self._reason = reason
        self._timing = timing or Timing()

    async def run(self, put: Put) -> None:
        """Say that the source is off and end."""
        now_ns = self._timing.clock()
        await put(self.name, FeedHealth(now_ns, self._reading, self.name, FeedState.OFF, self._reason))

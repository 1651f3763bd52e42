"""What every live feed is: a name, and a `run` that hands over events for ever. Time is injected, so tests own it."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from cockpit.domain.events import AnyEvent, FeedHealth
from cockpit.domain.kinds import FeedState, Reading
from cockpit.exchanges.base.steady_clock import PROCESS_CLOCK

Put = Callable[[str, AnyEvent], Awaitable[None]]
"""Hands an event to the engine under its source's name, at once. Awaiting it waits while that source has too much in
the queue; a socket's callback must not wait, and leaves it at that: what it brings is kept all the same.
"""
Clock = Callable[[], int]
"""Nanoseconds since the epoch."""
Sleep = Callable[[float], Awaitable[None]]
"""Waits that many seconds."""


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


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks and the sleep of a feed: `clock` counts what passes, `stamps` judges the stamps of others.

    `clock` never jumps. What `stamps` says is put right by whoever knows the time better than this machine.
    """

    clock: Clock = PROCESS_CLOCK.now_ns
    sleep: Sleep = asyncio.sleep
    utc: Clock | None = None

    @property
    def stamps(self) -> Clock:
        """The clock that stamps are judged by: the other one where nobody knows better."""
        return self.clock if self.utc is None else self.utc


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

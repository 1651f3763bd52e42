"""A source that is asked again and again at its cadence, and speaks up when it goes down and when it is back."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from cockpit.config.limits import ReadingAges
from cockpit.domain.events import AnyEvent, FeedHealth
from cockpit.domain.kinds import FeedState, Reading
from cockpit.exchanges.base.feed import Put, Timing
from cockpit.exchanges.base.trouble import BackOff, FeedTrouble

Ask = Callable[[], Awaitable[Sequence[AnyEvent]]]


class Closing(Protocol):
    """Something with connections to let go of."""

    async def close(self) -> None:
        """Let go of them."""


class RepeatedFeed:
    """Asks every `every_s` of the reading's config; a failing source is asked later and later, up to its warning age.

    `ask` raises `FeedTrouble` where it has no usable answer.
    """

    def __init__(
        self, source: str, reading: Reading, ages: ReadingAges, ask: Ask, held: Closing, timing: Timing | None = None
    ) -> None:
        self.name = source
        self._reading = reading
        self._ask = ask
        self._held = held
        self._timing = timing or Timing()
        self._every_s = ages.every_s or ages.warn_after_s / 2.0
        self._back_off = BackOff(self._every_s, max(self._every_s, ages.warn_after_s))
        self._said = ""

    async def run(self, put: Put) -> None:
        """Ask for ever."""
        try:
            while True:
                await self._timing.sleep(await self.round(put))
        finally:
            await self._held.close()

    async def round(self, put: Put) -> float:
        """Ask once and hand over what comes; returns how many seconds to wait before the next time."""
        try:
            events = await self._ask()
        except FeedTrouble as trouble:
            await self._notify(put, trouble.sentence)
            return self._back_off.failed(trouble)
        self._back_off.succeeded()
        await self._notify(put, "")
        for event in events:
            await put(self.name, event)
        return self._every_s

    async def _notify(self, put: Put, sentence: str) -> None:
        if sentence == self._said:
            return
        self._said = sentence
        state = FeedState.DOWN if sentence else FeedState.FRESH
        await put(self.name, FeedHealth(self._timing.clock(), self._reading, self.name, state, sentence))

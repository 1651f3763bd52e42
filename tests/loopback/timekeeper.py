"""A clock that only goes when a test says so, and a sleep that makes it go."""

from collections.abc import Callable

from cockpit.domain.events import AnyEvent
from cockpit.domain.units import NS_PER_S, seconds_to_ns
from cockpit.exchanges.base.timing import Timing


class Ended(Exception):
    """The test has seen enough of a feed that would run for ever."""


class Timekeeper:
    """`timing` is handed to a feed. Its sleep passes the time at once; after `sleeps` of them it ends the feed."""

    def __init__(self, now_s: float, sleeps: int = 0) -> None:
        self.now_ns = seconds_to_ns(now_s)
        self.slept_s: list[float] = []
        self.before_waking: Callable[[], None] = lambda: None
        self._sleeps = sleeps
        self.timing = Timing(clock=lambda: self.now_ns, sleep=self._sleep)

    @property
    def now_s(self) -> float:
        return self.now_ns / NS_PER_S

    def at(self, now_s: float) -> None:
        self.now_ns = seconds_to_ns(now_s)

    async def _sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_ns += seconds_to_ns(seconds)
        if len(self.slept_s) >= self._sleeps:
            raise Ended
        self.before_waking()


class Inbox:
    """Takes what a feed hands over."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.sources: list[str] = []

    async def put(self, source: str, event: AnyEvent) -> None:
        self.sources.append(source)
        self.events.append(event)

    def take(self) -> list[AnyEvent]:
        """What came since the last look."""
        events, self.events = self.events, []
        return events

"""A recording that is played: held, stepped, sped up, or run to the next verdict, while the engine goes on living."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic

from cockpit.domain.actions import Action, AnyAction, Decided
from cockpit.domain.events import MarketEvent
from cockpit.domain.units import NS_PER_S
from cockpit.feeds.recorded import is_market_event
from cockpit.journal.recordings import RecordingReader, read_recording
from cockpit.journal.sessions import FeedKind
from cockpit.runtime.market_source import BREATHE_EVERY, PacedSource, Put

LOG = logging.getLogger("cockpit.engine")
PLAYING, HELD, SEEKING, ENDED = "playing", "held", "seeking", "ended"


class NotPlaying(Exception):
    """The recording cannot do what was asked; the message says why."""


class Player(PacedSource):
    """A paced source whose pace can be changed while it runs. While held, its clock stands still too.

    What is asked raises `NotPlaying` once the recording has ended.

    `is_read` says whether the engine has taken everything handed over so far: only then is the search for the next
    verdict sure to stop right at it.
    """

    def __init__(self, kind: FeedKind, name: str, events: Iterator[MarketEvent], start_ns: int, speed: float) -> None:
        super().__init__(kind, name, events, start_ns, speed)
        self.state = PLAYING
        self.is_read: Callable[[], bool] = lambda: True
        self._changed = asyncio.Event()
        self._steps = 0
        self._count = 0
        self._has_begun = False
        self._anchor_ns = start_ns
        self._anchor_s = monotonic()

    def now_ns(self) -> int:
        """The recording's time: it passes at the player's speed while it plays, never past the event due next."""
        passed_ns = self._anchor_ns
        if self.state in (PLAYING, ENDED):
            passed_ns += round((monotonic() - self._anchor_s) * self.speed * NS_PER_S)
        if self._next_ns is not None:
            passed_ns = min(passed_ns, self._next_ns)
        return max(self._last_ns, passed_ns)

    # What can be asked of it. Each returns what was done.

    def hold(self) -> str:
        """Hand over nothing more, and stop the clock."""
        self._refuse_ended()
        self._enter(HELD)
        return "held"

    def go_on(self) -> str:
        """Play on at the same speed."""
        self._refuse_ended()
        self._steps = 0
        self._enter(PLAYING)
        return f"playing {pace(self.speed)}"

    def step(self) -> str:
        """One more event, then hold."""
        self._refuse_ended()
        self._steps += 1
        self._enter(HELD)
        return "one event on"

    def seek_verdict(self) -> str:
        """As fast as it goes until the engine decides on something, then hold."""
        self._refuse_ended()
        self._steps = 0
        self._enter(SEEKING)
        return "running to the next verdict"

    def set_speed(self, speed: float) -> str:
        """Another speed; 0 is as fast as it goes. Raises ValueError below 0."""
        if not speed >= 0.0:
            raise ValueError(f"expected a speed of 0 or more, was {speed:g}")
        self._refuse_ended()
        self._enter(self.state)
        self.speed = speed
        return f"{self.state} {pace(speed)}"

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """What the engine decided; a verdict ends the search for one."""
        if self.state == SEEKING and any(isinstance(action, Decided) for action in actions):
            self._enter(HELD)

    async def run(self, put: Put) -> None:
        """Hand over events until there are no more."""
        try:
            for event in self._events:
                self._next_ns = event.ts_ns
                await self._until_due(event.ts_ns)
                self._last_ns = max(self._last_ns, event.ts_ns)
                await put("market", event)
                while self.state == SEEKING and not self.is_read():
                    await asyncio.sleep(0)
        finally:
            self._next_ns = None
        self._enter(ENDED)

    async def _until_due(self, ts_ns: int) -> None:
        """Wait as long as its stamp asks for, or as long as the player is held."""
        if not self._has_begun:
            self._has_begun = True
            self._anchor_ns, self._anchor_s = max(self._anchor_ns, ts_ns), monotonic()
        self._count += 1
        if self._count % BREATHE_EVERY == 0:
            await asyncio.sleep(0)
        while not self._steps:
            wait_s = self._wait_s(ts_ns)
            if wait_s is not None and wait_s <= 0.0:
                return
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
        self._steps -= 1

    def _wait_s(self, ts_ns: int) -> float | None:
        """How long until an event is due; None while held."""
        if self.state == HELD:
            return None
        if self.state == SEEKING or self.speed == 0.0:
            return 0.0
        return (ts_ns - self._anchor_ns) / NS_PER_S / self.speed - (monotonic() - self._anchor_s)

    def _enter(self, state: str) -> None:
        """Another state, from the present instant on."""
        self._anchor_ns, self._anchor_s = self.now_ns(), monotonic()
        self.state = state
        self._changed.set()

    def _refuse_ended(self) -> None:
        if self.state == ENDED:
            raise NotPlaying(f"expected a recording that has events left, was {self.name} at its end")


def recorded_source(path: Path, speed: float) -> tuple[Player, int]:
    """A recording's market, and the instant it starts. Raises `RecordingError` for a file that is no recording."""
    header, reader = read_recording(path)
    return Player(FeedKind.RECORDED, path.name, _events(reader), header.start_ns, speed), header.start_ns


def _events(reader: RecordingReader) -> Iterator[MarketEvent]:
    """The market's part; what of the recording is missing is logged where it is missing."""
    told = 0
    for record in reader:
        for one in reader.damage[told:]:
            LOG.error("%s: %s", reader.path, one.sentence)
        told = len(reader.damage)
        if not isinstance(record, Action) and is_market_event(record):
            yield record


def pace(speed: float) -> str:
    """A speed in words."""
    return f"at {speed:g}x" if speed else "as fast as it goes"

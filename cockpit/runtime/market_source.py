"""Where an engine's market comes from, and how fast its time passes."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import monotonic, time_ns
from typing import Protocol

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import AnyEvent, MarketEvent, Tick
from cockpit.domain.market_detail import PastCandles
from cockpit.domain.stream import TaskView
from cockpit.domain.units import NS_PER_S
from cockpit.feeds.recorded import delay_s
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.journal.sessions import FeedKind

BREATHE_EVERY = 64
TICK_S = 1.0

Put = Callable[[str, AnyEvent], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]
OnPast = Callable[[PastCandles], None]


class MarketSource(Protocol):
    """A market that an engine can be run on."""

    on_past: OnPast
    """Gets what was before the first event, as the source learns it; nothing is decided by it."""

    @property
    def kind(self) -> FeedKind:
        """What the journal calls it."""

    @property
    def name(self) -> str:
        """What people call it: the seed, the file."""

    @property
    def speed(self) -> float:
        """How many of its seconds pass in one of ours; 0 = as fast as it goes."""

    @property
    def can_wait(self) -> bool:
        """Whether its time waits for its reader: then every event is handed over, otherwise the latest counts."""

    def now_ns(self) -> int:
        """Its time: that of the last event, and on from there as our clock goes."""

    def utc_ns(self) -> int:
        """What time it really is, whatever time the market has."""

    def problems(self) -> tuple[str, ...]:
        """What is wrong with its clocks, in sentences."""

    def workers(self) -> tuple[TaskView, ...]:
        """How the workers inside it do, where it has any."""

    async def run(self, put: Put) -> None:
        """Hand over its events at its pace; returns when there are no more."""


def nobody(_: PastCandles) -> None:
    """Nobody wants to know what was before."""


class PacedSource:
    """Events from an iterator, handed over as their stamps say. Going on after a failure goes on where it stopped."""

    can_wait = True

    def __init__(
        self,
        kind: FeedKind,
        name: str,
        events: Iterator[MarketEvent],
        start_ns: int,
        speed: float,
        past: Sequence[PastCandles] = (),
    ) -> None:
        self.on_past: OnPast = nobody
        self.kind = kind
        self._past = past
        self.name = name
        self.speed = speed
        self._events = events
        self._last_ns = start_ns
        self._last_s = monotonic()
        self._next_ns: int | None = None

    def now_ns(self) -> int:
        """The last event's time, and on from there at the source's speed: a silent source does not stop the clock.

        Never past the event that is due next: a clock that overtook the market would make a late loop look like a
        silent feed.
        """
        passed_ns = self._last_ns + round((monotonic() - self._last_s) * self.speed * NS_PER_S)
        return passed_ns if self._next_ns is None else max(self._last_ns, min(passed_ns, self._next_ns))

    def utc_ns(self) -> int:
        """By this machine's clock."""
        return time_ns()

    def problems(self) -> tuple[str, ...]:
        """Its clock is its own."""
        return ()

    def workers(self) -> tuple[TaskView, ...]:
        """None of its own."""
        return ()

    async def run(self, put: Put) -> None:
        """Hand over events, waiting between them as long as their stamps ask for at this speed."""
        for past in self._past:
            self.on_past(past)
        first_ns, began_s = None, monotonic()
        try:
            for count, event in enumerate(self._events):
                self._next_ns = event.ts_ns
                if first_ns is None:
                    first_ns = event.ts_ns
                wait_s = delay_s(event.ts_ns, first_ns, monotonic() - began_s, self.speed)
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                elif count % BREATHE_EVERY == 0:
                    await asyncio.sleep(0)
                self._last_ns, self._last_s = max(self._last_ns, event.ts_ns), monotonic()
                await put("market", event)
        finally:
            self._next_ns = None


def simulated_source(market: SimulatedMarket, seed: int, start_ns: int, speed: float) -> PacedSource:
    """The simulated market, endless."""
    return PacedSource(FeedKind.SIMULATED, f"seed {seed}", market.events(), start_ns, speed, market.past())


async def clock(source: MarketSource, put: Put, sleep: Sleep | None = None) -> None:
    """Time goes on although nothing happens: a tick a second, so that silence is noticed."""
    last_ns = 0
    while True:
        await (sleep or asyncio.sleep)(TICK_S / max(1.0, source.speed))
        now_ns = source.now_ns()
        if source.speed > 0 and now_ns >= last_ns + NS_PER_S:
            last_ns = now_ns
            await put("clock", Tick(now_ns))


def config_digest(config: CockpitConfig) -> str:
    """sha256 of the config as run."""
    return hashlib.sha256(config.model_dump_json(by_alias=True).encode()).hexdigest()

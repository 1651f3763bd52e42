"""A reading that is asked for: every asset in turn, from the first source that has a usable answer."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from cockpit.config.limits import ReadingAges
from cockpit.domain.events import AnyEvent, FeedHealth, FundingRate, OpenInterest, Positioning
from cockpit.domain.kinds import FeedState, Reading
from cockpit.domain.units import NS_PER_S, ns_to_seconds
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.timing import BackOff, Timing
from cockpit.exchanges.base.trouble import FeedTrouble

# A source that is asked again and again at its cadence, and speaks up when it goes down and when it is back.

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
        self._notified = ""

    async def run(self, put: Put) -> None:
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
            return self._back_off.failed(trouble.retry_after_s)
        self._back_off.succeeded()
        await self._notify(put, "")
        for event in events:
            await put(self.name, event)
        return self._every_s

    async def _notify(self, put: Put, sentence: str) -> None:
        if sentence == self._notified:
            return
        self._notified = sentence
        state = FeedState.DOWN if sentence else FeedState.FRESH
        await put(self.name, FeedHealth(self._timing.clock(), self._reading, self.name, state, sentence))


LOG = logging.getLogger("cockpit.feeds")
FIRST_RETRY_S = 1.0
USUAL_EVERY_S = 60.0

Asked = Positioning | FundingRate | OpenInterest


class Source(NamedTuple):
    """Who can be asked: `label` is the reading's own source, as the market and the operator know it."""

    label: str
    read: Callable[[str], Awaitable[Asked]]


class PolledFeed:
    """Asks at the cadence of the reading's config, sooner after a failure, never before a venue's Retry-After.

    An answer past its stand-down age is no answer: the next source is asked, and the first one is said to be down.
    """

    def __init__(
        self,
        name: str,
        reading: Reading,
        assets: Sequence[str],
        sources: Sequence[Source],
        ages: ReadingAges,
        timing: Timing | None = None,
    ) -> None:
        self.name = name
        self._reading = reading
        self._assets = assets
        self._sources = sources
        self._ages = ages
        self._every_s = ages.every_s or USUAL_EVERY_S
        self._timing = timing or Timing()
        self._down_reasons: dict[str, str] = {}

    async def run(self, put: Put) -> None:
        """Ask for ever. Whatever was said of its sources before, the first round says anew."""
        self._down_reasons = {source.label: "not asked yet" for source in self._sources}
        back_off = BackOff(FIRST_RETRY_S, self._every_s)
        while True:
            began_ns = self._timing.clock()
            troubles = await self.ask_all(put)
            if not troubles:
                back_off.succeeded()
                spent_s = ns_to_seconds(self._timing.clock() - began_ns)
                await self._timing.sleep(max(0.0, self._every_s - spent_s))
                continue
            waits_s = [trouble.retry_after_s for trouble in troubles.values() if trouble.retry_after_s is not None]
            await self._timing.sleep(back_off.failed(max(waits_s, default=None)))

    async def ask_all(self, put: Put) -> dict[str, FeedTrouble]:
        """One round: hand over every asset's reading, and say which sources failed and which are well again.

        Returns the trouble of every source that had any.
        """
        troubles: dict[str, FeedTrouble] = {}
        for asset in self._assets:
            for source in self._sources:
                try:
                    reading = await source.read(asset)
                    self._refuse_old(reading, source)
                except FeedTrouble as trouble:
                    troubles.setdefault(source.label, trouble)
                    continue
                await put(self.name, reading)
                break
        await self._notify(put, troubles)
        return troubles

    def _refuse_old(self, reading: Asked, source: Source) -> None:
        age_s = (self._timing.stamps() - reading.ts_ns) / NS_PER_S
        if age_s > self._ages.stand_down_after_s:
            raise FeedTrouble(
                f"{source.label} of {reading.asset}: expected data of the last {self._ages.stand_down_after_s:.0f} s, "
                f"was {age_s:.0f} s old"
            )

    async def _notify(self, put: Put, troubles: dict[str, FeedTrouble]) -> None:
        now_ns = self._timing.clock()
        for source in self._sources:
            trouble = troubles.get(source.label)
            sentence = "" if trouble is None else trouble.sentence
            if sentence == self._down_reasons.get(source.label, ""):
                continue
            self._down_reasons[source.label] = sentence
            if sentence:
                LOG.warning("%s: %s", self.name, sentence)
            state = FeedState.DOWN if sentence else FeedState.FRESH
            await put(self.name, FeedHealth(now_ns, self._reading, source.label, state, sentence))

"""The live market as an engine's source: every feed under a supervisor of its own, all of it in the session's time.

The session's time is counted by a clock that nobody sets. What comes in is stamped by others' clocks: each stamp is
brought to the session's time by how far that clock is from ours, so that an age is right whatever the two say.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from threading import Thread

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import AnyEvent, FeedHealth
from cockpit.domain.kinds import FeedState
from cockpit.domain.market_detail import PastCandles
from cockpit.domain.stream import TaskView
from cockpit.domain.units import NS_PER_MS, NS_PER_S, ns_to_seconds, utc_text
from cockpit.exchanges.base.feed import HANDED_OVER, Put
from cockpit.exchanges.base.masking import masked
from cockpit.exchanges.base.public import BAR_NS, Exchange
from cockpit.exchanges.base.steady_clock import SteadyClock
from cockpit.exchanges.base.timing import BackOff, Clock, Sleep
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.true_time import TrueTime
from cockpit.exchanges.base.venue_clock import CONFIRMATIONS
from cockpit.feeds.roster import Member, Roster
from cockpit.journal.sessions import FeedKind
from cockpit.runtime.clock_watch import ClockWatch
from cockpit.runtime.market_source import OnPast, nobody
from cockpit.runtime.supervisor import Supervisor

LOG = logging.getLogger("cockpit.feeds")
SETTLE_WITHIN_S = 3.0
"""So long the start waits for the venues' time. Who knows it only later goes on with this machine's."""
POLL_EVERY_S = 1.0
POLLS_A_MINUTE = 60
MISSED_NS = 2 * NS_PER_S
"""So far behind the venues' time the session's may be; more is made up for at once, never slowly."""
ALIKE_NS = 250 * NS_PER_MS
"""Clocks so close to each other are the same one: a stamp is left as it is."""
BARS_TRIES, BARS_AGAIN_S, BARS_LONGEST_S = 5, 15.0, 120.0
FUTURE_NS = 60 * NS_PER_S
"""A stamp further ahead of its own clock is no time, whatever feed it comes from."""

Work = Callable[[], Awaitable[None]]


class LiveSource:
    """One feed's fall never reaches another: it is restarted with back-off, and what it reads goes stale meanwhile.

    `steady` is the session's clock where this source is the one to set it; `truth` tells the time that it should have.
    """

    kind = FeedKind.LIVE
    speed = 1.0
    can_wait = False

    def __init__(self, config: CockpitConfig, roster: Roster, steady: SteadyClock | None = None) -> None:
        self.on_past: OnPast = nobody
        self.name = ", ".join(roster.exchanges)
        self._watched = {name: asset.watch for name, asset in config.assets.items()}
        self._roster = roster
        self._steady = steady
        self._truth = TrueTime(roster.clock, roster.exchanges)
        self._watch = ClockWatch(self.now_ns, self._truth.now_ns, roster.exchanges)
        self._supervisor: Supervisor | None = None
        self._last_ns = 0

    @property
    def exchanges(self) -> Mapping[str, Exchange]:
        """Whose market it follows, by name."""
        return self._roster.exchanges

    def settle(self) -> None:
        """Begin with the time that the venues tell, where they do: this machine's clock may be wrong by hours.

        Only before anything runs. Waits a few seconds at the most; call it where no loop is held up.
        """
        if self._steady is None:
            return
        # A thread of its own: a name that is looked up in vain would hold up the end of its loop for long.
        asking = Thread(target=asyncio.run, args=(self._ask_everybody(),), name="venues' time", daemon=True)
        asking.start()
        asking.join(SETTLE_WITHIN_S + 1.0)
        offset_ns = self._truth.offset_ns()
        if abs(offset_ns) > NS_PER_S:
            machine_ns, true_ns = self._steady.now_ns(), self._truth.now_ns()
            LOG.warning(
                "this machine's clock is %.1f s from the venues': it says %s, the session begins at %s",
                ns_to_seconds(offset_ns), utc_text(machine_ns), utc_text(true_ns),
            )  # fmt: skip
        self.begin_at(self._truth.now_ns())

    def begin_at(self, now_ns: int) -> None:
        """It is that time now. Only before anything runs."""
        if self._steady is not None:
            self._steady.begin_at(now_ns)
            for exchange in self._roster.exchanges.values():
                exchange.forget_time()

    async def _ask_everybody(self) -> None:
        asked = [asyncio.ensure_future(one.compare_clocks()) for one in self._roster.exchanges.values()]
        await asyncio.wait(asked, timeout=SETTLE_WITHIN_S)
        for task in asked:
            task.cancel()
        for failure in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(failure, FeedTrouble):
                LOG.warning("%s", failure.sentence)

    def now_ns(self) -> int:
        """The session's time; it never runs backwards."""
        self._last_ns = max(self._last_ns, self._roster.clock())
        return self._last_ns

    def utc_ns(self) -> int:
        """What time it really is."""
        return self._truth.now_ns()

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the clocks, in sentences."""
        return self._watch.problems()

    def workers(self) -> tuple[TaskView, ...]:
        """How every feed does."""
        return self._supervisor.views() if self._supervisor is not None else ()

    async def run(self, put: Put) -> None:
        """Run every feed until cancelled."""
        self._supervisor = Supervisor(_already_logged)
        try:
            self._supervisor.start("clock watch", self._watch_clocks)
            for member in self._roster.members:
                self._supervisor.start(member.feed.name, self._running(member, put))
            self._start_bars(self._supervisor)
            await asyncio.Event().wait()
        finally:
            await self._supervisor.stop()
            for exchange in self._roster.exchanges.values():
                await exchange.close()

    def _start_bars(self, supervisor: Supervisor) -> None:
        for name, exchange in self._roster.exchanges.items():
            assets = [asset for asset, venue in self._watched.items() if venue == name]
            if assets:
                bars = BarsBefore(exchange, assets, self.now_ns, self.on_past)
                supervisor.start(f"{name} bars", bars.run)

    async def _watch_clocks(self) -> None:
        while True:
            for _ in range(POLLS_A_MINUTE):
                await asyncio.sleep(POLL_EVERY_S)
                if self._watch.compare():
                    await self._ask_again()
                self._catch_up()
            if self._steady is not None:
                self._steady.follow(-self._truth.offset_ns())

    async def _ask_again(self) -> None:
        """A wall clock that goes forward may be a machine that stood still: the venues know what has passed."""
        opened = [one for one in self._roster.exchanges.values() if one.client is not None]
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_WITHIN_S):
                for _ in range(CONFIRMATIONS):
                    await asyncio.gather(*(one.ask_time() for one in opened), return_exceptions=True)

    def _catch_up(self) -> None:
        """Time that a machine which stood still did not count has passed all the same."""
        missed_ns = self._truth.offset_ns()
        if self._steady is None or missed_ns <= MISSED_NS:
            return
        before_ns = self._steady.now_ns()
        self._steady.begin_at(before_ns + missed_ns)
        for exchange in self._roster.exchanges.values():
            if exchange.clock.known:
                exchange.clock.shift(missed_ns)
        self._watch.caught_up(before_ns, before_ns + missed_ns)

    def _running(self, member: Member, put: Put) -> Work:
        """The feed's work; its fall is said in its name before the supervisor hears of it."""
        put = _in_session_time(member, put, self.now_ns)

        async def work() -> None:
            try:
                await member.feed.run(put)
            except Exception as error:
                detail = masked(f"{type(error).__name__}: {error}")
                word = FeedHealth(self.now_ns(), member.reading, member.source, FeedState.DOWN, detail)
                await put(member.feed.name, word)
                raise

        return work


def _in_session_time(member: Member, put: Put, session: Clock) -> Put:
    """Hand on what a feed gives with its stamps in the session's time, none of them later than now.

    The engine's time is the latest stamp that it has seen: one from the future would stop it.
    """
    stamps = member.stamps or session
    refused = False

    def put_in_time(source: str, event: AnyEvent) -> Awaitable[None]:
        nonlocal refused
        now_ns = session()
        away_ns = now_ns - stamps()
        ts_ns = event.ts_ns if abs(away_ns) <= ALIKE_NS else event.ts_ns + away_ns
        if isinstance(event, FeedHealth):
            ts_ns = now_ns
        elif ts_ns - now_ns > FUTURE_NS:
            handed: Awaitable[None] = HANDED_OVER
            if not refused:
                detail = (
                    f"expected a stamp of now, was {utc_text(event.ts_ns)}, {ns_to_seconds(ts_ns - now_ns):.0f} s ahead"
                )
                LOG.warning("%s: %s", member.feed.name, detail)
                handed = put(source, FeedHealth(now_ns, member.reading, member.source, FeedState.DOWN, detail))
            refused = True
            return handed
        elif refused:
            refused = False
            put(source, FeedHealth(now_ns, member.reading, member.source, FeedState.FRESH, ""))
        ts_ns = min(ts_ns, now_ns)
        return put(source, event if ts_ns == event.ts_ns else replace(event, ts_ns=ts_ns))

    return put_in_time


def _already_logged(name: str, detail: str) -> None:
    """The feed said so itself, and the supervisor logged it."""


class BarsBefore:
    """One venue's, asked once its own feeds have opened it, so that they wait for nothing.

    What cannot be had after a few tries stays missing on the chart, and nowhere else. `session` tells the time that the
    engine's own candles are in.
    """

    def __init__(
        self, exchange: Exchange, assets: Iterable[str], session: Clock, on_past: OnPast, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._exchange = exchange
        self._waiting = list(assets)
        self._session = session
        self._emit = on_past
        self._sleep = sleep

    async def run(self) -> None:
        """Until every asset's are told, or were asked for often enough."""
        await self._exchange.opened.wait()
        back_off = BackOff(BARS_AGAIN_S, BARS_LONGEST_S)
        for nth in range(1, BARS_TRIES + 1):
            asked_s = 0.0
            for asset in tuple(self._waiting):
                try:
                    self._emit(await self._in_session_time(asset))
                    self._waiting.remove(asset)
                except FeedTrouble as trouble:
                    LOG.info("%s", trouble.sentence)
                    self._emit(PastCandles(asset, (), missing=trouble.sentence))
                    asked_s = max(asked_s, trouble.retry_after_s or 0.0)
            if not self._waiting or nth == BARS_TRIES:
                return
            await self._sleep(back_off.failed(asked_s))

    async def _in_session_time(self, asset: str) -> PastCandles:
        """By the session's clock, whatever the venue's says: whole minutes stay whole."""
        bars = await self._exchange.bars(asset)
        away_ns = round((self._session() - self._exchange.now_ns()) / BAR_NS) * BAR_NS
        return PastCandles(asset, tuple(replace(bar, start_ns=bar.start_ns + away_ns) for bar in bars))

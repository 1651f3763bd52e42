"""The live market as an engine's source: every feed under a supervisor of its own, time by the venue's clock."""

import asyncio
from collections.abc import Awaitable, Callable

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth
from cockpit.domain.kinds import FeedState
from cockpit.domain.stream import TaskView
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.masking import masked
from cockpit.feeds.roster import Member, Roster
from cockpit.journal.sessions import FeedKind
from cockpit.runtime.supervisor import Supervisor

Work = Callable[[], Awaitable[None]]


class LiveSource:
    """One feed's fall never reaches another: it is restarted with back-off, and what it reads goes stale meanwhile."""

    kind = FeedKind.LIVE
    speed = 1.0
    can_wait = False

    def __init__(self, config: CockpitConfig, roster: Roster) -> None:
        self.name = ", ".join(roster.exchanges)
        self._roster = roster
        self._timekeeper = roster.exchanges[_most_watched(config)]
        self._supervisor: Supervisor | None = None
        self._last_ns = 0

    def now_ns(self) -> int:
        """Our clock put right by that of the most watched venue; it never runs backwards."""
        self._last_ns = max(self._last_ns, self._timekeeper.now_ns())
        return self._last_ns

    async def ask_time(self) -> None:
        """Compare clocks with that venue once more. Raises `FeedTrouble` where it does not answer."""
        await self._timekeeper.ask_time()

    def workers(self) -> tuple[TaskView, ...]:
        """How every feed does."""
        return self._supervisor.views() if self._supervisor is not None else ()

    async def run(self, put: Put) -> None:
        """Run every feed until cancelled."""
        self._supervisor = Supervisor(_already_said)
        try:
            for member in self._roster.members:
                self._supervisor.start(member.feed.name, _reporting(member, put, self.now_ns))
            await asyncio.Event().wait()
        finally:
            await self._supervisor.stop()
            for exchange in self._roster.exchanges.values():
                await exchange.close()


def _reporting(member: Member, put: Put, now_ns: Callable[[], int]) -> Work:
    """The feed's work; its fall is said in its name before the supervisor hears of it."""

    async def work() -> None:
        try:
            await member.feed.run(put)
        except Exception as error:
            detail = masked(f"{type(error).__name__}: {error}")
            await put(member.feed.name, FeedHealth(now_ns(), member.reading, member.source, FeedState.DOWN, detail))
            raise

    return work


def _already_said(name: str, detail: str) -> None:
    """The feed said so itself, and the supervisor logged it."""


def _most_watched(config: CockpitConfig) -> str:
    watched = [where.watch for where in config.assets.values()]
    return max(watched, key=watched.count)

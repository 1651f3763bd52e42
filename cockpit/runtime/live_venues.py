"""The real venues behind an engine: each opened, followed and reconciled by workers of its own."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import VenueNotice
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.stream import TaskView
from cockpit.exchanges.base.account import KeysLost, VenueAccount
from cockpit.exchanges.base.timing import Timing
from cockpit.execution.live_venue import LiveVenue
from cockpit.execution.venue_router import VenueRouter
from cockpit.journal.store import Journal
from cockpit.preflight.turn import Turn
from cockpit.runtime.journal_first import JournalFirst, Put
from cockpit.runtime.supervisor import Supervisor, Work

LOG = logging.getLogger("cockpit.engine")
OPEN_AGAIN_WITHIN_S = 1.0
"""What stands there may be bare: a venue that could not be opened, or a worker that fell, is tried again so soon."""
OPEN_WITHIN_S = 20.0


class LiveVenues:
    """Every account with workers of its own, so that a venue that hangs holds up no other. Made for one event loop.

    `venue` is what a session sees. Requests may come before `start`; they are kept until their venue is open.
    """

    def __init__(
        self,
        accounts: Mapping[str, VenueAccount],
        prefix: str,
        config: CockpitConfig,
        journal: Journal,
        put: Put,
        timing: Timing | None = None,
        against_entries: Callable[[], str] = lambda: "",
    ) -> None:
        used = timing or Timing()
        self.accounts = dict(accounts)
        self.is_open: set[str] = set()
        self._all_open = asyncio.Event()
        self._router = VenueRouter(accounts, prefix, put, config, used)
        self._put = put
        self._timing = used
        within_s = config.execution.entry_journal_within_ms / 1_000
        self.venue = JournalFirst(self._router, journal, within_s, put, used, against_entries)
        self._supervisor = Supervisor(self._fell, sleep=used.sleep, longest_delay_s=OPEN_AGAIN_WITHIN_S)
        self._unopened: dict[str, asyncio.Task[None]] = {}
        """What flattens a venue whose account is not open yet."""

    def start(self) -> None:
        """Start a worker for each venue on the running loop."""
        for name, venue in self._router.venues.items():
            if name not in self.is_open:
                self._unopened[name] = asyncio.create_task(venue.flatten_unopened(), name=f"flatten {name} unopened")
            self._supervisor.start(f"{name} account", self._beginning(name, venue))

    def opened(self, *venues: str) -> None:
        """These accounts are open."""
        self.is_open.update(venues)
        if self.is_open >= set(self.accounts):
            self._all_open.set()

    async def until_open(self) -> None:
        """Wait until every account is open."""
        await self._all_open.wait()

    def workers(self) -> tuple[TaskView, ...]:
        return self._supervisor.views()

    async def stop(self) -> None:
        """Stop following; requests under way are given a moment, then every connection is closed."""
        self.venue.stop()
        await self._supervisor.stop()
        for name in list(self._unopened):
            await self._stop_flattening_unopened(name)
        await asyncio.gather(*(self._stop(name, venue) for name, venue in self._router.venues.items()))

    def _beginning(self, name: str, venue: LiveVenue) -> Work:
        async def begin() -> None:
            await self._open(name)
            await self._stop_flattening_unopened(name)
            venue.start()
            for worker, work in venue.workers().items():
                self._supervisor.start(worker, work)

        return begin

    async def _stop_flattening_unopened(self, venue: str) -> None:
        task = self._unopened.pop(venue, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _open(self, venue: str) -> None:
        if venue in self.is_open:
            return
        turn = Turn(None, lambda sentence: self._notify(venue, VenueTopic.UNREAD, sentence), self._timing)
        try:
            await turn.ask(venue, self.accounts[venue].open, OPEN_WITHIN_S)
        except KeysLost as error:
            self._notify(venue, VenueTopic.KEYS, str(error))
            raise
        self.opened(venue)

    def _fell(self, name: str, detail: str) -> None:
        """A worker fell, and is started again: say so where the operator looks."""
        venue = name.partition(" ")[0]
        if venue in self.is_open:
            self._notify(venue, VenueTopic.NOTE, f"{name} fell and is started again: {detail}", is_grave=True)
        else:
            self._notify(venue, VenueTopic.UNREAD, f"{venue} could not be opened, it is tried again: {detail}")

    def _notify(self, venue: str, topic: VenueTopic, sentence: str, is_grave: bool = False) -> None:
        self._put(VenueNotice(self._timing.clock(), venue, "", topic, sentence, is_grave=is_grave))

    @staticmethod
    async def _stop(name: str, venue: LiveVenue) -> None:
        try:
            await venue.stop()
        except Exception:
            LOG.exception("%s did not stop in order", name)

"""The real venues behind an engine: each opened, followed and reconciled by workers of its own."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import FlattenVenues, PlaceOrder
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, OrderRejected, VenueEvent, VenueFlat, VenueNotice
from cockpit.domain.kinds import VenueTopic
from cockpit.domain.orders import OrderProgress
from cockpit.domain.stream import TaskView
from cockpit.domain.trades import TradeRecord
from cockpit.engine.order_venue import Request
from cockpit.exchanges.base.account import KeysLost, VenueAccount
from cockpit.exchanges.base.timing import Timing
from cockpit.execution.venue_router import VenueRouter
from cockpit.journal.store import Journal
from cockpit.runtime.journal_first import JournalFirst, Put
from cockpit.runtime.supervisor import Supervisor, Work

LOG = logging.getLogger("cockpit.engine")
FLAT_READS = 2
OPEN_WITHIN_S = 20.0
NOTHING: tuple[VenueEvent, ...] = ()


class Closing(Protocol):
    """What is left to do at the end of a venue."""

    async def stop(self) -> None:
        """Let requests in flight end, and close the connections."""


class LiveVenues:
    """One `VenueRouter` for each account, so that a venue that hangs holds up no other. Made for one event loop.

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
        self._desks = {
            venue: VenueRouter({venue: account}, prefix, put, config, used) for venue, account in accounts.items()
        }
        self._put = put
        self._timing = used
        within_s = config.execution.entry_journal_within_ms / 1_000
        self.venue = JournalFirst(_Dispatch(self._desks, put, used), journal, within_s, put, used, against_entries)
        self._supervisor = Supervisor(self._fell, sleep=used.sleep)

    def start(self) -> None:
        """Start a worker for each venue on the running loop."""
        for venue, router in self._desks.items():
            self._supervisor.start(f"{venue} account", self._beginning(venue, router))

    def opened(self, *venues: str) -> None:
        """These accounts are open."""
        self.is_open.update(venues)
        if self.is_open >= set(self.accounts):
            self._all_open.set()

    async def until_open(self) -> None:
        """Wait until every account is open."""
        await self._all_open.wait()

    def workers(self) -> tuple[TaskView, ...]:
        """How every worker does."""
        return self._supervisor.views()

    async def stop(self) -> None:
        """Stop following; requests under way are given a moment, then every connection is closed."""
        self.venue.stop()
        await self._supervisor.stop()
        await asyncio.gather(*(self._stop(venue, router) for venue, router in self._desks.items()))

    def _beginning(self, venue: str, router: VenueRouter) -> Work:
        async def begin() -> None:
            await self._open(venue)
            await router.start()
            for name, work in router.workers().items():
                self._supervisor.start(name, work)

        return begin

    async def _open(self, venue: str) -> None:
        if venue in self.is_open:
            return
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                await self.accounts[venue].open()
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
    async def _stop(venue: str, router: Closing) -> None:
        try:
            await router.stop()
        except Exception:
            LOG.exception("%s did not stop in order", venue)


class _Dispatch:
    """Every venue's desk as one: each request goes to its own."""

    def __init__(self, routers: Mapping[str, VenueRouter], put: Put, timing: Timing) -> None:
        self._desks = routers
        self._put = put
        self._timing = timing

    def on_market(self, event: AnyEvent | AnyCommand) -> Sequence[VenueEvent]:
        """A real venue has a market of its own."""
        return NOTHING

    def submit(self, action: Request) -> Sequence[VenueEvent]:
        """Pass a request to its venue; where we have no account, nothing can be and nothing is there."""
        match action:
            case FlattenVenues():
                for venue in action.venues:
                    self._flatten(venue, action)
            case PlaceOrder():
                self._place(action)
            case _:
                router = self._desks.get(action.venue)
                if router is not None:
                    router.submit(action)
        return NOTHING

    def restore(
        self, orders: Sequence[OrderProgress], trades: Sequence[TradeRecord], booked: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Each venue goes on with its own. Raises ValueError where something is open and we have no account."""
        venues = {order.request.venue for order in orders if not order.status.is_final} | {one.venue for one in trades}
        absent = sorted(venues - set(self._desks))
        if absent:
            raise ValueError(f"expected keys for {', '.join(absent)}, where something is open, were none")
        for venue, router in self._desks.items():
            router.restore(
                [order for order in orders if order.request.venue == venue],
                [trade for trade in trades if trade.venue == venue],
                booked,
            )

    def _place(self, action: PlaceOrder) -> None:
        order = action.order
        router = self._desks.get(order.venue)
        if router is not None:
            router.submit(action)
            return
        sentence = f"expected an account on {order.venue}, was none: not sent"
        self._put(OrderRejected(self._timing.clock(), order.order_id, sentence))

    def _flatten(self, venue: str, action: FlattenVenues) -> None:
        router = self._desks.get(venue)
        if router is not None:
            router.submit(replace(action, venues=(venue,)))
            return
        now_ns = self._timing.clock()
        self._put(VenueNotice(now_ns, venue, "", VenueTopic.FLATTEN, f"{venue}: no account of ours, nothing to close"))
        for _ in range(FLAT_READS):
            self._put(VenueFlat(now_ns, venue))

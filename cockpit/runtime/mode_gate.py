"""What stands before a real mode and before arming in one: feed, keys, evidence, the account itself, the day's drill.

It only looks and says; the engine decides, and what was said is part of the command, so that a replay decides the same.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from cockpit.config.endpoints import BadEndpoint
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.config.secrets import MissingKeys, Secrets
from cockpit.domain.actions import AnyAction, CommandAnswered, ModeChanged
from cockpit.domain.commands import Arm, SetMode
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import TaskView
from cockpit.engine.session import Session
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.timing import Timing
from cockpit.execution.accounts import accounts_of, trading_venues
from cockpit.journal.drills import drills_lacking
from cockpit.journal.errors import JournalError
from cockpit.journal.reading import JournalReader
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal
from cockpit.journal.way_up import way_up
from cockpit.paper.venue import PaperVenue
from cockpit.preflight.account_checks import account_items, opened
from cockpit.preflight.checklist import Item
from cockpit.preflight.turn import Turn
from cockpit.runtime.halt_mark import halt_mark
from cockpit.runtime.journal_first import Put
from cockpit.runtime.profile_prefix import order_prefix, used_in

if TYPE_CHECKING:
    from cockpit.runtime.live_venues import LiveVenues

LOG = logging.getLogger("cockpit.engine")
JOURNAL_WITHIN_S = 2.0
OPEN_FOR_ARMING_S = 2.0
ASKED_WITHIN_S = 8.0
"""Somebody waits for the answer, and for no longer than 10 s."""
START_WITHIN_S = 90.0
"""A start has time: also for a venue that first wants to be left alone, for up to a minute."""
REVIEWED_WITHIN_S = 30.0
"""Of that, what opening the accounts and looking at them takes where nobody asks to be left alone."""
AT_START = "start"
"""Who asks for the mode that the engine is started in."""

MakeAccounts = Callable[[Collection[str], Mode], Mapping[str, VenueAccount]]


class Gated(Protocol):
    """What the gate needs of the host that it stands before."""

    config: CockpitConfig
    journal: Journal
    session: Session


class ModeGate:
    """Prepares a real mode before the engine hears of it, and puts its venues behind the engine once it is in it.

    `make_accounts` gives unopened accounts for venues in a mode; it and `timing` are there for tests.
    """

    def __init__(
        self,
        host: Gated,
        places: Places,
        kind: FeedKind,
        put: Put,
        make_accounts: MakeAccounts | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._host = host
        self.places = places
        self._kind = kind
        self._put = put
        self._timing = timing or Timing()
        self._make_accounts = make_accounts or self._accounts
        self._prepared: LiveVenues | None = None
        self._running: LiveVenues | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.on_wait: Callable[[str], None] | None = None
        """Told where the start waits for a venue."""

    @property
    def live_venues(self) -> LiveVenues | None:
        """The real venues behind the engine; None in paper mode."""
        return self._running

    @property
    def is_live(self) -> bool:
        """Whether it is the real market that the engine follows: only then real orders may be at stake."""
        return self._kind is FeedKind.LIVE

    def workers(self) -> tuple[TaskView, ...]:
        """How the real venues' workers do."""
        return self._running.workers() if self._running is not None else ()

    # Before a command reaches the engine.

    async def before_mode(self, command: SetMode, open_trades: int) -> SetMode:
        """The command with all that was found. Accounts that pass are kept for the change."""
        if command.mode is Mode.PAPER:
            return command
        refusal = self._feed_refusal(command.mode)
        if refusal or open_trades:
            return replace(command, refusal=refusal)
        command = replace(command, way_up_open=await self._way_up_open(command.mode))
        if not command.way_up_open and not command.override_reason.strip():
            return command
        within_s = START_WITHIN_S if command.by == AT_START else ASKED_WITHIN_S
        refusal = await self._prepare(command.mode, within_s)
        return replace(command, refusal=refusal, unread=tuple(self._host.config.venues))

    async def before_arming(self, command: Arm, mode: Mode) -> Arm:
        """The command with what stands against arming in this mode."""
        if mode is Mode.PAPER:
            return command
        if self._running is None:
            return replace(command, refusal=f"no real venue is behind this engine in {mode.value} mode")
        await self.until_open(OPEN_FOR_ARMING_S)
        closed = self.waits_for()
        if closed:
            return replace(command, refusal=f"{', '.join(closed)} could not be opened yet")
        lacking = await self._drill_refusal(mode)
        if lacking:
            return replace(command, refusal=lacking)
        return replace(command, refusal=_failures_text(await self.items(probes_stops=False)))

    async def items(self, *, probes_stops: bool = True) -> list[Item]:
        """What the venues behind the engine say of the accounts right now."""
        live_venues = self._running or self._prepared
        return (
            []
            if live_venues is None
            else await account_items(live_venues.accounts, self._host.config, probes_stops=probes_stops)
        )

    # What the engine did.

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Put the right venues behind the engine the moment its mode has changed."""
        for action in actions:
            match action:
                case ModeChanged(before=Mode.PAPER) if self._prepared is not None:
                    self._running, self._prepared = self._prepared, None
                    self._host.session.venue = self._running.venue
                    self._running.start()
                case ModeChanged(after=Mode.PAPER) if self._running is not None:
                    self._host.session.venue = PaperVenue(self._host.config)
                    self._end(self._running)
                    self._running = None
                case CommandAnswered(command="set_mode", ok=False) if self._prepared is not None:
                    self._end(self._prepared)
                    self._prepared = None

    def take_over(self, mode: Mode, venues: Collection[str]) -> LiveVenues:
        """At the start, before anything else: the venues of a real mode that an earlier engine left, not opened yet.

        Raises `MissingKeys`, `BadEndpoint` or `OSError` where nothing could be sent there.
        """
        self._running = self._made(mode, venues)
        self._host.session.venue = self._running.venue
        return self._running

    def start(self) -> None:
        """Start what `take_over` made, on the running loop."""
        if self._running is not None:
            self._running.start()

    def waits_for(self) -> list[str]:
        """The venues that are behind the engine and not open yet."""
        return [] if self._running is None else sorted(set(self._running.accounts) - self._running.is_open)

    async def until_open(self, within_s: float) -> None:
        """Wait until every venue behind the engine is open, for so long."""
        if self._running is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._running.until_open()

    async def against(self) -> str:
        """Once every account that was taken over is open: what stands against them, empty where nothing does."""
        if self._running is None:
            return ""
        await self._running.until_open()
        return _failures_text(await self.items())

    async def stop(self) -> None:
        """Let go of every venue."""
        for live_venues in (self._running, self._prepared):
            if live_venues is not None:
                await live_venues.stop()
        self._running = self._prepared = None
        if self._ending:
            await asyncio.gather(*self._ending, return_exceptions=True)

    # Finding out.

    def _feed_refusal(self, mode: Mode) -> str:
        if self._kind is FeedKind.LIVE:
            return ""
        return (
            f"expected the live feed for {mode.value} mode, was {self._kind.value}: real orders need the real market, "
            "start with --feed live"
        )

    async def _way_up_open(self, mode: Mode) -> bool:
        """Whether the journal, with everything up to now, shows what the way up to this mode asks for."""
        return await asyncio.to_thread(self._evidence_shows, mode)

    def _evidence_shows(self, mode: Mode) -> bool:
        try:
            if not self._host.journal.flush(JOURNAL_WITHIN_S):
                return False
            evidence = JournalReader(self.places.journal).evidence()
        except JournalError as error:
            LOG.error("the way up could not be looked up: %s", error)
            return False
        return any(step.mode is mode and step.is_open for step in way_up(evidence, self._host.config))

    async def _prepare(self, mode: Mode, within_s: float) -> str:
        """Open the accounts and look at them; what stands against them in words, empty where nothing does."""
        if self._running is not None:
            return _failures_text(await self.items())
        try:
            venues = trading_venues(self._host.config)
            live_venues = self._over(await asyncio.to_thread(self._make_accounts, venues, mode))  # a keyring may wait
        except (MissingKeys, BadEndpoint, OSError) as error:
            return str(error)
        try:
            async with asyncio.timeout(within_s):
                refusal = await self._reviewed(live_venues, within_s)
        except TimeoutError:
            refusal = (
                f"expected {', '.join(live_venues.accounts)} to tell of the account within {within_s:g} s, was none"
            )
        except BaseException:
            self._end(live_venues)
            raise
        if refusal or self._running is not None:
            self._end(live_venues)
            return refusal
        if self._prepared is not None:
            self._end(self._prepared)
        self._prepared = live_venues
        return ""

    async def _reviewed(self, live_venues: LiveVenues, within_s: float) -> str:
        turn = Turn(max(0.0, within_s - REVIEWED_WITHIN_S), self.on_wait, self._timing)
        found = await opened(live_venues.accounts, turn=turn)
        if not found:
            live_venues.opened(*live_venues.accounts)
            found = await account_items(live_venues.accounts, self._host.config, turn=turn)
        return _failures_text(found)

    async def _drill_refusal(self, mode: Mode) -> str:
        config = self._host.config
        if mode is not Mode.LIVE or not config.execution.drill_before_live:
            return ""
        return await asyncio.to_thread(
            drills_lacking, self.places.journal, trading_venues(config), self._timing.clock()
        )

    def _made(self, mode: Mode, also: Collection[str]) -> LiveVenues:
        return self._over(self._make_accounts(trading_venues(self._host.config, also), mode))

    def _over(self, accounts: Mapping[str, VenueAccount]) -> LiveVenues:
        from cockpit.runtime.live_venues import LiveVenues

        used_in(self.places, self._host.journal.session_id)
        config, prefix = self._host.config, order_prefix(self.places)
        return LiveVenues(
            accounts, prefix, config, self._host.journal, self._put, self._timing, lambda: halt_mark(self.places)
        )

    def _accounts(self, venues: Collection[str], mode: Mode) -> Mapping[str, VenueAccount]:
        return accounts_of(self._host.config, venues, mode, Secrets(), os.environ, self._timing)

    def _end(self, live_venues: LiveVenues) -> None:
        task = asyncio.get_running_loop().create_task(live_venues.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _failures_text(items: Sequence[Item]) -> str:
    return "; ".join(f"{item.name}: {item.detail}" for item in items if not item.ok)

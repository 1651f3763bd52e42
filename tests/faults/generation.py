"""One life of an engine on the real side: its host, the accounts behind it, and how it may end, the sudden way too.

A kill is what the venues and the disk would see of `kill -9`: from one instant on nothing more leaves, and what the
journal had on disk by then is all there is.
"""

import asyncio
import contextvars
import shutil
import sqlite3
import weakref
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.domain.kinds import Mode
from cockpit.engine.machine import Engine
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.timing import Timing
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.host import Host
from cockpit.runtime.mode_gate import ModeGate
from cockpit.runtime.startup import _live_start_ns, _not_later
from tests.conftest import SHIPPED_CONFIG
from tests.faults.jumping_loop import JumpingLoop
from tests.faults.world import World

BURIED_WITHIN_S = 0.1
"""A worker's keeper takes its worker's cancellation for a failure; it goes when it is cancelled once more."""
LIFE: contextvars.ContextVar["Life | None"] = contextvars.ContextVar("life", default=None)


class Life:
    """What belongs to one engine: its tasks, and the connections that they open."""

    def __init__(self) -> None:
        self.is_over = False
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._connections: list[asyncio.Transport] = []

    def connected(self, connection: asyncio.Transport) -> None:
        self._connections.append(connection)
        if self.is_over:
            connection.abort()

    def end(self) -> None:
        """Its connections are cut, and it opens no new ones."""
        self.is_over = True
        for connection in self._connections:
            connection.abort()

    def under_way(self) -> list[asyncio.Task[Any]]:
        """What it has not done yet."""
        return [task for task in self.tasks if not task.done()]


def mark_what_belongs(loop: JumpingLoop) -> None:
    """From here on every task and connection of this loop is known to the life it belongs to."""

    def make(loop: Any, coro: Any, context: contextvars.Context | None = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, context=context)
        life = LIFE.get() if context is None else context.get(LIFE)
        if life is not None:
            life.tasks.add(task)
        return task

    def connected(connection: asyncio.Transport) -> None:
        life = LIFE.get()
        if life is not None:
            life.connected(connection)

    loop.set_task_factory(make)
    loop.on_connected = connected


class Generation:
    """A host from its start to its end, on the journal that the one before it left."""

    def __init__(self, world: World, home: Path, config: CockpitConfig, mode: Mode = Mode.TEST) -> None:
        self.world = world
        self.home = home
        self.life = Life()
        self._mode = mode
        self._config = config
        self._context = contextvars.copy_context()
        self._context.run(LIFE.set, self.life)
        self.host: Host
        self.restored_trades = 0
        self._accounts: Mapping[str, VenueAccount] = {}

    async def start(self) -> "Generation":
        await asyncio.get_running_loop().create_task(self._start(), context=self._context)
        return self

    async def _start(self) -> None:
        world, loop = self.world, self.world.loop
        journal = Journal(self.home / "journal.sqlite", backoff_s=(0.001,))
        self._is_behind = lambda: not journal.has_written(journal.appended)
        loop.busy_while(self._is_behind)
        restored = journal.latest_restore(world.wall_ns(), FeedKind.LIVE)
        now_ns = _live_start_ns(world.market, restored)  # type: ignore[arg-type]
        restored = None if restored is None else _not_later(restored, now_ns)
        session_id = world.wall_ns() if restored is None else max(world.wall_ns(), restored.session_id + 1)
        journal.begin(SessionInfo(session_id, now_ns, FeedKind.LIVE, self._mode, "digest", "test"), restored)
        self.host = Host(self._config, Engine(self._config, now_ns, self._mode), world.market, journal, None)
        places = Places(self.home, SHIPPED_CONFIG)
        gate = ModeGate(
            self.host,
            places,
            FeedKind.LIVE,
            self.host.inbox.answer,
            make_accounts=self._make_accounts,
            timing=Timing(world.session.now_ns),
        )
        self.host.gate = gate
        if restored is None:
            gate.take_over(self._mode, ())
        else:
            self.restored_trades = len(restored.command.trades)
            gate.take_over(self._mode, {trade.venue for trade in restored.command.trades})
            self.host.restore(replace(restored.command, unread=tuple(self._config.venues)), now_ns)
        self.host.start()

    def _make_accounts(self, names: Collection[str], _: Mode) -> Mapping[str, VenueAccount]:
        self._accounts = self.world.accounts(self._config, names)
        return self._accounts

    def does_not_wait_for_the_journal(self) -> None:
        """From here on time goes on while the journal is behind."""
        self.world.loop.forget(self._is_behind)

    async def stop(self) -> None:
        """The orderly end."""
        await asyncio.get_running_loop().create_task(self.host.stop(), context=self._context)
        self.world.loop.forget(self._is_behind)

    def kill(self, next_home: Path) -> None:
        """At once, in the middle of whatever it does. `next_home` gets what is on the disk at this instant."""
        self.life.end()
        _copy(self.home, next_home)
        self.world.loop.forget(self._is_behind)

    async def bury(self) -> None:
        """After a kill: let go of what is left of it in this process. Nothing of it reaches anybody."""
        while left := self.life.under_way():
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=BURIED_WITHIN_S)
        for account in self._accounts.values():
            await account.close()
        self.host.watchdog.stop()
        await asyncio.to_thread(self.host.journal.close)


def _copy(home: Path, next_home: Path) -> None:
    """The files as a process that died leaves them: what was committed, and nothing of what was still in memory."""
    next_home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home / "journal.sqlite", isolation_level=None)) as holder:
        holder.execute("begin immediate")
        for path in home.iterdir():
            if path.is_file() and not path.name.endswith("-shm"):
                shutil.copy2(path, next_home / path.name)
        holder.execute("rollback")

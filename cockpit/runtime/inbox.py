"""The engine's inbox: commands first, then venues' answers, then data; order kept, and only the latest of what
conflates."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Generator

from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, Depth, FeedHealth, MarkPrice, Tick, Top, VenueEvent
from cockpit.domain.wire import Input
from cockpit.exchanges.base.feed import HANDED_OVER

CAPACITY = 20_000
COMPACT_AFTER = 4_096

Key = tuple[object, ...]


class _Cell:
    """A place in the queue; emptied when a newer reading of the same key took its turn."""

    __slots__ = ("event", "key", "source")

    def __init__(self, event: AnyEvent, source: str, key: Key | None) -> None:
        self.event: AnyEvent | None = event
        self.source = source
        self.key = key


class Inbox:
    """One consumer, many producers, one event loop.

    Tops, depth, marks, ticks and a feed's own word conflate: a newer one takes the place of one that still waits, at
    the end of the queue. Prints, fills and readings never do: their producer waits while its share is full.
    A socket's callback cannot wait: its prints are kept however many there are, and the queue's length shows them.
    A market whose time can wait (simulated, recorded) uses `put_each`: there nothing conflates, its producer waits.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._commands: deque[AnyCommand] = deque()
        self._answers: deque[VenueEvent | Tick] = deque()
        self._cells: deque[_Cell] = deque()
        self._latest: dict[Key, _Cell] = {}
        self._waiting: dict[str, int] = {}
        self._shrinks: dict[str, asyncio.Event] = {}
        self._something = asyncio.Event()
        self._empty_cells = 0
        self.conflated = 0

    def __len__(self) -> int:
        return len(self._commands) + len(self._answers) + len(self._cells) - self._empty_cells

    def command(self, command: AnyCommand) -> None:
        """Queue a command ahead of all data, behind earlier commands. Never waits."""
        self._commands.append(command)
        self._something.set()

    def answer(self, event: VenueEvent | Tick) -> None:
        """Queue what a venue said of our orders and positions, or that the engine's own time has come, ahead of all
        data. Never waits, never drops one.
        """
        self._answers.append(event)
        self._something.set()

    def put(self, source: str, event: AnyEvent) -> Awaitable[None]:
        """Queue one event of a source; awaiting it waits while that source has more than its share."""
        return self._add(source, event, _key(source, event))

    def put_each(self, source: str, event: AnyEvent) -> Awaitable[None]:
        """Queue one event that must arrive whatever its kind; awaiting it waits while that source has too much."""
        return self._add(source, event, None)

    def offer(self, source: str, event: AnyEvent) -> bool:
        """Queue one event unless its source's share is full; says whether it was taken."""
        key = _key(source, event)
        if key is None and self._waiting.get(source, 0) >= self._capacity:
            return False
        self._add(source, event, key)
        return True

    def _add(self, source: str, event: AnyEvent, key: Key | None) -> Awaitable[None]:
        cell = _Cell(event, source, key)
        self._cells.append(cell)
        self._something.set()
        if key is not None:
            self._forget(key)
            self._latest[key] = cell
            return HANDED_OVER
        self._waiting[source] = self._waiting.get(source, 0) + 1
        return _Turn(self, source) if self._waiting[source] > self._capacity else HANDED_OVER

    def take(self) -> Input | None:
        """The next input: a command if there is one, else a venue's answer, else the oldest event; None: nothing."""
        if self._commands:
            return self._commands.popleft()
        if self._answers:
            return self._answers.popleft()
        while self._cells:
            cell = self._cells.popleft()
            event = cell.event
            if event is None:
                self._empty_cells -= 1
                continue
            self._release(cell)
            return event
        self._something.clear()
        return None

    async def wait(self) -> None:
        """Wait until something may be there to take."""
        await self._something.wait()

    async def wait_for_share(self, source: str) -> None:
        """Wait until no more of that source's waits than its share."""
        while self._waiting.get(source, 0) > self._capacity:
            shrinks = self._shrinks.setdefault(source, asyncio.Event())
            shrinks.clear()
            await shrinks.wait()

    def _release(self, cell: _Cell) -> None:
        if cell.key is not None:
            del self._latest[cell.key]
            return
        self._waiting[cell.source] -= 1
        shrinks = self._shrinks.get(cell.source)
        if shrinks is not None:
            shrinks.set()

    def _forget(self, key: Key) -> None:
        older = self._latest.pop(key, None)
        if older is None:
            return
        older.event = None
        self._empty_cells += 1
        self.conflated += 1
        if self._empty_cells > COMPACT_AFTER and self._empty_cells * 2 > len(self._cells):
            self._cells = deque(cell for cell in self._cells if cell.event is not None)
            self._empty_cells = 0


class _Turn:
    """Its awaiting waits: a producer's turn comes once its share of the queue is not exceeded any more."""

    __slots__ = ("_inbox", "_source")

    def __init__(self, inbox: Inbox, source: str) -> None:
        self._inbox = inbox
        self._source = source

    def __await__(self) -> Generator[None, None, None]:
        return self._inbox.wait_for_share(self._source).__await__()


def _key(source: str, event: AnyEvent) -> Key | None:
    """What a newer event of the same kind replaces, or None for what must never be lost."""
    match event:
        case Top() | Depth() | MarkPrice():
            return (type(event), event.venue, event.asset)
        case Tick():
            return (Tick,)
        case FeedHealth():
            return (FeedHealth, source, event.reading, event.source)
        case _:
            return None

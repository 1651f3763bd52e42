"""The engine's inbox: commands first, then venues' answers, then data; order kept, and only the latest of what
conflates."""

import asyncio
from collections import deque

from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent, Depth, FeedHealth, MarkPrice, Tick, Top, VenueEvent
from cockpit.domain.wire import Input

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
    the end of the queue. Prints, fills and readings never do: their producer waits when its share of the queue is full.
    A market whose time can wait (simulated, recorded) uses `put_each`: there nothing conflates, its producer waits.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._commands: deque[AnyCommand] = deque()
        self._answers: deque[VenueEvent | Tick] = deque()
        self._cells: deque[_Cell] = deque()
        self._latest: dict[Key, _Cell] = {}
        self._waiting: dict[str, int] = {}
        self._room: dict[str, asyncio.Event] = {}
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

    async def put(self, source: str, event: AnyEvent) -> None:
        """Queue one event of a source; waits while that source's share is full."""
        while not self.offer(source, event):
            await self._wait_for_capacity(source)

    async def put_each(self, source: str, event: AnyEvent) -> None:
        """Queue one event that must arrive whatever its kind; waits while that source's share is full."""
        while not self.offer(source, event, conflates=False):
            await self._wait_for_capacity(source)

    def offer(self, source: str, event: AnyEvent, conflates: bool = True) -> bool:
        """Queue one event unless its source's share is full; says whether it was taken."""
        key = _key(source, event) if conflates else None
        if key is None:
            count = self._waiting.get(source, 0)
            if count >= self._capacity:
                return False
            self._waiting[source] = count + 1
        else:
            self._forget(key)
        cell = _Cell(event, source, key)
        if key is not None:
            self._latest[key] = cell
        self._cells.append(cell)
        self._something.set()
        return True

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

    async def _wait_for_capacity(self, source: str) -> None:
        room = self._room.setdefault(source, asyncio.Event())
        room.clear()
        await room.wait()

    def _release(self, cell: _Cell) -> None:
        if cell.key is not None:
            del self._latest[cell.key]
            return
        self._waiting[cell.source] -= 1
        room = self._room.get(cell.source)
        if room is not None:
            room.set()

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

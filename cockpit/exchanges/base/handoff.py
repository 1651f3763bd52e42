"""From a socket's callback to the engine's inbox: the callback never waits, prints are never dropped, order is kept."""

import asyncio
from collections import deque

from cockpit.domain.events import AnyEvent, Depth, MarkPrice, Top
from cockpit.exchanges.base.feed import Put

CROWDED = 20_000
"""From here on only what must arrive is taken: a newer top, depth or mark comes soon enough."""
BREATHE_EVERY = 128


class Handoff:
    """Take events with `offer` from anywhere on the loop; `pump` hands them on in order, waiting as the inbox asks."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._events: deque[AnyEvent] = deque()
        self._something = asyncio.Event()
        self.skipped = 0

    def __len__(self) -> int:
        return len(self._events)

    def offer(self, event: AnyEvent) -> None:
        """Queue an event. While the engine is far behind, tops, depth and marks are skipped and counted."""
        if len(self._events) >= CROWDED and isinstance(event, Top | Depth | MarkPrice):
            self.skipped += 1
            return
        self._events.append(event)
        self._something.set()

    async def pump(self, put: Put) -> None:
        """Hand on for ever. An event is forgotten only once it was handed on."""
        while True:
            handed = 0
            while self._events:
                await put(self._source, self._events[0])
                self._events.popleft()
                handed += 1
                if handed % BREATHE_EVERY == 0:
                    await asyncio.sleep(0)
            self._something.clear()
            await self._something.wait()

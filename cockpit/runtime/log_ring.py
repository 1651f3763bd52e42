"""The running log of what the engine decided, numbered without a gap, for everybody who listens."""

import asyncio
from collections import deque
from collections.abc import Sequence

from cockpit.domain.actions import (
    AnyAction,
    CommandAnswered,
    Decided,
    ModeChanged,
    Notice,
    StateChanged,
    TradeChanged,
)
from cockpit.domain.stream import LogFrame

KEPT = 4_000
"""Entries; a verdict with its checks takes some 8 KB, so this is 32 MB at most. The journal has the older ones."""
LOGGED = (Decided, TradeChanged, StateChanged, ModeChanged, CommandAnswered, Notice)


class LogRing:
    """Keeps the newest entries; listeners read on from the number they have seen."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[LogFrame] = deque(maxlen=kept)
        self._last_seq = 0
        self._grown = asyncio.Event()

    @property
    def first_seq(self) -> int:
        """The oldest number still here; one past the last when nothing is."""
        return self._entries[0].seq if self._entries else self._last_seq + 1

    @property
    def last_seq(self) -> int:
        """The newest number, 0 before the first entry."""
        return self._last_seq

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Take what belongs into the log."""
        before = self._last_seq
        for action in actions:
            if isinstance(action, LOGGED):
                self._last_seq += 1
                self._entries.append(LogFrame(self._last_seq, action))
        if self._last_seq > before:
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()

    def after(self, seq: int, limit: int = 1_000) -> list[LogFrame]:
        """Entries numbered above `seq`, oldest first, at most `limit`."""
        skip = max(0, seq - self.first_seq + 1)
        count = min(limit, len(self._entries) - skip)
        return [self._entries[skip + index] for index in range(max(0, count))]

    def newest(self, limit: int) -> list[LogFrame]:
        """The newest entries, oldest first."""
        return self.after(self._last_seq - limit, limit)

    async def wait_beyond(self, seq: int) -> None:
        """Wait until there is an entry numbered above `seq`."""
        while self._last_seq <= seq:
            await self._grown.wait()

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
from cockpit.domain.wire import decode_log_frame, encode

KEPT = 500
"""Entries, as the bytes a screen gets: some 4 kB a verdict, so 2 MB at most. The journal has the older ones."""
LOGGED = (Decided, TradeChanged, StateChanged, ModeChanged, CommandAnswered, Notice)


class LogRing:
    """Keeps the newest entries, each encoded once however many screens look; listeners read on from what they have."""

    def __init__(self, kept: int = KEPT) -> None:
        self._encoded: deque[bytes] = deque(maxlen=kept)
        self._last_seq = 0
        self._grown = asyncio.Event()

    @property
    def first_seq(self) -> int:
        """The oldest number still here; one past the last when nothing is."""
        return self._last_seq - len(self._encoded) + 1

    @property
    def last_seq(self) -> int:
        """The newest number, 0 before the first entry."""
        return self._last_seq

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Take what belongs into the log."""
        before = self._last_seq
        for action in actions:
            if isinstance(action, LOGGED):
                self._encoded.append(encode(LogFrame(self._last_seq + 1, action)))
                self._last_seq += 1
        if self._last_seq > before:
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()

    def encoded_after(self, seq: int, limit: int = KEPT) -> list[bytes]:
        """`LogFrame`s numbered above `seq` as msgpack, oldest first, at most `limit`; a seq of old gets the oldest."""
        skip = max(0, seq - self.first_seq + 1)
        count = max(0, min(limit, len(self._encoded) - skip))
        return [self._encoded[skip + index] for index in range(count)]

    def after(self, seq: int, limit: int = KEPT) -> list[LogFrame]:
        """The same, decoded."""
        return [decode_log_frame(data) for data in self.encoded_after(seq, limit)]

    async def wait_beyond(self, seq: int) -> None:
        """Wait until there is an entry numbered above `seq`."""
        while self._last_seq <= seq:
            await self._grown.wait()

"""Prints in the order of their ids, none twice; what is missing between two of them is waited for a moment, then said.

Time alone cannot order prints: hundreds share one exchange millisecond.
"""

from collections.abc import Sequence

from cockpit.domain.events import Trade

HELD_MOST = 20_000
"""With more than this held back, waiting ends at once: that gap will not close."""
VAIN_WAITS = 3
"""After so many waits in a row that were in vain, prints are not held back any more: prices must not be late."""


class TradeOrder:
    """One instrument's prints. Each covers `count` consecutive ids and carries the last of them."""

    __slots__ = ("_held", "_held_since_ns", "_last_id", "_vain", "_wait_ns", "duplicates", "gaps", "missing")

    def __init__(self, wait_ns: int) -> None:
        self._wait_ns = wait_ns
        self._last_id: int | None = None
        self._held: dict[int, tuple[Trade, int]] = {}
        self._held_since_ns = 0
        self._vain = 0
        self.duplicates = 0
        self.gaps = 0
        self.missing = 0

    def take(self, trade: Trade, now_ns: int, count: int = 1) -> Sequence[Trade]:
        """The prints that may go on now, in order: usually just this one, nothing while one before it is missing."""
        last_id = self._last_id
        if last_id is not None and trade.trade_id <= last_id:
            self.duplicates += 1
            return ()
        if last_id is None or trade.trade_id - count <= last_id:
            self._last_id = trade.trade_id
            return (trade, *self._closed()) if self._held else (trade,)
        if not self._held:
            self._held_since_ns = now_ns
        if trade.trade_id in self._held:
            self.duplicates += 1
        self._held[trade.trade_id] = (trade, count)
        is_vain = self._vain >= VAIN_WAITS or len(self._held) > HELD_MOST
        return self._give_up() if is_vain else ()

    def overdue(self, now_ns: int) -> Sequence[Trade]:
        """The prints held back long enough: what is missing before them counts as lost."""
        if not self._held or now_ns - self._held_since_ns < self._wait_ns:
            return ()
        return self._give_up()

    @property
    def waits(self) -> bool:
        """Whether prints are held back for one that is missing."""
        return bool(self._held)

    def _closed(self) -> list[Trade]:
        """Held prints that now follow on without a gap."""
        ready: list[Trade] = []
        for trade_id in sorted(self._held):
            trade, count = self._held[trade_id]
            assert self._last_id is not None
            if trade_id - count > self._last_id:
                break
            del self._held[trade_id]
            if trade_id > self._last_id:
                ready.append(trade)
                self._last_id = trade_id
        if not self._held:
            self._vain = 0
        return ready

    def _give_up(self) -> list[Trade]:
        self._vain += 1
        ready: list[Trade] = []
        for trade_id in sorted(self._held):
            trade, count = self._held[trade_id]
            assert self._last_id is not None
            lost = trade_id - count - self._last_id
            if lost > 0:
                self.gaps += 1
                self.missing += lost
            ready.append(trade)
            self._last_id = trade_id
        self._held.clear()
        return ready

"""The dashboard's events: written down once, read by each client at its own pace; the engine waits for none."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from cockpit.api import messages
from cockpit.domain.account import Halt
from cockpit.domain.actions import AnyAction, StateChanged
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.units import NS_PER_S, utc_text

KEPT = 2_000
MARKET_EVERY_NS = NS_PER_S // 4


class _Message:
    """One event; its text is made when the first client reads it, and shared."""

    __slots__ = ("_data", "_event", "_stamp_ns", "_text")

    def __init__(self, event: str, data: dict[str, Any], stamp_ns: int) -> None:
        self._event = event
        self._data: dict[str, Any] = data
        self._stamp_ns = stamp_ns
        self._text: str | None = None

    @property
    def text(self) -> str:
        """The message as it is sent."""
        if self._text is None:
            self._text = messages.encoded(self._event, self._data, utc_text(self._stamp_ns))
        return self._text


class Hub:
    """Keeps the newest events, numbered without a gap. While nobody is connected it writes nothing down."""

    def __init__(self, poll: Callable[[], Snapshot], wall_ns: Callable[[], int], kept: int = KEPT) -> None:
        self.listeners = 0
        self.last_seq = 0
        self._check = poll
        self._wall_ns = wall_ns
        self._kept: deque[_Message] = deque(maxlen=kept)
        self._halt: Halt | None = None
        self._market = ""
        self._market_ns = -MARKET_EVERY_NS

    @property
    def first_seq(self) -> int:
        """The oldest event still here; one past the last when none is."""
        return self.last_seq - len(self._kept) + 1

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """Hear what the engine decided."""
        for action in actions:
            if isinstance(action, StateChanged) and action.halt != self._halt:
                self._halt = action.halt
                self._write(messages.kill_event(action))
            if self.listeners:
                self._write(messages.event_of(action))

    def announce(self, event: str, data: dict[str, Any]) -> None:
        """Tell the dashboards something that is not the engine's doing."""
        self._write((event, data))

    def after(self, seq: int, limit: int) -> list[str]:
        """The texts of the events numbered above `seq`, oldest first."""
        skip = max(0, seq - self.first_seq + 1)
        count = max(0, min(limit, len(self._kept) - skip))
        return [self._kept[skip + index].text for index in range(count)]

    def market(self) -> str:
        """The market as it stands: one text for all, made at most twice a second."""
        now_ns = self._wall_ns()
        if now_ns - self._market_ns >= MARKET_EVERY_NS:
            self._market_ns = now_ns
            self._market = messages.encoded("market_update", messages.market_data(self._check()), utc_text(now_ns))
        return self._market

    def _write(self, event: messages.Event | None) -> None:
        if event is None or not self.listeners:
            return
        self._kept.append(_Message(*event, self._wall_ns()))
        self.last_seq += 1

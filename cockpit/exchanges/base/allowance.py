"""A venue's request allowance: how much of this minute's is used, and how long it wants to be left alone.

Sending on after it said 429 earns a ban (418), and a banned address cannot even close a position: what only looks waits
as long as it was asked to, within reason. An exit hardly waits at all: the rest of the allowance was kept for it, and a
word of "an hour" on some list must not hold a position open.
"""

from collections.abc import Callable, Mapping

from cockpit.domain.units import NS_PER_S, seconds_to_ns
from cockpit.exchanges.base.call_kind import CallKind
from cockpit.exchanges.base.retry_after import REFUSED, wait_after_refusal_s

USED_WEIGHT = "x-mbx-used-weight-1m"
BANNED = 418
BANNED_EXIT_WAIT_S = 5.0
"""A banned address is not heard at all: going on at an exit's pace would only make the ban longer."""
MINUTE_NS = 60 * NS_PER_S


class Allowance:
    """`per_minute` is the venue's allowance in its own weight; None where its answers do not say what was used."""

    def __init__(self, per_minute: float | None, clock: Callable[[], int]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._used: float | None = None
        self._used_in_minute = 0
        self._refused_ns = 0
        self._until_ns = 0
        self._is_ban = False

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of an answer's status and headers."""
        now_ns = self._clock()
        if status in REFUSED:
            until_ns = now_ns + seconds_to_ns(wait_after_refusal_s(headers, now_ns))
            self._is_ban = status == BANNED or (self._is_ban and now_ns < self._until_ns)
            self._refused_ns, self._until_ns = now_ns, max(self._until_ns, until_ns)
        used = _number({name.lower(): value for name, value in headers.items()}.get(USED_WEIGHT))
        if used is not None:
            self._used, self._used_in_minute = used, now_ns // MINUTE_NS

    def wait_s(self, kind: CallKind = CallKind.LOOK) -> float:
        """Seconds until the venue may be asked again for that; 0 = now."""
        longest_s = kind.longest_wait_s
        if kind is CallKind.EXIT and self._is_ban:
            longest_s = BANNED_EXIT_WAIT_S
        until_ns = min(self._until_ns, self._refused_ns + seconds_to_ns(longest_s))
        return max(0, until_ns - self._clock()) / NS_PER_S

    @property
    def asked_until_ns(self) -> int | None:
        """Until when the venue asked to be left alone; None where it did not, or that is over."""
        return self._until_ns if self._until_ns > self._clock() else None

    def used_share(self) -> float | None:
        """How much of this minute's allowance is used, 0..1; None while unknown."""
        if self._per_minute is None or self._used is None:
            return None
        if self._clock() // MINUTE_NS != self._used_in_minute:
            return 0.0
        return min(1.0, self._used / self._per_minute)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None

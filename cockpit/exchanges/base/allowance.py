"""A venue's request allowance: how much of this minute's is used, and how long it wants to be left alone.

Sending on after it said 429 earns a ban (418), and a banned address cannot even close a position: what only looks waits
as long as it was asked to, within reason. An exit hardly waits at all: the rest of the allowance was kept for it, and a
word of "an hour" on some list must not hold a position open.
"""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cockpit.domain.units import NS_PER_S, ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.call_kind import CallKind
from cockpit.exchanges.base.timing import Clock, Timing

# How long a server that turned a request away wants to be left alone: one rule for every venue and every source.

REFUSED = frozenset({418, 429})
"""Too many requests, and the ban of those who go on all the same."""
LONGEST_WAIT_S = 3600.0
DEFAULT_WAIT_S = 10.0
"""Where it does not say for how long."""


def wait_after_refusal_s(headers: Mapping[str, str], now_ns: int, default_wait_s: float = DEFAULT_WAIT_S) -> float:
    """What its Retry-After asks for, at most an hour; `default_wait_s` where it asks for nothing."""
    known = {name.lower(): value for name, value in headers.items()}
    wait_s = retry_after_s(known.get("retry-after"), now_ns)
    return default_wait_s if wait_s is None else wait_s


def retry_after_s(header: str | None, now_ns: int) -> float | None:
    """A Retry-After header (seconds or a date) in seconds from now, at most an hour; None where it says nothing."""
    if not header:
        return None
    text = header.strip()
    try:
        wait_s = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        wait_s = (at - datetime.fromtimestamp(now_ns / 1e9, UTC)).total_seconds()
    if wait_s != wait_s:
        return None
    return min(LONGEST_WAIT_S, max(0.0, wait_s))


# How often each of a venue's endpoints may be asked: a call over its limit waits for its turn, it is not refused.
#
# Refusals cost twice: the answer is wanted now, and those who go on asking through them are locked out altogether.


EXITS_SHARE = 0.4
"""Of an endpoint's calls, for stops and closes alone: targets and entries wait before those have to."""


class EndpointBudget:
    """`calls` of an endpoint in any `window_s`; an endpoint that is not named is not limited."""

    def __init__(self, calls: Mapping[str, int], window_s: float, timing: Timing) -> None:
        self.window_s = window_s
        self._calls = calls
        self._timing = timing
        self._sent_ns = {endpoint: deque[int](maxlen=most) for endpoint, most in calls.items()}

    async def turn(self, endpoint: str, kind: CallKind = CallKind.EXIT) -> None:
        """Wait until it may be asked (again) for that."""
        sent_ns = self._sent_ns.get(endpoint)
        if sent_ns is None:
            return
        most = self._calls[endpoint]
        if kind in (CallKind.ENTRY, CallKind.TARGET):
            most -= round(most * EXITS_SHARE)
        while (waits_s := self._waits_s(sent_ns, most)) > 0:
            await self._timing.sleep(waits_s)
        sent_ns.append(self._timing.clock())

    def _waits_s(self, sent_ns: deque[int], most: int) -> float:
        """Until fewer than `most` calls are in the window; a clock that was set back holds nobody up."""
        now_ns = self._timing.clock()
        if len(sent_ns) < most or now_ns < sent_ns[-1]:
            return 0.0
        return max(0.0, (sent_ns[len(sent_ns) - most] + seconds_to_ns(self.window_s) - now_ns) / NS_PER_S)


# How much may still be asked of a venue: its own count of what this address used, and what it said to wait.
#
# The allowance belongs to the whole address: data stops early, so that orders, and above all exits, are never
# refused.

MINUTE_NS = 60 * NS_PER_S
USED_WEIGHT = "x-mbx-used-weight-1m"


class RestBudget:
    """`per_minute` is the venue's allowance in its own weight (None where it does not count for us), `share` ours."""

    def __init__(self, per_minute: float | None, share: float, clock: Clock) -> None:
        self._limit = None if per_minute is None else per_minute * share
        self._clock = clock
        self._until_ns = 0
        self.used = 0.0
        self.refusals = 0

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of an answer's status and headers."""
        now_ns = self._clock()
        known = {name.lower(): value for name, value in headers.items()}
        if status in REFUSED:
            self.refusals += 1
            self._wait_until(now_ns + seconds_to_ns(wait_after_refusal_s(headers, now_ns)))
        try:
            self.used = float(known.get(USED_WEIGHT, self.used))
        except ValueError:
            return
        if self._limit is not None and USED_WEIGHT in known and self.used >= self._limit:
            self._wait_until((now_ns // MINUTE_NS + 1) * MINUTE_NS)

    def wait_s(self) -> float:
        """Seconds until the venue may be asked again; 0 = now."""
        return ns_to_seconds(max(0, self._until_ns - self._clock()))

    def _wait_until(self, until_ns: int) -> None:
        self._until_ns = max(self._until_ns, until_ns)


BANNED = 418
BANNED_EXIT_WAIT_S = 5.0
"""A banned address is not heard at all: going on at an exit's pace would only make the ban longer."""


class Allowance:
    """`per_minute` is the venue's allowance in its own weight; None where its answers do not say what was used.
    `default_wait_s`: so long it is left alone where it does not say how long.
    """

    def __init__(
        self,
        per_minute: float | None,
        clock: Callable[[], int],
        default_wait_s: float = DEFAULT_WAIT_S,
    ) -> None:
        self._per_minute = per_minute
        self._default_wait_s = default_wait_s
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
            wait_s = wait_after_refusal_s(headers, now_ns, self._default_wait_s)
            until_ns = now_ns + seconds_to_ns(wait_s)
            self._is_ban = status == BANNED or (self._is_ban and now_ns < self._until_ns)
            self._refused_ns, self._until_ns = now_ns, max(self._until_ns, until_ns)
        used = _number({name.lower(): value for name, value in headers.items()}.get(USED_WEIGHT))
        if used is not None:
            self._used, self._used_in_minute = used, now_ns // MINUTE_NS

    def wait_s(self, kind: CallKind = CallKind.READ) -> float:
        """Seconds until the venue may be asked again for that; 0 = now."""
        longest_s = kind.longest_wait_s
        if self._is_ban:
            longest_s = max(longest_s, BANNED_EXIT_WAIT_S)
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


HOUR_NS = 3_600 * NS_PER_S
SLOT_NS = 10 * NS_PER_S


class RequestCount:
    """The requests of the last hour, in slots of ten seconds: for a venue that does not say what was used."""

    def __init__(self, an_hour: int, clock: Callable[[], int]) -> None:
        self._an_hour = an_hour
        self._clock = clock
        self._slots: deque[list[int]] = deque()
        self._total = 0

    def add(self) -> None:
        """One leaves now."""
        slot = self._clock() // SLOT_NS
        if not self._slots or self._slots[-1][0] != slot:
            self._slots.append([slot, 0])
        self._slots[-1][1] += 1
        self._total += 1

    @property
    def share(self) -> float:
        """How much of the allowance is used, 0..1."""
        oldest = (self._clock() - HOUR_NS) // SLOT_NS
        while self._slots and self._slots[0][0] <= oldest:
            self._total -= self._slots.popleft()[1]
        return min(1.0, self._total / self._an_hour)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None

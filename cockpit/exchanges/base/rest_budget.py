"""How much may still be asked of a venue: its own count of what this address used, and what it said to wait.

The allowance belongs to the whole address: data stops early, so that orders, and above all exits, are never refused.
"""

from collections.abc import Mapping

from cockpit.domain.units import NS_PER_S, ns_to_seconds, seconds_to_ns
from cockpit.exchanges.base.feed import Clock
from cockpit.exchanges.base.retry_after import REFUSED, wait_after_refusal_s

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

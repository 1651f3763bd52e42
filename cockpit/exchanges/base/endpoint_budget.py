"""How often each of a venue's endpoints may be asked: a call over its limit waits for its turn, it is not refused.

Refusals cost twice: the answer is wanted now, and those who go on asking through them are locked out altogether.
"""

from collections import deque
from collections.abc import Mapping

from cockpit.domain.units import NS_PER_S, seconds_to_ns
from cockpit.exchanges.base.timing import Timing


class EndpointBudget:
    """`calls` of an endpoint in any `window_s`; an endpoint that is not named is not limited."""

    def __init__(self, calls: Mapping[str, int], window_s: float, timing: Timing) -> None:
        self.window_s = window_s
        self._calls = calls
        self._timing = timing
        self._sent_ns = {endpoint: deque[int](maxlen=most) for endpoint, most in calls.items()}

    async def turn(self, endpoint: str) -> None:
        """Wait until it may be asked (again)."""
        sent_ns = self._sent_ns.get(endpoint)
        if sent_ns is None:
            return
        while (waits_s := self._waits_s(sent_ns)) > 0:
            await self._timing.sleep(waits_s)
        sent_ns.append(self._timing.clock())

    def _waits_s(self, sent_ns: deque[int]) -> float:
        """Until the oldest call of a full window has left it; a clock that was set back holds nobody up."""
        now_ns = self._timing.clock()
        if len(sent_ns) < (sent_ns.maxlen or 0) or now_ns < sent_ns[-1]:
            return 0.0
        return max(0.0, (sent_ns[0] + seconds_to_ns(self.window_s) - now_ns) / NS_PER_S)

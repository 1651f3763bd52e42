"""Token buckets: so many calls a second, with a burst, for each client."""

from collections import OrderedDict
from collections.abc import Callable

CLIENTS_REMEMBERED = 1_024


class Bucket:
    """Holds at most `burst` tokens and gains `per_s` a second; a call takes one."""

    __slots__ = ("_burst", "_clock", "_per_s", "_seen_s", "_tokens")

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._seen_s = clock()

    def take(self) -> float:
        """Take a token: 0.0, or how many seconds until there is one again."""
        now_s = self._clock()
        self._tokens = min(self._burst, self._tokens + (now_s - self._seen_s) * self._per_s)
        self._seen_s = now_s
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._per_s


class Buckets:
    """A bucket for each client, the longest unseen forgotten."""

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._of: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, client: str) -> float:
        """Take one of this client's tokens: 0.0, or how many seconds to wait."""
        bucket = self._of.get(client)
        if bucket is None:
            bucket = self._of[client] = Bucket(self._per_s, self._burst, self._clock)
            if len(self._of) > CLIENTS_REMEMBERED:
                self._of.popitem(last=False)
        self._of.move_to_end(client)
        return bucket.take()

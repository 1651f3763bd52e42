"""A venue's request allowance: how much of this minute's is used, and how long it wants to be left alone.

Sending on after it said 429 earns a ban (418), and a banned address cannot even close a position.
"""

from collections.abc import Callable, Mapping

from cockpit.domain.units import NS_PER_S, seconds_to_ns

USED_WEIGHT = "x-mbx-used-weight-1m"
REFUSED = frozenset({418, 429})
WAIT_WITHOUT_WORD_S = 10.0
MINUTE_NS = 60 * NS_PER_S


class Allowance:
    """`per_minute` is the venue's allowance in its own weight; None where its answers do not say what was used."""

    def __init__(self, per_minute: float | None, clock: Callable[[], int]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._used: float | None = None
        self._used_in_minute = 0
        self._until_ns = 0

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of an answer's status and headers."""
        now_ns = self._clock()
        known = {name.lower(): value for name, value in headers.items()}
        if self._per_minute is not None and status in REFUSED:
            wait_s = _number(known.get("retry-after"))
            self._until_ns = max(
                self._until_ns, now_ns + seconds_to_ns(WAIT_WITHOUT_WORD_S if wait_s is None else wait_s)
            )
        used = _number(known.get(USED_WEIGHT))
        if used is not None:
            self._used, self._used_in_minute = used, now_ns // MINUTE_NS

    def wait_s(self) -> float:
        """Seconds until the venue may be asked again; 0 = now."""
        return max(0, self._until_ns - self._clock()) / NS_PER_S

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

"""How far a venue's clock is ahead of ours, from its own answers to "what time is it"."""

from collections import deque
from statistics import median

SAMPLES = 5


class VenueClock:
    """The median of the newest answers; each is taken to have been true half way between question and answer."""

    def __init__(self) -> None:
        self._offsets_ns: deque[int] = deque(maxlen=SAMPLES)

    def answered(self, asked_ns: int, venue_ns: int, got_ns: int) -> None:
        """The venue said `venue_ns` to a question asked and answered at these instants of ours."""
        self._offsets_ns.append(venue_ns - (asked_ns + got_ns) // 2)

    @property
    def known(self) -> bool:
        """Whether the venue ever answered."""
        return bool(self._offsets_ns)

    @property
    def offset_ns(self) -> int:
        """What to add to our clock to get the venue's; 0 while nobody knows."""
        return round(median(self._offsets_ns)) if self._offsets_ns else 0

"""The readings of a day that only become the market's latest: nobody is woken for them.

Shares of accounts, open interest and running funding are asked for when something is decided. Such a reading is quiet
where no setup waits for its kind, the market takes it, and the one before it is not near the age at which everybody
stands down: where a feed was silent for longer, the reading that ends the silence wakes as any other does.
"""

from collections.abc import Mapping

import numpy as np

from cockpit.domain.events import FundingRate, OpenInterest, Positioning
from cockpit.domain.kinds import Origin, Reading
from cockpit.domain.units import NS_PER_S
from cockpit.market.reading_table import ROW_OF_EVENT
from cockpit.market.staleness import Judged
from cockpit.research.tape import Tape

QuietReading = Positioning | OpenInterest | FundingRate
MARGIN_NS = 2 * NS_PER_S
"""Nearer to its age than this a reading is not counted on."""

About = tuple[Reading, str, str]


class QuietReadings:
    """Which readings of a day wake, and which do not. `limits_ns` are the ages at which a reading stands down."""

    def __init__(self, tape: Tape, limits_ns: Mapping[Reading, int], awaited: frozenset[type] | None) -> None:
        self._chains: dict[About, list[tuple[int, int]]] = {}
        self.places: list[int] = []
        self.events: list[QuietReading] = []
        self.waking: list[int] = []
        for place in tape.reading_places.tolist():
            reading = tape.readings[place]
            is_awaited = awaited is None or type(reading) in awaited
            if (
                isinstance(reading, QuietReading)
                and not is_awaited
                and self._follows(reading, int(tape.clock[place]), limits_ns)
            ):
                self.places.append(place)
                self.events.append(reading)
            else:
                self.waking.append(place)
        self._renewed = {about: tuple(np.array(chain, np.int64).T) for about, chain in self._chains.items()}

    def renewed_ns(self, feed: Judged) -> int:
        """The stamp of the last reading that comes in time after this one, or after one that does."""
        known = self._renewed.get((feed.reading, feed.asset, feed.source if feed.reading is Reading.FUNDING else ""))
        if known is None:
            return feed.ts_ns
        first_ns, last_ns = known
        at = int(last_ns.searchsorted(feed.ts_ns))
        return int(last_ns[at]) if at < len(last_ns) and first_ns[at] <= feed.ts_ns else feed.ts_ns

    def _follows(self, reading: QuietReading, now_ns: int, limits_ns: Mapping[Reading, int]) -> bool:
        """Whether it comes in time after the one before it; it is noted as the latest of its kind."""
        if not _is_plain(reading):
            return False
        row = ROW_OF_EVENT[type(reading)]
        chain = self._chains.setdefault((row.reading, *row.applies_to(reading)), [])
        if chain and reading.ts_ns <= chain[-1][1]:
            return False
        if not chain or now_ns > chain[-1][1] + limits_ns[row.reading] - MARGIN_NS:
            chain.append((reading.ts_ns, reading.ts_ns))
            return False
        chain[-1] = (chain[-1][0], reading.ts_ns)
        return True


def _is_plain(reading: QuietReading) -> bool:
    """Our own feed's, with a value that can be, and of no payment."""
    if reading.origin is not Origin.FEED or ROW_OF_EVENT[type(reading)].refusal(reading) is not None:
        return False
    return not isinstance(reading, FundingRate) or reading.next_ns is None

"""How far a venue's clock is ahead of ours, from its own answers to "what time is it"."""

from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from cockpit.domain.units import NS_PER_MS, NS_PER_S

SAMPLES = 5
AGREE_NS = NS_PER_S
"""Two answers further apart than this, the time that they took aside, do not speak of the same clock."""
CONFIRMATIONS = 2
"""So many answers in a row must contradict what is known before they are believed."""
QUICK_SHARE = 1.5
QUICK_SLACK_NS = 2 * NS_PER_MS


class Sample(NamedTuple):
    """One answer: how far it is ahead of our clock, and how long it took. It is wrong by half of that at most."""

    offset_ns: int
    took_ns: int


class ClockJump(NamedTuple):
    """The venue's clock was that far ahead of ours (negative: behind), and is that far ahead now."""

    before_ns: int
    after_ns: int
    seen_ns: int


class VenueClock:
    """Believes the quickest of the newest answers: one that waited for a connection says little.

    One answer that contradicts the others is kept aside until the next one agrees with it: then the clock has jumped.
    """

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._contradicting: list[Sample] = []
        self._best = Sample(0, 0)
        self.jump: ClockJump | None = None

    def answered(self, asked_ns: int, venue_ns: int, got_ns: int) -> None:
        """The venue said `venue_ns` to a question asked and answered at these instants of ours.

        It is taken to have been true half way between the two.
        """
        sample = Sample(venue_ns - (asked_ns + got_ns) // 2, max(0, got_ns - asked_ns))
        if not self._samples or _agree(sample, self._best):
            self._contradicting = []
            self._samples.append(sample)
        elif self._contradicting and not _agree(sample, self._contradicting[-1]):
            self._contradicting = [sample]
        else:
            self._contradicting.append(sample)
        if len(self._contradicting) >= CONFIRMATIONS:
            self._believe_the_newer(got_ns)
        self._best = _best(self._samples)

    def _believe_the_newer(self, now_ns: int) -> None:
        was_known, before_ns = len(self._samples) >= CONFIRMATIONS, self._best.offset_ns
        self._samples.clear()
        self._samples.extend(self._contradicting)
        self._contradicting = []
        if was_known:
            self.jump = ClockJump(before_ns, _best(self._samples).offset_ns, now_ns)

    def shift(self, by_ns: int) -> None:
        """Our own clock was moved forward by that much: what was learnt is less by it."""
        self._samples = deque((_less(sample, by_ns) for sample in self._samples), SAMPLES)
        self._contradicting = [_less(sample, by_ns) for sample in self._contradicting]
        self._best = _less(self._best, by_ns)

    @property
    def known(self) -> bool:
        """Whether the venue ever answered."""
        return bool(self._samples)

    @property
    def in_doubt(self) -> bool:
        """Whether the newest answer contradicts those before it: the venue must be asked again, soon."""
        return bool(self._contradicting)

    @property
    def offset_ns(self) -> int:
        """What to add to our clock to get the venue's; 0 while nobody knows."""
        return self._best.offset_ns


def _less(sample: Sample, by_ns: int) -> Sample:
    return Sample(sample.offset_ns - by_ns, sample.took_ns)


def _agree(one: Sample, other: Sample) -> bool:
    return abs(one.offset_ns - other.offset_ns) <= AGREE_NS + (one.took_ns + other.took_ns) // 2


def _best(samples: Sequence[Sample]) -> Sample:
    """The median of the answers that took hardly longer than the quickest."""
    quickest_ns = min(sample.took_ns for sample in samples)
    most_ns = quickest_ns * QUICK_SHARE + QUICK_SLACK_NS
    return Sample(round(median(one.offset_ns for one in samples if one.took_ns <= most_ns)), quickest_ns)

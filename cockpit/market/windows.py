"""What rolling windows say: volume-weighted price, largest rise, median."""

from collections import deque
from collections.abc import Iterable, Iterator
from statistics import median

from cockpit.domain.units import BPS, NS_PER_S
from cockpit.market.bars import Bar

MIN_BASELINE_S = 60.0
"""Samples of less than a minute are no baseline."""


def bars_since(bars: deque[Bar], from_ns: int) -> Iterator[Bar]:
    """The bars that start at or after `from_ns`, newest first."""
    for bar in reversed(bars):
        if bar.start_ns < from_ns:
            return
        yield bar


def largest_rise_bps(newest_first: Iterable[Bar]) -> float:
    """The largest rise from any print to any later one over these bars, given newest first."""
    best_bps = 0.0
    high_after = 0.0
    for bar in newest_first:
        low, high = bar.low, bar.high
        if bar.rise_bps > best_bps:
            best_bps = bar.rise_bps
        if high_after > low and (across_bps := (high_after / low - 1.0) * BPS) > best_bps:
            best_bps = across_bps
        if high > high_after:
            high_after = high
    return best_bps


class Baseline:
    """The running median of a reading over a time window, the newest sample left out: that one is compared to it."""

    __slots__ = ("_keep_ns", "_samples")

    def __init__(self, keep_s: float) -> None:
        self._keep_ns = round(keep_s * NS_PER_S)
        self._samples: deque[tuple[int, float]] = deque()

    def add(self, ts_ns: int, value: float) -> None:
        """Take a sample; one older than the newest is dropped."""
        samples = self._samples
        if samples and ts_ns < samples[-1][0]:
            return
        samples.append((ts_ns, value))
        while samples[0][0] < ts_ns - self._keep_ns:
            samples.popleft()

    def median(self, window_s: float) -> float | None:
        """The median over `window_s` before the newest sample; None while that is less than a minute of samples."""
        if not self._samples:
            return None
        newest_ns = self._samples[-1][0]
        from_ns = newest_ns - round(window_s * NS_PER_S)
        before = [sample for sample in self._samples if sample[0] >= from_ns][:-1]
        if not before or newest_ns - before[0][0] < min(MIN_BASELINE_S, window_s) * NS_PER_S:
            return None
        return median(value for _, value in before)

"""How thick the book is against its recent median, and the perp basis by minutes: both are sampled at bar closes."""

from collections import deque
from collections.abc import Iterable
from statistics import median

from cockpit.domain.events import Depth, Top
from cockpit.domain.units import NS_PER_S
from cockpit.market.bars import BASE_BAR_S
from cockpit.market.windows import MIN_BASELINE_S

MINUTE_S = 60


def top_size(top: Top) -> float:
    """Base coins on both sides of the top."""
    return top.bid_qty + top.ask_qty


def depth_size(depth: Depth) -> float:
    """Base coins on both sides within the depth's 10 bps."""
    return sum(qty for _, qty in depth.bids) + sum(qty for _, qty in depth.asks)


class SizeBaseline:
    """The sizes of one kind (top or depth), one sample a closed base bar in which the book was heard."""

    __slots__ = ("_samples",)

    def __init__(self, keep_s: float) -> None:
        self._samples: deque[tuple[int, float]] = deque(maxlen=max(1, int(keep_s // BASE_BAR_S)))

    def add(self, end_ns: int, size: float) -> None:
        """Take the size that stood at a bar's end."""
        self._samples.append((end_ns, size))

    def extend(self, samples: Iterable[tuple[int, float]]) -> None:
        """Take the sizes of many bars, by their ends."""
        self._samples.extend(samples)

    def median_since(self, from_ns: int) -> float | None:
        """The median of the bars that ended after `from_ns`; None while they make up less than a minute."""
        sizes = [size for end_ns, size in self._samples if end_ns > from_ns]
        if len(sizes) * BASE_BAR_S < MIN_BASELINE_S:
            return None
        return median(sizes)


class BasisMinutes:
    """The basis of the last minutes, one sample a base bar in which a mark was heard, told by medians of a minute.

    A single sample lower than the one before says nothing of a minute: its median hardly moves.
    """

    __slots__ = ("_samples",)

    def __init__(self, keep_s: float) -> None:
        self._samples: deque[tuple[int, float]] = deque(maxlen=max(1, int(keep_s // BASE_BAR_S)))

    def add(self, end_ns: int, basis_bps: float) -> None:
        """Take the basis that stood at a bar's end."""
        self._samples.append((end_ns, basis_bps))

    def medians(self, minutes: int) -> list[float]:
        """The medians of the minutes back from the newest sample, oldest first; none while one of them is empty."""
        if not self._samples:
            return []
        newest_ns = self._samples[-1][0]
        found: list[list[float]] = [[] for _ in range(minutes)]
        for end_ns, basis_bps in self._samples:
            back = (newest_ns - end_ns) // (MINUTE_S * NS_PER_S)
            if back < minutes:
                found[minutes - 1 - back].append(basis_bps)
        return [median(samples) for samples in found] if all(found) else []

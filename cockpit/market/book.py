"""How thick the book is against its own recent median, and how the perp basis runs. Both are sampled at bar closes."""

from collections import deque
from statistics import median

from cockpit.domain.events import Depth, Top
from cockpit.domain.units import NS_PER_S
from cockpit.market.bars import BASE_BAR_S
from cockpit.market.windows import MIN_BASELINE_S


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

    def median_since(self, from_ns: int) -> float | None:
        """The median of the bars that ended after `from_ns`; None while they make up less than a minute."""
        sizes = [size for end_ns, size in self._samples if end_ns > from_ns]
        if len(sizes) * BASE_BAR_S < MIN_BASELINE_S:
            return None
        return median(sizes)


class BasisRun:
    """For how long the basis has risen without a fall. A flat stretch before the first rise does not count."""

    __slots__ = ("_base_bps", "_last_bps", "_last_ns", "_since_ns")

    def __init__(self) -> None:
        self._since_ns = 0
        self._last_ns = 0
        self._base_bps: float | None = None
        self._last_bps = 0.0

    def add(self, end_ns: int, basis_bps: float) -> None:
        """Take the basis that stood at a bar's end."""
        if self._base_bps is None or basis_bps < self._last_bps or basis_bps <= self._base_bps:
            self._since_ns = end_ns
            self._base_bps = basis_bps
        self._last_ns = end_ns
        self._last_bps = basis_bps

    @property
    def rising_s(self) -> float:
        """Seconds from the run's lowest sample to its newest one; 0 when it is not rising."""
        return (self._last_ns - self._since_ns) / NS_PER_S

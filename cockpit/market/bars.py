"""Bars: aligned to the UTC epoch, closed by the first event at or past their end. Without a trade there is no bar."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

import msgspec

from cockpit.domain.units import BPS, NS_PER_S

BASE_BAR_S = 5
BASE_BAR_NS = BASE_BAR_S * NS_PER_S


class Bar(msgspec.Struct, frozen=True, gc=False):
    """The prints of one period: prices in USD, `volume` and `taker_delta` (bought minus sold) in base coins.

    `rise_bps` is the largest rise inside the bar, from a print to a later one (0 when it only fell).
    """

    start_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    taker_delta: float
    notional_usd: float
    trades: int
    rise_bps: float = 0.0

    @property
    def length_s(self) -> float:
        """The period's length."""
        return (self.end_ns - self.start_ns) / NS_PER_S

    def joined(self, later: Self, end_ns: int) -> "Bar":
        """This bar and a later one as one bar that ends at `end_ns`."""
        return Bar(
            start_ns=self.start_ns,
            end_ns=end_ns,
            open=self.open,
            high=max(self.high, later.high),
            low=min(self.low, later.low),
            close=later.close,
            volume=self.volume + later.volume,
            taker_delta=self.taker_delta + later.taker_delta,
            notional_usd=self.notional_usd + later.notional_usd,
            trades=self.trades + later.trades,
            rise_bps=max(self.rise_bps, later.rise_bps, rise_bps(self.low, later.high)),
        )


class ClosedBars(NamedTuple):
    """Base bars in a row that are over, and what closing each in its turn comes to: for a reader of columns.

    `bars` are those with a print, the three sums are theirs; `long_bars` ended among them and `under_way` are the
    longer ones that go on, by their lengths in seconds; `top_sizes` are the samples at the ends of the bars.
    """

    bars: Sequence[Bar]
    taker_deltas: Sequence[float]
    notionals_usd: Sequence[float]
    volumes: Sequence[float]
    long_bars: Mapping[int, Sequence[Bar]]
    under_way: Mapping[int, Bar | None]
    top_sizes: Sequence[tuple[int, float]]
    boundary_ns: int


def rise_bps(low: float, high: float) -> float:
    """How far `high` lies above `low`, in bps of `low`; 0 when it does not."""
    return max(0.0, (high / low - 1.0) * BPS)


def bar_start(ts_ns: int, length_ns: int) -> int:
    """The start of the bar of this length that holds the instant."""
    return ts_ns - ts_ns % length_ns


class LongBar:
    """Grows one longer bar out of base bars. Feed every closed base bar, then ask whether it ended."""

    __slots__ = ("_length_ns", "_running")

    def __init__(self, length_ns: int) -> None:
        self._length_ns = length_ns
        self._running: Bar | None = None

    def add(self, base: Bar) -> None:
        """Take the next closed base bar; the longer bar it belongs to must not have ended unseen."""
        start_ns = bar_start(base.start_ns, self._length_ns)
        end_ns = start_ns + self._length_ns
        if self._running is None:
            self._running = msgspec.structs.replace(base, start_ns=start_ns, end_ns=end_ns)
        else:
            self._running = self._running.joined(base, end_ns)

    def stand_at(self, running: Bar | None) -> None:
        """Go on from this bar as if it had been grown here."""
        self._running = running

    def ended(self, now_ns: int) -> Bar | None:
        """The running bar, once, if its end is at or before `now_ns`."""
        bar = self._running
        if bar is None or bar.end_ns > now_ns:
            return None
        self._running = None
        return bar

"""The bars of one asset's day that settings pass over, as the market would have closed them one by one.

A longer bar is grown from base bars in their order, and so are its sums: all longer bars of the day at once, one base
bar further at each step. `number` counts the rows that begin a base bar; each ends the bar of the one before.
"""

from bisect import bisect_left
from typing import Any, NamedTuple

import numpy as np

from cockpit.domain.units import BPS, NS_PER_S
from cockpit.market.bars import BASE_BAR_NS, Bar, ClosedBars
from cockpit.research.columns import NO_ROW, BarColumns, Floats, Ints, Prints, Tops


class _Grown(NamedTuple):
    """What each longer bar is after each base bar, and which of them ended with which number."""

    columns: tuple[Any, ...]
    end_ns: Ints
    ended: list[Bar]
    ended_by: list[int]

    def under_way(self, row: int, at_ns: int) -> Bar | None:
        """The bar that goes on after this base bar, if it has not ended by then."""
        if row < 0 or self.end_ns[row] <= at_ns:
            return None
        return Bar(*(column[row].item() for column in self.columns))


class PassedBars:
    """The base bars that began and ended on this day, and what follows from them."""

    def __init__(
        self, bar_starts: Ints, bars: BarColumns, ends: Ints, prints: Prints, tops: Tops | None, top_rows: Ints | None
    ) -> None:
        """`ends` are the rows of the prints that each bar ends before, `top_rows` the tops before each number."""
        self._bar_starts = bar_starts
        whole = np.flatnonzero(bars.counts[:-1] > 0)
        self._numbers: list[int] = (whole + 1).tolist()
        """The number that ends each bar with a print."""
        start_ns = bar_starts[whole]
        close = prints.price[ends[whole] - 1] if len(whole) else np.empty(0)
        rise_bps = (bars.rise[whole] - 1.0) * BPS
        sums = (bars.volume[whole], bars.taker_delta[whole], bars.notional_usd[whole], bars.counts[whole])
        prices = (bars.open[whole], bars.high[whole], bars.low[whole], close)
        self._columns: tuple[Any, ...] = (start_ns, start_ns + BASE_BAR_NS, *prices, *sums, rise_bps)
        self._bars = _as_bars(self._columns)
        self._volumes, self._deltas, self._notionals = (one.tolist() for one in sums[:3])
        self._samples, self._sampled_by = _samples(bar_starts, tops, top_rows)
        self._grown: dict[int, _Grown] = {}

    def between(self, first: int, end: int, lengths_s: tuple[int, ...]) -> ClosedBars:
        """What the rows of these numbers ended."""
        at_ns = int(self._bar_starts[end - 1])
        part = slice(bisect_left(self._numbers, first), bisect_left(self._numbers, end))
        long_bars, under_way = {}, {}
        for length_s in lengths_s:
            grown = self._longer(length_s)
            long_bars[length_s] = grown.ended[bisect_left(grown.ended_by, first) : bisect_left(grown.ended_by, end)]
            under_way[length_s] = grown.under_way(part.stop - 1, at_ns)
        samples = self._samples[bisect_left(self._sampled_by, first) : bisect_left(self._sampled_by, end)]
        return ClosedBars(
            bars=self._bars[part],
            taker_deltas=self._deltas[part],
            notionals_usd=self._notionals[part],
            volumes=self._volumes[part],
            long_bars=long_bars,
            under_way=under_way,
            top_sizes=samples,
            boundary_ns=at_ns,
        )

    def _longer(self, length_s: int) -> _Grown:
        if length_s not in self._grown:
            self._grown[length_s] = _grown(self._columns, length_s * NS_PER_S, self._bar_starts)
        return self._grown[length_s]


def first_alike(bar_starts: Ints, next_bar_ns: int, lengths_s: tuple[int, ...]) -> int:
    """The first number from which on all that is ended or goes on began on this day, whatever stood before it."""
    first_ns = int(bar_starts[0])
    begun_ns = max(next_bar_ns, first_ns + BASE_BAR_NS)
    for length_s in lengths_s:
        begun_ns = max(begun_ns, (first_ns // (length_s * NS_PER_S) + 1) * length_s * NS_PER_S)
    return int(bar_starts.searchsorted(begun_ns)) + 1


def _as_bars(columns: tuple[Any, ...]) -> list[Bar]:
    return [Bar(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _samples(bar_starts: Ints, tops: Tops | None, top_rows: Ints | None) -> tuple[list[tuple[int, float]], list[int]]:
    """The top's size at each bar's end, where it came within the bar, and the number that ended the bar."""
    if tops is None or top_rows is None or not len(tops):
        return [], []
    rows = top_rows[1:]
    came = (rows > NO_ROW) & (tops.ts_ns[np.maximum(rows, 0)] >= bar_starts[:-1])
    sizes = (tops.bid_qty[rows] + tops.ask_qty[rows])[came]
    ends_ns = bar_starts[:-1][came] + BASE_BAR_NS
    return list(zip(ends_ns.tolist(), sizes.tolist(), strict=True)), (np.flatnonzero(came) + 1).tolist()


def _grown(columns: tuple[Any, ...], length_ns: int, bar_starts: Ints) -> _Grown:
    starts_ns, _, open_, high, low, close, volume, delta, notional, trades, rise_bps = columns
    began_ns = starts_ns // length_ns * length_ns
    firsts = np.flatnonzero(np.diff(began_ns, prepend=-1))
    lengths = np.diff(np.append(firsts, len(began_ns)))
    open_, high, low, volume, delta, notional, trades, rise_bps = (
        one.copy() for one in (open_, high, low, volume, delta, notional, trades, rise_bps)
    )
    for step in range(1, int(lengths.max(initial=0))):
        row = firsts[lengths > step] + step
        across: Floats = np.maximum(0.0, (high[row] / low[row - 1] - 1.0) * BPS)
        rise_bps[row] = np.maximum(np.maximum(rise_bps[row - 1], rise_bps[row]), across)
        open_[row] = open_[row - 1]
        high[row] = np.maximum(high[row - 1], high[row])
        low[row] = np.minimum(low[row - 1], low[row])
        for one in (volume, delta, notional, trades):
            one[row] = one[row - 1] + one[row]
    end_ns = began_ns + length_ns
    grown = (began_ns, end_ns, open_, high, low, close, volume, delta, notional, trades, rise_bps)
    lasts = firsts + lengths - 1
    ended_by = bar_starts.searchsorted(end_ns[lasts])
    is_over = ended_by < len(bar_starts)
    ended = _as_bars(tuple(column[lasts[is_over]] for column in grown))
    return _Grown(grown, end_ns, ended, ended_by[is_over].tolist())

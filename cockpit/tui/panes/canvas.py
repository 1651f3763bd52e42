"""What a price chart is drawn on: cells of two pixels each, one over the other, prices at the side, times under it."""

from math import ceil, floor, log10
from typing import NamedTuple

from cockpit.domain.market_detail import Candle
from cockpit.domain.snapshot import AssetView
from cockpit.domain.trades import TradeRecord
from cockpit.tui import numbers
from cockpit.tui.glyphs import Glyphs
from cockpit.tui.panes.levels import Level
from cockpit.tui.text import Line

AXIS_CELLS = 11
LABEL_EVERY = 20
CLOCK_CELLS = 8
GRID_ROWS = 4
"""About so many rows lie from one line of the grid to the next."""
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
BAND_RANK, GRID_RANK = 6, 9
Cell = tuple[str, str]


class Range(NamedTuple):
    """Prices from `low` at the bottom to `high` at the top."""

    low: float
    high: float

    @property
    def span(self) -> float:
        return self.high - self.low

    def holds(self, other: "Range") -> bool:
        """Whether the other lies inside."""
        return self.low <= other.low and other.high <= self.high


class Times(NamedTuple):
    """Columns of `length_ns` each, from `begin_ns` on."""

    begin_ns: int
    length_ns: int
    columns: int

    def is_own(self, candle: Candle, own_since_ns: int) -> bool:
        """Whether any of it is of the engine's own prints."""
        return 0 < own_since_ns < candle.start_ns + self.length_ns

    def column_of(self, ts_ns: int) -> int:
        return (ts_ns - self.begin_ns) // self.length_ns

    def line(self, own_since_ns: int, glyphs: Glyphs) -> Line:
        """UTC under the columns; how far the venue's telling of its past goes."""
        row = [" "] * self.columns
        for column in range(0, max(1, self.columns - CLOCK_CELLS), LABEL_EVERY):
            for index, character in enumerate(numbers.clock(self.begin_ns + column * self.length_ns)):
                row[column + index] = character
        past = self.column_of(own_since_ns) if own_since_ns else self.columns
        if past <= 0:
            return (("".join(row), "faint"),)
        text = "".join(row)
        label = f"{glyphs.mark} past" if past < self.columns else "past"
        return ((text, "faint"), (f"{label:>{AXIS_CELLS}}", "faint"))


class Canvas:
    """Draw grid, bands, levels, candles and fills in this order; what comes later lies on top."""

    def __init__(self, scale: Range, times: Times, rows: int, glyphs: Glyphs) -> None:
        self._scale = scale
        self._times = times
        self._rows = rows
        self._glyphs = glyphs
        self._cells: list[list[Cell]] = [[(" ", "text")] * times.columns for _ in range(rows)]
        self._labels: dict[int, tuple[int, str, str]] = {}

    def grid(self) -> None:
        """A faint line at round prices, so that a height is a price without counting."""
        step = _nice_step(self._scale.span * GRID_ROWS / max(1, self._rows))
        row_of_dots: list[Cell] = [
            (self._glyphs.dot if column % 2 else " ", "faint") for column in range(self._times.columns)
        ]
        for count in range(ceil(self._scale.low / step), floor(self._scale.high / step) + 1):
            row = self._row(count * step)
            if row is not None:
                self._cells[row] = list(row_of_dots)
                self._labels[row] = (GRID_RANK, numbers.price(count * step), "faint")

    def bands(self, asset: AssetView) -> None:
        """Where liquidations wait is another ground."""
        for low, high in (*asset.bands_lower, *asset.bands_upper):
            if low >= self._scale.high or high <= self._scale.low:
                continue
            first, last = self._pixel(min(high, self._scale.high)) // 2, self._pixel(max(low, self._scale.low)) // 2
            for row in range(first, last + 1):
                self._cells[row] = [(self._glyphs.empty, "faint")] * self._times.columns

    def levels(self, found: list[Level]) -> None:
        """A line across for each level, its price on the axis; where two share a row, the weightier one's."""
        for level in sorted(found, key=lambda level: -level.rank):
            row = self._row(level.price)
            if row is None:
                continue
            self._cells[row] = [(self._glyphs.dash, level.role)] * self._times.columns
            self._labels[row] = (level.rank, numbers.price(level.price), level.role)

    def candles(self, candles: list[Candle], own_since_ns: int) -> None:
        """Those of before the engine's first print are the venue's telling, and paler."""
        for candle in candles:
            column = self._times.column_of(candle.start_ns)
            if 0 <= column < self._times.columns:
                self._candle(candle, column, self._times.is_own(candle, own_since_ns))

    def fills(self, trades: list[TradeRecord]) -> None:
        """Where trades came in and went out."""
        for trade in trades:
            if trade.opened_ns is not None:
                self._mark(trade.opened_ns, trade.entry_price, self._glyphs.entry, "info")
            if trade.closed_ns is not None and trade.exit_price:
                self._mark(trade.closed_ns, trade.exit_price, self._glyphs.no, numbers.role_of(trade.pnl_usd))

    def lines(self, price: float) -> list[Line]:
        """The rows with their axis: levels, the price now, the ends of the scale."""
        here = self._row(price)
        ends = {0: self._scale.high, self._rows - 1: self._scale.low}
        drawn: list[Line] = []
        for row, cells in enumerate(self._cells):
            if row == here:
                label, role = numbers.price(price), "price"
            elif row in self._labels:
                _, label, role = self._labels[row]
            else:
                label, role = (numbers.price(ends[row]), "faint") if row in ends else ("", "faint")
            drawn.append((*runs(cells), (f"{label:>{AXIS_CELLS}}", role)))
        return drawn

    def _pixel(self, price: float) -> int:
        """From the top; two to a row."""
        return round((self._scale.high - price) / self._scale.span * (2 * self._rows - 1))

    def _row(self, price: float) -> int | None:
        row = self._pixel(price) // 2
        return row if 0 <= row < self._rows else None

    def _mark(self, ts_ns: int, price: float, sign: str, role: str) -> None:
        row, column = self._row(price), self._times.column_of(ts_ns)
        if row is not None and 0 <= column < self._times.columns:
            self._cells[row][column] = (sign, role)

    def _candle(self, candle: Candle, column: int, is_own: bool) -> None:
        rises = candle.close >= candle.open
        role = ("good" if rises else "bad") if is_own else ("past_good" if rises else "past_bad")
        body = range(self._pixel(max(candle.open, candle.close)), self._pixel(min(candle.open, candle.close)) + 1)
        first, last = self._pixel(candle.high), self._pixel(candle.low)
        for row in range(max(0, first // 2), min(self._rows - 1, last // 2) + 1):
            upper, lower = ((pixel in body) + (first <= pixel <= last) for pixel in (2 * row, 2 * row + 1))
            sign = self._glyphs.candle[upper * 3 + lower]
            if sign != " ":
                self._cells[row][column] = (sign, role)


def runs(cells: list[Cell]) -> Line:
    """Cells as spans, neighbours of one role together."""
    spans: list[tuple[str, str]] = []
    for character, role in cells:
        if spans and (spans[-1][1] == role or character == " "):
            spans[-1] = (spans[-1][0] + character, spans[-1][1])
        else:
            spans.append((character, role))
    return tuple(spans)


def _nice_step(at_least: float) -> float:
    magnitude = 10.0 ** floor(log10(at_least))
    return next(nice * magnitude for nice in NICE if nice * magnitude >= at_least * 0.999_999)

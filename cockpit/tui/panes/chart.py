"""A price chart in half blocks, drawn cell by cell: candles, with bands, entries, stops, targets and fills on them."""

from dataclasses import dataclass
from typing import NamedTuple

from cockpit.domain.market_detail import Candle
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.glyphs import Glyphs
from cockpit.tui.panes import blocks, levels
from cockpit.tui.panes.levels import Level
from cockpit.tui.text import Line
from cockpit.tui.view import UNKNOWN_LINE, View

LENGTHS_S = (1, 5, 15, 60, 300, 900, 3_600)
NAMES = {1: "1 s", 5: "5 s", 15: "15 s", 60: "1 m", 300: "5 m", 900: "15 m", 3_600: "1 h"}
AXIS_CELLS = 11
DELTA_ROWS, DELTA_FROM_ROWS = 3, 16
LEAST_ROWS, LEAST_COLUMNS = 4, 8
MARGIN = 0.06
LEAST_SPAN = 4e-4
"""A quiet market is not blown up: the chart is at least this share of the price high."""
TIGHTEST = 0.45
"""The scale is drawn anew once what is shown needs less than this share of it."""
LABEL_EVERY = 20
Cell = tuple[str, str]


class Range(NamedTuple):
    """Prices from `low` at the bottom to `high` at the top."""

    low: float
    high: float

    def holds(self, other: "Range") -> bool:
        """Whether the other lies inside."""
        return self.low <= other.low and other.high <= self.high


@dataclass(slots=True)
class Chart:
    """Keeps its scale between looks, and the length of its candles."""

    length: int = 1
    asset: str = ""
    scale: Range | None = None
    scale_length_s: int = 0

    @property
    def length_s(self) -> int:
        """Of one candle."""
        return LENGTHS_S[self.length]

    def next_length(self) -> None:
        """The next longer candles, after the longest the shortest."""
        self.length = (self.length + 1) % len(LENGTHS_S)

    def lines(self, view: View, cells: int, rows: int) -> list[Line]:
        """The chart in `rows` lines."""
        if view.snapshot is None or view.chosen is None:
            return [UNKNOWN_LINE]
        columns = cells - AXIS_CELLS
        candles = view.store.detail(view.asset).candles(self.length_s, max(1, columns))
        if not candles:
            return [((f"{view.asset}: no print yet", "dim"),)]
        if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
            return [((f"{numbers.price(candles[-1].close)}", "price"), ("  more room: z", "dim"))]
        end_ns = candles[-1].start_ns + self.length_s * NS_PER_S
        begin_ns = end_ns - columns * self.length_s * NS_PER_S
        candles = [candle for candle in candles if candle.start_ns >= begin_ns]
        delta_rows = DELTA_ROWS if rows >= DELTA_FROM_ROWS else 0
        canvas = _Canvas(
            self._range(view, candles), columns, rows - 1 - delta_rows, begin_ns, self.length_s, view.glyphs
        )
        canvas.levels(_levels(view))
        canvas.candles(candles)
        canvas.fills(_trades(view))
        drawn = canvas.lines(candles[-1].close)
        if delta_rows:
            drawn += _delta(candles, canvas, delta_rows)
        return [*drawn, canvas.times()]

    def _range(self, view: View, candles: list[Candle]) -> Range:
        """The scale in use as long as it holds everything and is not far too wide."""
        wanted = _wanted(view, candles)
        kept = self.scale
        is_same = self.asset == view.asset and self.scale_length_s == self.length_s
        if kept is None or not is_same or not kept.holds(wanted) or _span(wanted) < TIGHTEST * _span(kept):
            room = max(_span(wanted) * MARGIN, (LEAST_SPAN * wanted.high - _span(wanted)) / 2.0)
            kept = self.scale = Range(wanted.low - room, wanted.high + room)
            self.asset, self.scale_length_s = view.asset, self.length_s
        return kept


def title(kept: Chart, view: View) -> str:
    """The asset and the length of its candles."""
    return f"Chart {view.glyphs.dot} {view.asset_title} {view.glyphs.dot} {NAMES[kept.length_s]}"


def _span(of: Range) -> float:
    return of.high - of.low


def _wanted(view: View, candles: list[Candle]) -> Range:
    """What must be seen: the candles, and where our trades come in and go out at a loss."""
    low, high = min(candle.low for candle in candles), max(candle.high for candle in candles)
    for level in (level for trade in levels.trades_of(view) for level in levels.of_trade(trade, view.glyphs)):
        if level.rank <= 2:
            low, high = min(low, level.price), max(high, level.price)
    return Range(low, high)


def _levels(view: View) -> list[Level]:
    asset = view.chosen
    found = [level for trade in levels.trades_of(view) for level in levels.of_trade(trade, view.glyphs)]
    return found + (levels.of_bands(asset) if asset is not None else [])


def _trades(view: View) -> list[TradeRecord]:
    """Open and closed, of the asset."""
    closed = [trade for trade in view.store.closed_trades if trade.asset == view.asset]
    return [*closed, *levels.trades_of(view)]


class _Canvas:
    """Cells of two pixels each, one over the other."""

    def __init__(self, scale: Range, columns: int, rows: int, begin_ns: int, length_s: int, glyphs: Glyphs) -> None:
        self.columns = columns
        self.rows = rows
        self.glyphs = glyphs
        self._scale = scale
        self._begin_ns = begin_ns
        self._length_ns = length_s * NS_PER_S
        self._cells: list[list[Cell]] = [[(" ", "text")] * columns for _ in range(rows)]
        self._labels: dict[int, tuple[int, str, str]] = {}

    def column_of(self, ts_ns: int) -> int:
        return (ts_ns - self._begin_ns) // self._length_ns

    def levels(self, found: list[Level]) -> None:
        """A line across for each level, its price on the axis; where two share a row, the weightier one's."""
        for level in sorted(found, key=lambda level: -level.rank):
            row = self._row(level.price)
            if row is None:
                continue
            self._cells[row] = [(self.glyphs.dash, level.role)] * self.columns
            self._labels[row] = (level.rank, numbers.price(level.price), level.role)

    def candles(self, candles: list[Candle]) -> None:
        for candle in candles:
            column = self.column_of(candle.start_ns)
            if 0 <= column < self.columns:
                self._candle(candle, column)

    def fills(self, trades: list[TradeRecord]) -> None:
        """Where trades came in and went out."""
        for trade in trades:
            if trade.opened_ns is not None:
                self._mark(trade.opened_ns, trade.entry_price, self.glyphs.entry, "info")
            if trade.closed_ns is not None and trade.exit_price:
                self._mark(trade.closed_ns, trade.exit_price, self.glyphs.no, numbers.role_of(trade.pnl_usd))

    def lines(self, price: float) -> list[Line]:
        """The rows with their axis: levels, the price now, the ends of the scale."""
        here = self._row(price)
        ends = {0: self._scale.high, self.rows - 1: self._scale.low}
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

    def times(self) -> Line:
        """UTC under the columns."""
        row = [" "] * self.columns
        for column in range(0, max(1, self.columns - 8), LABEL_EVERY):
            for index, character in enumerate(numbers.clock(self._begin_ns + column * self._length_ns)):
                row[column + index] = character
        return (("".join(row), "faint"),)

    def _pixel(self, price: float) -> int:
        """From the top; two to a row."""
        return round((self._scale.high - price) / _span(self._scale) * (2 * self.rows - 1))

    def _row(self, price: float) -> int | None:
        row = self._pixel(price) // 2
        return row if 0 <= row < self.rows else None

    def _mark(self, ts_ns: int, price: float, sign: str, role: str) -> None:
        row, column = self._row(price), self.column_of(ts_ns)
        if row is not None and 0 <= column < self.columns:
            self._cells[row][column] = (sign, role)

    def _candle(self, candle: Candle, column: int) -> None:
        role = "good" if candle.close >= candle.open else "bad"
        body = range(self._pixel(max(candle.open, candle.close)), self._pixel(min(candle.open, candle.close)) + 1)
        first, last = self._pixel(candle.high), self._pixel(candle.low)
        for row in range(max(0, first // 2), min(self.rows - 1, last // 2) + 1):
            upper, lower = ((pixel in body) + (first <= pixel <= last) for pixel in (2 * row, 2 * row + 1))
            sign = self.glyphs.candle[upper * 3 + lower]
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


def _delta(candles: list[Candle], canvas: _Canvas, rows: int) -> list[Line]:
    """What takers bought minus sold, summed over what is seen, under its candles."""
    total, by_column = 0.0, {}
    for candle in candles:
        total += candle.taker_delta
        by_column[canvas.column_of(candle.start_ns)] = total
    values, last = [], 0.0
    for column in range(canvas.columns):
        last = by_column.get(column, last)
        values.append(last)
    label = ["CVD", f"{total:+,.3g}"]
    return [
        ((text, "info"), (f"{label[row] if row < len(label) else '':>{AXIS_CELLS}}", "dim"))
        for row, text in enumerate(blocks.curve(values, rows, canvas.glyphs))
    ]

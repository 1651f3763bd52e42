"""A price chart in half blocks, drawn cell by cell: candles, with bands, entries, stops, targets and fills on them."""

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import NamedTuple

from cockpit.domain.market_detail import Candle
from cockpit.domain.snapshot import AssetView
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.glyphs import Glyphs
from cockpit.tui.panes import blocks, levels
from cockpit.tui.panes.levels import Level
from cockpit.tui.text import Line
from cockpit.tui.view import UNKNOWN_LINE, View

# What it is drawn on: cells of two pixels each, one over the other, prices at the side, times under it.

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


# Under the candles: what was traded in each, and what takers bought minus sold, summed over what is seen.

CVD_FROM_ROWS, VOLUME_FROM_ROWS = 16, 18
LEAST_UNDER, UNDER_SHARE = 3, 7
"""Each has at least so many rows, more in a chart that is higher: one in so many."""


def _under(candles: list[Candle], times: Times, rows: int, view: View) -> list[Line]:
    """As much of it as a chart of so many rows has room for."""
    each = max(LEAST_UNDER, rows // UNDER_SHARE)
    drawn: list[Line] = []
    if rows >= VOLUME_FROM_ROWS:
        drawn += _volume(candles, times, each, view)
    if rows >= CVD_FROM_ROWS:
        drawn += _cvd(candles, times, each, view)
    return drawn


def _volume(candles: list[Candle], times: Times, rows: int, view: View) -> list[Line]:
    """A bar for each candle, of the colour of what takers did, as pale as it; none where it is not known."""
    own_since_ns = view.store.detail(view.asset).own_since_ns
    by_column = {times.column_of(candle.start_ns): candle for candle in candles if candle.volume is not None}
    most = max((candle.volume or 0.0 for candle in by_column.values()), default=0.0)
    last = by_column.get(times.columns - 1)
    told = ["vol", numbers.short_coins(last.volume) if last is not None else numbers.UNKNOWN]
    drawn: list[Line] = []
    for row in range(rows):
        cells: list[Cell] = []
        for column in range(times.columns):
            candle = by_column.get(column)
            share = (candle.volume or 0.0) / most * rows if candle is not None and most else 0.0
            cells.append((blocks.column(share - (rows - 1 - row), view.glyphs), _role(candle, times, own_since_ns)))
        drawn.append((*runs(cells), _label(told, row)))
    return drawn


def _role(candle: Candle | None, times: Times, own_since_ns: int) -> str:
    if candle is None or candle.taker_delta is None:
        return "dim"
    way = "good" if candle.taker_delta >= 0 else "bad"
    return way if times.is_own(candle, own_since_ns) else f"past_{way}"


def _cvd(candles: list[Candle], times: Times, rows: int, view: View) -> list[Line]:
    """From the first candle on whose takers are known."""
    total: float | None = None
    by_column: dict[int, float] = {}
    for candle in candles:
        if candle.taker_delta is not None:
            total = (total or 0.0) + candle.taker_delta
            by_column[times.column_of(candle.start_ns)] = total
    first = min(by_column, default=times.columns)
    values, last = [], 0.0
    for column in range(first, times.columns):
        last = by_column.get(column, last)
        values.append(last)
    unknown = " " * first
    told = ["CVD", numbers.UNKNOWN if total is None else numbers.signed_coins(total)]
    curve = blocks.curve(values, rows, view.glyphs) if values else [""] * rows
    return [((unknown + text, "info"), _label(told, row)) for row, text in enumerate(curve)]


def _label(told: list[str], row: int) -> tuple[str, str]:
    return (f"{told[row] if row < len(told) else '':>{AXIS_CELLS}}", "dim")


# The pane.

LENGTHS_S = (1, 5, 15, 60, 300, 900, 3_600)
NAMES = {1: "1 s", 5: "5 s", 15: "15 s", 60: "1 m", 300: "5 m", 900: "15 m", 3_600: "1 h"}
USUAL = 3
"""Minutes: of these a venue tells the past, so that there is a chart at once."""
LEAST_ROWS, LEAST_COLUMNS = 4, 8
MARGIN = 0.06
LEAST_SPAN = 4e-4
"""A quiet market is not blown up: the chart is at least this share of the price high."""
TIGHTEST = 0.45
"""The scale is drawn anew once what is shown needs less than this share of it."""


@dataclass(slots=True)
class Chart:
    """Keeps its scale between looks, and the length of its candles."""

    length: int = USUAL
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
        detail = view.store.detail(view.asset)
        candles = detail.candles(self.length_s, max(1, columns))
        if not candles:
            return [((f"{view.asset}: no print yet", "dim"),)]
        if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
            return [((f"{numbers.price(candles[-1].close)}", "price"), ("  more room: z", "dim"))]
        length_ns = self.length_s * NS_PER_S
        times = Times(candles[-1].start_ns + length_ns - columns * length_ns, length_ns, columns)
        candles = [candle for candle in candles if candle.start_ns >= times.begin_ns]
        under = _under(candles, times, rows, view)
        canvas = Canvas(self._range(view, candles), times, rows - 1 - len(under), view.glyphs)
        canvas.grid()
        canvas.bands(view.chosen)
        canvas.levels(_levels(view))
        canvas.candles(candles, detail.own_since_ns)
        canvas.fills(_trades(view))
        return [*canvas.lines(candles[-1].close), *under, times.line(detail.own_since_ns, view.glyphs)]

    def _range(self, view: View, candles: list[Candle]) -> Range:
        """The scale in use as long as it holds everything and is not far too wide."""
        wanted = _wanted(view, candles)
        kept = self.scale
        is_same = self.asset == view.asset and self.scale_length_s == self.length_s
        if kept is None or not is_same or not kept.holds(wanted) or wanted.span < TIGHTEST * kept.span:
            room = max(wanted.span * MARGIN, (LEAST_SPAN * wanted.high - wanted.span) / 2.0)
            kept = self.scale = Range(wanted.low - room, wanted.high + room)
            self.asset, self.scale_length_s = view.asset, self.length_s
        return kept


def title(kept: Chart, view: View) -> str:
    """The asset and the length of its candles."""
    return f"Chart {view.glyphs.dot} {view.asset_title} {view.glyphs.dot} {NAMES[kept.length_s]}"


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

"""A price chart in half blocks, drawn cell by cell: candles, with bands, entries, stops, targets and fills on them."""

from dataclasses import dataclass

from cockpit.domain.market_detail import Candle
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.panes import levels, under_chart
from cockpit.tui.panes.canvas import AXIS_CELLS, Canvas, Range, Times
from cockpit.tui.panes.levels import Level
from cockpit.tui.text import Line
from cockpit.tui.view import UNKNOWN_LINE, View

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
        under = under_chart.lines(candles, times, rows, view)
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

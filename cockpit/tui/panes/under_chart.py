"""Under the candles: what was traded in each, and what takers bought minus sold, summed over what is seen."""

from collections.abc import Callable

from cockpit.domain.market_detail import Candle
from cockpit.tui import numbers
from cockpit.tui.panes import blocks
from cockpit.tui.panes.canvas import AXIS_CELLS, Cell, Times, runs
from cockpit.tui.text import Line
from cockpit.tui.view import View

CVD_FROM_ROWS, VOLUME_FROM_ROWS = 16, 18
LEAST, SHARE = 3, 7
"""Each has at least so many rows, more in a chart that is higher: one in so many."""
Draw = Callable[[list[Candle], Times, int, View], list[Line]]


def lines(candles: list[Candle], times: Times, rows: int, view: View) -> list[Line]:
    """As much of it as a chart of so many rows has room for."""
    each = max(LEAST, rows // SHARE)
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
    values, last = [], 0.0
    for column in range(times.columns):
        last = by_column.get(column, last)
        values.append(last)
    told = ["CVD", numbers.UNKNOWN if total is None else numbers.signed_coins(total)]
    return [((text, "info"), _label(told, row)) for row, text in enumerate(blocks.curve(values, rows, view.glyphs))]


def _label(told: list[str], row: int) -> tuple[str, str]:
    return (f"{told[row] if row < len(told) else '':>{AXIS_CELLS}}", "dim")

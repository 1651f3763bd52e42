"""The report's two pictures in the terminal: the equity curve and the histogram of R, in blocks or in ASCII."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from cockpit.domain.units import utc_text
from cockpit.journal.report_history import EquityPoint, RBin

CURVE_ROWS = 8
LABEL_CELLS = 10
EIGHTHS = " ▁▂▃▄▅▆▇█"
GOOD, BAD, DIM = "green", "red", "dim"


class Pen(NamedTuple):
    """What a terminal can draw: eighths of a cell, or whole cells of ASCII only."""

    is_ascii: bool

    @property
    def axis(self) -> str:
        """The line between labels and picture."""
        return "|" if self.is_ascii else "│"

    def column(self, filled: float) -> str:
        """A cell filled from below to this share, 0 to 1."""
        if self.is_ascii:
            return "#" if filled >= 0.5 else " "
        return EIGHTHS[min(8, max(0, round(filled * 8)))]

    def bar(self, cells: int) -> str:
        """A row of full cells."""
        return ("#" if self.is_ascii else "█") * cells


def curve_lines(points: Sequence[EquityPoint], cells: int, pen: Pen) -> list[Text]:
    """The equity after each trade, the oldest at the left; above 0 is green, below red, and 0 is labelled.

    Where there are more trades than columns, a column shows the last of its trades.
    """
    columns = _sampled([0.0, *(point.equity_usd for point in points)], cells - LABEL_CELLS - 2)
    low, high = min(columns), max(columns)
    step = (high - low) / (CURVE_ROWS - 1) or 1.0
    zero_row = CURVE_ROWS - 1 - round(-low / step)
    labels = {0: f"{high:+.2f}", CURVE_ROWS - 1: f"{low:+.2f}", zero_row: "0"}
    drawn = []
    for row in range(CURVE_ROWS):
        line = Text().append(f"{labels.get(row, ''):>{LABEL_CELLS}} {pen.axis}", DIM)
        for value in columns:
            filled = (value - low) / step + 1.0 - (CURVE_ROWS - 1 - row)
            line.append(pen.column(filled), GOOD if value >= 0 else BAD)
        drawn.append(_trimmed(line))
    began, ended = utc_text(points[0].closed_ns)[:16], utc_text(points[-1].closed_ns)[:16]
    return [*drawn, Text(f"{'':{LABEL_CELLS}}  {began}Z to {ended}Z, {_trades(len(points))}", DIM)]


def histogram_lines(bins: Sequence[RBin], cells: int, pen: Pen) -> list[Text]:
    """A bar a bin, its length the number of trades that ended there."""
    most = max(one.trades for one in bins)
    edges = [f"{one.from_r:+.2f} to {one.to_r:+.2f} R" for one in bins]
    label_cells = max(map(len, edges))
    room = max(1, cells - label_cells - 3 - len(str(most)))
    drawn = []
    for one, edge in zip(bins, edges, strict=True):
        line = Text().append(f"{edge:>{label_cells}} {pen.axis}", DIM)
        length = max(1, round(room * one.trades / most)) if one.trades else 0
        line.append(pen.bar(length), GOOD if one.from_r >= 0 else BAD)
        line.append(f" {one.trades}" if one.trades else "")
        drawn.append(_trimmed(line))
    return drawn


def _sampled(values: Sequence[float], most: int) -> list[float]:
    """At most that many values, evenly spread, the last one always among them."""
    if len(values) <= most:
        return list(values)
    last = len(values) - 1
    return [values[round((number + 1) * last / most)] for number in range(most)]


def _trades(count: int) -> str:
    return "1 trade" if count == 1 else f"{count:,} trades"


def _trimmed(line: Text) -> Text:
    line.rstrip()
    return line

"""The report on a terminal: its words, the equity curve, the spread of R, and a row a setup."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cockpit.domain.numbers import counted
from cockpit.domain.plain_text import printable
from cockpit.domain.units import utc_text
from cockpit.journal.report import Report
from cockpit.journal.report_figures import SetupLine, SplitLine
from cockpit.journal.report_history import EquityPoint, History, RBin
from cockpit.journal.report_text import safety_lines, source_lines, summary_lines, verdict_lines

# The report's two pictures in the terminal: the equity curve and the histogram of R, in blocks or in ASCII.

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
    return [*drawn, Text(f"{'':{LABEL_CELLS}}  {began}Z to {ended}Z, {counted(len(points), 'trade')}", DIM)]


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


def _trimmed(line: Text) -> Text:
    line.rstrip()
    return line


WIDEST = 100
"""A curve wider than this says no more."""


def print_report(report: Report, history: History, console: Console, cells: int | None = None) -> None:
    """Print the whole report, lines broken at `cells` where that is given.

    Rich leaves colours out for pipes and NO_COLOR; without UTF-8 it is drawn in ASCII."""
    wide = min(cells or WIDEST, WIDEST)
    pen = Pen(console.options.ascii_only)
    mark = f"{report.market} " if report.market else ""
    _print(console, summary_lines(report, cells))
    if history.closed:
        _head(console, f"{mark}Equity, net USD{_mixed(history)}")
        _print(console, curve_lines(history.equity, wide, pen))
        _head(console, f"{mark}R of each closed trade")
        _print(console, histogram_lines(history.r_bins, wide, pen))
    if report.by_setup:
        console.print()
        console.print(_setups(report.by_setup, pen, mark), width=wide)
        console.print()
        console.print(_splits(report.by_side, f"{mark}side", pen), width=wide)
        console.print()
        console.print(_splits(report.by_hour, f"{mark}UTC hour", pen), width=wide)
    console.print()
    _print(console, verdict_lines(report))
    if sources := source_lines(report, cells):
        _head(console, "Sources of signals")
        _print(console, sources)
    console.print()
    _print(console, safety_lines(report, cells))


def _print(console: Console, lines: Iterable[str | Text]) -> None:
    """Lines as they are: nothing in them is markup, and nothing is highlighted."""
    for line in lines:
        console.print(printable(line) if isinstance(line, str) else line, markup=False, highlight=False, soft_wrap=True)


def _head(console: Console, title: str) -> None:
    console.print()
    _print(console, [Text(title, "bold")])


def _mixed(history: History) -> str:
    if len(history.accounts) < 2:
        return ""
    return " of " + " and ".join(f"{mode.value} on {feed.value}" for mode, feed in history.accounts) + " together"


def _table(first: str, numbers: Iterable[str], pen: Pen) -> Table:
    lines_of = box.ASCII2 if pen.is_ascii else box.SIMPLE_HEAD
    table = Table(box=lines_of, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column(first, overflow="fold", ratio=1)
    for title in numbers:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _splits(lines: Iterable[SplitLine], title: str, pen: Pen) -> Table:
    table = _table(title, ("trades", "win %", "net USD", "a trade", "R"), pen)
    for line in lines:
        table.add_row(
            Text(line.part),
            str(line.trades),
            f"{line.win_rate_pct:.1f}",
            Text(f"{line.pnl_usd:+.4f}", GOOD if line.pnl_usd >= 0 else BAD),
            f"{line.expectancy_usd:+.4f}",
            Text(f"{line.r_total:+.2f}", GOOD if line.r_total >= 0 else BAD),
        )
    return table


def _setups(lines: Iterable[SetupLine], pen: Pen, mark: str) -> Table:
    table = _table(f"{mark}setup", ("trades", "win %", "net USD", "a trade", "R", "slip bps"), pen)
    for line in lines:
        slip = "-" if line.slippage_bps_mean is None else f"{line.slippage_bps_mean:+.2f}"
        table.add_row(
            Text(printable(line.setup)),
            str(line.trades),
            f"{line.win_rate_pct:.1f}",
            Text(f"{line.pnl_usd:+.4f}", GOOD if line.pnl_usd >= 0 else BAD),
            f"{line.expectancy_usd:+.4f}",
            Text(f"{line.r_total:+.2f}", GOOD if line.r_total >= 0 else BAD),
            Text(slip, DIM if slip == "-" else ""),
        )
    return table

"""The report on a terminal: its words, the equity curve, the spread of R, and a row a setup."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cockpit.domain.plain_text import printable
from cockpit.journal.report import Report
from cockpit.journal.report_figures import SetupLine, SplitLine
from cockpit.journal.report_history import History
from cockpit.journal.report_pictures import BAD, DIM, GOOD, Pen, curve_lines, histogram_lines
from cockpit.journal.report_text import safety_lines, summary_lines, verdict_lines

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

"""`cockpit report`: its options and help, and where it is written."""

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cockpit.commands.echo import echo, terminal_cells
from cockpit.commands.front import NO, YES, Front
from cockpit.commands.shared_options import JsonOption
from cockpit.domain.numbers import counted
from cockpit.domain.units import NS_PER_S

if TYPE_CHECKING:
    from cockpit.journal.report import Report
    from cockpit.journal.report_history import History

# The `--since` of a report: a UTC date or time.


def since_ns(text: str | None) -> int | None:
    """Nanoseconds since the epoch of a UTC date or time, None for none. Raises `typer.BadParameter` for other text."""
    if text is None:
        return None
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        finding = f"expected a UTC date or time like 2025-10-19T08:00, was '{text}'"
        raise typer.BadParameter(finding, param_hint="--since") from None
    stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    return int(stamp.timestamp()) * NS_PER_S


def report(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="T", help="A UTC date or time, e.g. 2025-10-19 or 2025-10-19T08:00."),
    ] = None,
    json: JsonOption = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page that needs nothing else.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write every trade as a row; docs/reports.md.")
    ] = None,
) -> int:
    """What the journal shows.

    Trades, equity, R, P&L, slippage, rejections by check, limit violations, and what the way up still lacks. Exit 1
    when a limit was violated or the cold storage touched.

    Example: cockpit report --since 2025-10-19 --html day.html
    """

    front: Front = ctx.obj
    from_ns, config = since_ns(since), front.load()

    from cockpit.journal.backtests import read_backtests
    from cockpit.journal.reading import JournalReader
    from cockpit.journal.report import build_report
    from cockpit.journal.report_history import history_of

    reader = JournalReader(front.places().journal)
    evidence, backtests = reader.evidence(from_ns), read_backtests(front.places().home)
    names = [strategy.name for strategy in config.external_strategies]
    scores = reader.source_scores(names, from_ns or 0)
    found = build_report(evidence, config, backtests, scores, reader.cut_off_sources())
    history = history_of(evidence)
    written = write_pages(found, history, html=html, csv=csv)
    if json:
        echo(found.as_json())
    elif written:
        echo("\n".join(written))
    else:
        from rich.console import Console

        from cockpit.journal.report_terminal import print_report

        cells = terminal_cells()
        print_report(found, history, Console(width=cells or 200), cells)
    return NO if found.limit_violations or found.ledger_touches else YES


def write_pages(report: "Report", history: "History", *, html: Path | None, csv: Path | None) -> list[str]:
    """Write what was asked for, each whole or not at all; a sentence a file. Raises `JournalError` where it cannot."""
    from cockpit.journal.report_html import report_html
    from cockpit.journal.report_trades import trades_csv

    sentences = []
    if html is not None:
        _write(html, report_html(report, history, time.time_ns()))
        sentences.append(f"wrote the report to {html}")
    if csv is not None:
        _write(csv, trades_csv(history))
        sentences.append(f"wrote {counted(len(history.closed) + len(history.rest), 'trade')} to {csv}")
    return sentences


def _write(target: Path, text: str) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(0, "a directory")
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        from cockpit.journal.errors import JournalError

        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise JournalError(f"expected to write {target}, was: {error.strerror or error}: name another place") from error

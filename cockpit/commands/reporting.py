"""Writing a report into files: whole or not at all."""

import contextlib
import time
from pathlib import Path

from cockpit.journal.errors import JournalError
from cockpit.journal.report import Report
from cockpit.journal.report_history import History
from cockpit.journal.report_html import report_html
from cockpit.journal.report_trades import trades_csv


def write_pages(report: Report, history: History, *, html: Path | None, csv: Path | None) -> list[str]:
    """Write what was asked for; a sentence a file. Raises `JournalError` for a place that cannot be written."""
    sentences = []
    if html is not None:
        _write(html, report_html(report, history, time.time_ns()))
        sentences.append(f"wrote the report to {html}")
    if csv is not None:
        _write(csv, trades_csv(history))
        sentences.append(f"wrote {len(history.closed) + len(history.rest)} trades to {csv}")
    return sentences


def _write(target: Path, text: str) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(0, "a directory")
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise JournalError(f"expected to write {target}, was: {error.strerror or error}: name another place") from error

"""A sweep as one page that needs nothing else: the best, how each key moves the result, and pairs of keys as heat."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import combinations
from pathlib import Path
from typing import Any

from cockpit.history.errors import HistoryError
from cockpit.journal.report_html import POLICY, STYLE
from cockpit.research.sweep_plan import Plan
from cockpit.research.sweep_report import heat_of, ranked_trials, sweep_text
from cockpit.research.trial import Trial

MOST_PAIRS = 15
DEEPEST = 0.75
"""How dark the cell of the furthest result is."""
WON, LOST = "17,115,75", "180,35,24"
HEAT = """
td.heat{text-align:center;border:1px solid var(--rule)}pre{white-space:pre-wrap}th{overflow-wrap:anywhere;min-width:5em}
"""


def write_sweep_page(path: Path, found: dict[str, Any], plan: Plan, trials: Sequence[Trial]) -> None:
    """Write the page. Raises `HistoryError` where it cannot be written."""
    try:
        path.write_text("".join(_page(found, plan, trials)), encoding="utf-8")
    except OSError as error:
        raise HistoryError(f"{path}: expected to write it, was {error.strerror or error}") from error


def _page(found: dict[str, Any], plan: Plan, trials: Sequence[Trial]) -> Iterator[str]:
    tried = [trial for trial in trials if not trial.refused]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield f"<title>Cockpit sweep, {escape(found['from'])} to {escape(found['to'])}</title>"
    yield f"<style>{STYLE}{HEAT}</style></head><body>"
    yield f"<header><h1>{escape(found['sentence'])}</h1>"
    tried_of = f"{len(found['trials'])} settings, {found['refused']} refused"
    yield f"<p>{found['from']} to {found['to']}, {tried_of}</p></header>"
    yield from _best(found)
    for name, rows in found["neighbours"].items():
        yield from _table(
            f"{name}, over everything else that was tried",
            ("value", "settings", "trades", "mean R"),
            ((row["value"], row["trials"], row["trades"], _r(row["mean_r"])) for row in rows),
        )
    pairs = list(combinations(plan.vary, 2))
    for rows_of, columns_of in pairs[:MOST_PAIRS]:
        yield from _heat(heat_of(tried, rows_of, columns_of))
    if len(pairs) > MOST_PAIRS:
        yield f"<p>{len(pairs) - MOST_PAIRS} pairs more are not drawn: --csv has every trial.</p>"
    yield f"<h2>As on the terminal</h2><pre>{escape(sweep_text(found, 100))}</pre></body></html>\n"


def _best(found: dict[str, Any]) -> Iterator[str]:
    ranked = ranked_trials(found)
    names = list(dict.fromkeys(name for one in ranked for name in one["set"]))
    rows = (
        (
            one["trades"],
            _r(one["expectancy_r"]),
            f"{one['net_usd']:+.2f}",
            *(one["set"].get(name, "") for name in names),
        )
        for one in ranked
    )
    yield from _table(f"The best by {found['objective']}", ("trades", "mean R", "net USD", *names), rows)


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    yield f'<h2>{escape(title)}</h2><div class="wide"><table><thead><tr>'
    yield "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>"
    yield "</tbody></table></div>"


def _heat(table: dict[str, Any]) -> Iterator[str]:
    """Mean R in every cell; its colour says the same, the darker the further from nothing."""
    known = [abs(value) for row in table["mean_r"] for value in row if value is not None]
    furthest = max(known, default=0.0) or 1.0
    yield f"<h2>Mean R: {escape(table['rows'])} down, {escape(table['columns'])} across</h2>"
    yield '<div class="wide"><table><thead><tr><th></th>'
    yield "".join(f"<th>{escape(str(value))}</th>" for value in table["column_values"]) + "</tr></thead><tbody>"
    for value, cells in zip(table["row_values"], table["mean_r"], strict=True):
        yield f"<tr><th>{escape(str(value))}</th>" + "".join(_cell(cell, furthest) for cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _cell(value: float | None, furthest: float) -> str:
    if value is None:
        return '<td class="heat">no trade</td>'
    depth = DEEPEST * abs(value) / furthest
    return f'<td class="heat" style="background:rgba({WON if value >= 0 else LOST},{depth:.2f})">{value:+.2f}</td>'


def _r(value: float | None) -> str:
    return "no trade" if value is None else f"{value:+.2f}"

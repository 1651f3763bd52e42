"""The report as one page that needs nothing else: no script, nothing loaded, light or dark as the reader has it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from cockpit.domain.units import utc_text
from cockpit.journal.report import Figures, Report, Spread, WayUpStep
from cockpit.journal.report_history import History, Traded
from cockpit.journal.report_style import STYLE
from cockpit.journal.report_svg import equity_svg, histogram_svg

MOST_ROWS = 500
"""Rows of one table; `--csv` has every trade, and `--json` every violation."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for this page: nothing."""

Row = Sequence[object]


def report_html(report: Report, history: History, written_ns: int) -> str:
    """The whole page as text, written at that instant. Everything from the journal is escaped."""
    return "".join(_page(report, history, written_ns))


def _page(report: Report, history: History, written_ns: int) -> Iterator[str]:
    since = "everything in the journal" if report.since_ns is None else f"since {utc_text(report.since_ns)}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield f"<title>Cockpit report, {escape(since)}</title><style>{STYLE}</style></head><body>"
    yield f"<header><h1>Cockpit report</h1><p>{escape(since)}; written {utc_text(written_ns)}</p></header>"
    yield from _headline(report)
    yield from _pictures(history)
    yield _figures(report.figures)
    yield from _setups(report)
    yield from _verdicts(report)
    yield from _safety(report)
    yield from _way_up(report)
    yield from _trades(history)
    yield "</body></html>\n"


def _headline(report: Report) -> Iterator[str]:
    figures = report.figures
    rate = "no trade yet" if figures.win_rate_pct is None else f"{figures.win_rate_pct:.1f} %"
    yield '<section class="cards">'
    yield _card("P&L net", f"{figures.pnl_usd:+.2f} USD", _sign(figures.pnl_usd))
    yield _card("R", f"{figures.r_total:+.2f}", _sign(figures.r_total))
    yield _card("closed trades", str(figures.trades))
    yield _card("win rate", rate)
    yield _card("max drawdown", f"{figures.max_drawdown_usd:.2f} USD")
    yield _card("limit violations", str(report.limit_violations), "lost" if report.limit_violations else "won")
    yield "</section>"


def _card(label: str, value: str, role: str = "") -> str:
    return f'<div><span>{escape(label)}</span><b class="{role}">{escape(value)}</b></div>'


def _pictures(history: History) -> Iterator[str]:
    if not history.closed:
        yield '<p class="none">No closed trade yet: there is no curve to draw.</p>'
        return
    accounts = " and ".join(f"{mode.value} on {feed.value}" for mode, feed in history.accounts)
    yield f"<figure><figcaption>Equity, net USD: {escape(accounts)}</figcaption>{equity_svg(history.equity)}</figure>"
    yield f"<figure><figcaption>R of each closed trade</figcaption>{histogram_svg(history.r_bins)}</figure>"


def _figures(figures: Figures) -> str:
    rows = (
        ("trades", f"{figures.trades} closed, {figures.open_trades} open, {figures.abandoned} abandoned"),
        ("won and lost", f"{figures.wins} won, {figures.losses} lost"),
        ("gross", f"{figures.gross_usd:+.4f} USD"),
        ("fees", f"{figures.fees_usd:.4f} USD"),
        ("funding", f"{figures.funding_usd:+.4f} USD"),
        ("R a trade", "no trade yet" if figures.r_mean is None else f"{figures.r_mean:+.2f}"),
        ("slippage", _spread(figures.slippage_bps, "bps")),
        ("decision to fill", _spread(figures.decision_to_fill_ms, "ms")),
        (
            "max drawdown",
            f"{figures.max_drawdown_usd:.4f} USD, {figures.max_drawdown_pct:.3f} % of the hot wallet",
        ),
    )
    return _table("Figures", (), rows)


def _setups(report: Report) -> Iterator[str]:
    if report.by_setup:
        heads = ("setup", "trades", "win %", "net USD", "fees", "R", "slippage bps")
        yield _table(
            "Setups",
            heads,
            (
                (
                    line.setup,
                    line.trades,
                    f"{line.win_rate_pct:.1f}",
                    f"{line.pnl_usd:+.4f}",
                    f"{line.fees_usd:.4f}",
                    f"{line.r_total:+.2f}",
                    "" if line.slippage_bps_mean is None else f"{line.slippage_bps_mean:.2f}",
                )
                for line in report.by_setup
            ),
        )


def _verdicts(report: Report) -> Iterator[str]:
    yield f"<h2>Verdicts</h2><p>{report.approved} approved, {report.denied} denied.</p>"
    if report.denied_by:
        yield _table("", ("denied by", "times"), report.denied_by.items())


def _safety(report: Report) -> Iterator[str]:
    yield "<h2>Safety</h2>"
    rows = (
        ("limit violations (must be 0)", report.limit_violations),
        ("Ledger touches (must be 0)", report.ledger_touches),
    )
    yield _table("", (), rows)
    if report.violations:
        shown = report.violations[:MOST_ROWS]
        title = f"Violations{_of_all(len(shown), report.limit_violations, 'first')}"
        yield _table(title, ("feed", "mode", "what"), ((one.feed, one.mode, one.sentence) for one in shown))


def _way_up(report: Report) -> Iterator[str]:
    yield "<h2>The way up</h2>"
    hours = [(f"{one.mode.value}, {one.feed.value}", f"{one.hours:.1f} h") for one in report.hours]
    if hours:
        yield _table("", ("ran", "for"), hours)
    yield from (_step(step) for step in report.way_up)


def _step(step: WayUpStep) -> str:
    standing = "open" if step.is_open else "locked"
    rows = ((one.name, one.need, one.have, "yes" if one.met else "no") for one in step.criteria)
    return _table(f"To {step.mode.value}: {standing}", ("asked", "needed", "shown", "met"), rows)


def _trades(history: History) -> Iterator[str]:
    newest = history.closed[::-1][:MOST_ROWS]
    if not newest:
        return
    title = f"Closed trades{_of_all(len(newest), len(history.closed), 'newest')}"
    heads = ("closed", "trade", "setup", "asset", "side", "net USD", "R", "slippage bps", "exit")
    yield _table(title, heads, (_trade(one) for one in newest))


def _of_all(shown: int, every: int, which: str) -> str:
    return "" if shown == every else f", the {which} {shown} of {every}"


def _trade(one: Traded) -> Row:
    trade = one.trade
    reason = trade.exit_reason.value.replace("_", " ") if trade.exit_reason else ""
    return (
        utc_text(trade.closed_ns or 0)[:19].replace("T", " "),
        trade.trade_id,
        trade.setup,
        trade.asset,
        trade.side.value,
        f"{trade.pnl_usd:+.4f}",
        f"{trade.r:+.2f}",
        f"{trade.slippage_bps:.2f}",
        reason,
    )


def _table(title: str, heads: Sequence[str], rows: Iterable[Row]) -> str:
    head = f"<thead><tr>{''.join(f'<th>{escape(text)}</th>' for text in heads)}</tr></thead>" if heads else ""
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    named = f"<h2>{escape(title)}</h2>" if title else ""
    return f'{named}<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'


def _cell(value: object) -> str:
    """A cell; money and R are written with their sign, and have its colour."""
    text = escape(str(value))
    role = {"+": "won", "-": "lost"}.get(text[:1], "") if re.match(r"[+-]\d", text) else ""
    return f'<td class="{role}">{text}</td>' if role else f"<td>{text}</td>"


def _spread(spread: Spread, unit: str) -> str:
    if spread.mean is None or spread.p95 is None:
        return "no fill yet"
    return f"mean {spread.mean:.2f} {unit}, 95 % at most {spread.p95:.2f} {unit}"


def _sign(value: float) -> str:
    return "won" if value >= 0 else "lost"

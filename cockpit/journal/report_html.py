"""The report as one page that needs nothing else: no script, nothing loaded, light or dark as the reader has it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from cockpit.domain.intervals import interval_text
from cockpit.domain.units import utc_text
from cockpit.journal.report import Report
from cockpit.journal.report_figures import Figures, SplitLine, Spread
from cockpit.journal.report_history import History, Traded
from cockpit.journal.report_svg import equity_svg, histogram_svg
from cockpit.journal.report_text import profit_factor_text, score_values
from cockpit.journal.sessions import FeedKind
from cockpit.journal.way_up import WayUpStep

# How the report's page looks: quiet, readable in light and dark, and on paper.

STYLE = """
:root{color-scheme:light dark;--ink:#1c2128;--faint:#667085;--rule:#d8dee6;--page:#ffffff;--card:#f5f7fa;
--won:#11734b;--lost:#b42318;--line:#1f5fbf}
@media (prefers-color-scheme:dark){:root{--ink:#e2e6ec;--faint:#8d97a6;--rule:#2c343f;--page:#12161b;--card:#1a2028;
--won:#4cc38a;--lost:#ff7b72;--line:#6cb0ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
header p,figcaption,.none{color:var(--faint);margin:.2rem 0 1rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1rem 0}
.cards div{background:var(--card);border-radius:.5rem;padding:.6rem .8rem}
.cards span{display:block;color:var(--faint);font-size:.8rem}.cards b{font-size:1.15rem}
figure{margin:1.2rem 0}svg{width:100%;height:auto;display:block}
svg text{fill:var(--faint);font:11px system-ui,sans-serif}svg .end{text-anchor:end}svg .edge{text-anchor:middle}
.level{stroke:var(--rule)}.zero{stroke:var(--faint)}.curve{fill:none;stroke:var(--line);stroke-width:1.6}
.area{fill:var(--line);opacity:.14}rect.won{fill:var(--won)}rect.lost{fill:var(--lost)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
th.number,td.number{text-align:right}
th{color:var(--faint);font-weight:600}.won{color:var(--won)}.lost{color:var(--lost)}
@media print{:root{--ink:#000;--faint:#444;--rule:#bbb;--page:#fff;--card:#fff;--won:#0b5c3b;
--lost:#9b1c13;--line:#123f85}
body{max-width:none;padding:0;font-size:11px}figure,tr{break-inside:avoid}.cards div{border:1px solid var(--rule)}}
"""


MOST_ROWS = 500
"""Rows of one table; `--csv` has every trade, and `--json` every violation."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for this page: nothing."""

Row = Sequence[object]
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?|")
"""What a column of numbers holds; an empty cell is one that is not known."""


def report_html(report: Report, history: History, written_ns: int) -> str:
    """The whole page as text, written at that instant. Everything from the journal is escaped."""
    return "".join(_page(report, history, written_ns))


def _page(report: Report, history: History, written_ns: int) -> Iterator[str]:
    since = "everything in the journal" if report.since_ns is None else f"since {utc_text(report.since_ns)}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield f"<title>Cockpit report, {escape(since)}</title><style>{STYLE}</style></head><body>"
    market = f"{report.market}: " if report.market else ""
    yield f"<header><h1>Cockpit report</h1><p>{market}{escape(since)}; written {utc_text(written_ns)}</p></header>"
    yield from _headline(report)
    yield from _pictures(report, history)
    yield _figures(report)
    yield from _setups(report)
    yield from _verdicts(report)
    yield from _sources(report)
    yield from _safety(report)
    yield from _way_up(report)
    yield from _trades(history)
    yield "</body></html>\n"


def _headline(report: Report) -> Iterator[str]:
    figures, mark = report.figures, _mark(report)
    rate = "no trade yet" if figures.win_rate_pct is None else f"{figures.win_rate_pct:.1f} %"
    yield '<section class="cards">'
    yield _card(f"P&L net{mark}", f"{figures.pnl_usd:+.2f} USD", _sign(figures.pnl_usd))
    yield _card(f"R{mark}", f"{figures.r_total:+.2f}", _sign(figures.r_total))
    yield _card(f"closed trades{mark}", str(figures.trades))
    yield _card(f"win rate{mark}", rate)
    yield _card(f"max drawdown{mark}", f"{figures.max_drawdown_usd:.2f} USD")
    yield _card(f"limit violations{mark}", str(report.limit_violations), "lost" if report.limit_violations else "won")
    yield "</section>"


def _mark(report: Report) -> str:
    """What every figure of a market that is not the live one bears."""
    return f", {report.market}" if report.market else ""


def _card(label: str, value: str, role: str = "") -> str:
    return f'<div><span>{escape(label)}</span><b class="{role}">{escape(value)}</b></div>'


def _pictures(report: Report, history: History) -> Iterator[str]:
    if not history.closed:
        yield '<p class="none">No closed trade yet: there is no curve to draw.</p>'
        return
    accounts = " and ".join(f"{mode.value} on {feed.value}" for mode, feed in history.accounts)
    equity, spread = f"Equity, net USD: {accounts}", "R of each closed trade"
    for title, picture in ((equity, equity_svg(history.equity)), (spread, histogram_svg(history.r_bins))):
        yield f"<figure><figcaption>{escape(title + _mark(report))}</figcaption>{picture}</figure>"


def _figures(report: Report) -> str:
    mark = _mark(report)
    return _table("Figures", (), ((f"{name}{mark}", value) for name, value in _figure_rows(report.figures)))


def _figure_rows(figures: Figures) -> Iterable[Row]:
    return (
        ("trades", f"{figures.trades} closed, {figures.open_trades} open, {figures.abandoned} abandoned"),
        ("won and lost", f"{figures.wins} won, {figures.losses} lost"),
        ("gross", f"{figures.gross_usd:+.4f} USD"),
        ("fees", f"{figures.fees_usd:.4f} USD"),
        ("funding", f"{figures.funding_usd:+.4f} USD"),
        ("expectancy in R", interval_text(figures.expectancy_r, "+.2f", "R")),
        ("expectancy in USD", interval_text(figures.expectancy_usd, "+.4f", "USD")),
        ("profit factor", profit_factor_text(figures)),
        ("slippage of entries", _spread(figures.slippage_bps, "bps")),
        ("slippage of exits", _spread(figures.exit_slippage_bps, "bps")),
        ("against us (MAE)", _spread(figures.mae_bps, "bps")),
        ("for us (MFE)", _spread(figures.mfe_bps, "bps")),
        ("decision to fill", _spread(figures.decision_to_fill_ms, "ms")),
        (
            "max drawdown",
            f"{figures.max_drawdown_usd:.4f} USD, {figures.max_drawdown_pct:.3f} % of the hot wallet",
        ),
    )


def _setups(report: Report) -> Iterator[str]:
    if report.by_setup:
        heads = ("setup", "trades", "win %", "net USD", "net USD a trade", "fees", "R", "slippage bps")
        yield _table(
            f"Setups{_mark(report)}",
            heads,
            (
                (
                    line.setup,
                    line.trades,
                    f"{line.win_rate_pct:.1f}",
                    f"{line.pnl_usd:+.4f}",
                    f"{line.expectancy_usd:+.4f}",
                    f"{line.fees_usd:.4f}",
                    f"{line.r_total:+.2f}",
                    "" if line.slippage_bps_mean is None else f"{line.slippage_bps_mean:.2f}",
                )
                for line in report.by_setup
            ),
        )

        yield _splits(f"Long and short{_mark(report)}", "side", report.by_side)
        yield _splits(f"By the UTC hour of the decision{_mark(report)}", "hour", report.by_hour)


def _splits(title: str, part: str, lines: Iterable[SplitLine]) -> str:
    heads = (part, "trades", "win %", "net USD", "net USD a trade", "R")
    return _table(
        title,
        heads,
        (
            (
                line.part,
                line.trades,
                f"{line.win_rate_pct:.1f}",
                f"{line.pnl_usd:+.4f}",
                f"{line.expectancy_usd:+.4f}",
                f"{line.r_total:+.2f}",
            )
            for line in lines
        ),
    )


def _verdicts(report: Report) -> Iterator[str]:
    yield f"<h2>Verdicts{_mark(report)}</h2><p>{report.approved} approved, {report.denied} denied.</p>"
    if report.denied_by:
        yield _table("", ("denied by", "times"), report.denied_by.items())


def _sources(report: Report) -> Iterator[str]:
    """What each source of signals is worth, a table each, and which of them are cut off."""
    if report.by_source or report.cut_off:
        yield f"<h2>Sources of signals{_mark(report)}</h2>"
    for cut in report.cut_off:
        since = "" if cut.since_ns is None else f" since {utc_text(cut.since_ns)}"
        yield f'<p class="lost">Cut off{since}: {escape(cut.source)}: {escape(cut.reason)}</p>'
    for score in report.by_source:
        yield _table(f"{score.source}: {score.strategy}", (), score_values(score))


def _safety(report: Report) -> Iterator[str]:
    yield "<h2>Safety</h2>"
    rows = (
        ("limit violations (must be 0)", report.limit_violations),
        ("Ledger touches (must be 0)", report.ledger_touches),
    )
    yield _table("", (), rows)
    yield from (f"<p>Not counted: {escape(sentence)}</p>" for sentence in report.unreadable)
    if report.violations:
        shown = report.violations[:MOST_ROWS]
        title = f"Violations{_of_all(len(shown), report.limit_violations, 'first')}"
        yield _table(title, ("feed", "mode", "what"), ((one.feed, one.mode, one.sentence) for one in shown))


def _way_up(report: Report) -> Iterator[str]:
    yield "<h2>The way up</h2>"
    hours = [(f"{one.mode.value}, {one.feed.value}", f"{one.hours:.1f} h") for one in report.hours]
    if hours:
        yield _table("", ("ran", "for"), hours)
    if report.backtests:
        rows = ((one.setup, one.backtest, one.beside) for one in report.backtests)
        yield _table("The kept backtest beside this record", ("setup", "backtest", "here"), rows)
    yield from (_step(step) for step in report.way_up)


def _step(step: WayUpStep) -> str:
    standing = "open" if step.is_open else "locked"
    rows = ((one.name, one.need, one.have, "yes" if one.met else "no") for one in step.criteria)
    table = _table(f"To {step.mode.value}: {standing}", ("asked", "needed", "shown", "met"), rows)
    return f"{table}<p>Expectancy so far, no criterion: {escape(step.expectancy_text)}</p>"


def _trades(history: History) -> Iterator[str]:
    newest = history.closed[::-1][:MOST_ROWS]
    if not newest:
        return
    title = f"Closed trades{_of_all(len(newest), len(history.closed), 'newest')}"
    heads = (
        *("closed", "market", "trade", "setup", "asset", "side"),
        *("asked USD", "allowed USD", "traded USD", "net USD", "R", "R of", "slippage bps", "exit"),
    )
    yield _table(title, heads, (_trade(one) for one in newest))


def _of_all(shown: int, every: int, which: str) -> str:
    return "" if shown == every else f", the {which} {shown} of {every}"


def _trade(one: Traded) -> Row:
    trade = one.trade
    reason = trade.exit_reason.value.replace("_", " ") if trade.exit_reason else ""
    return (
        utc_text(trade.closed_ns or 0)[:19].replace("T", " "),
        one.feed.value if one.feed is FeedKind.LIVE else one.feed.name,
        trade.trade_id,
        trade.setup,
        trade.asset,
        trade.side.value,
        f"{trade.requested_usd:.2f}",
        "" if one.sizing is None else f"{one.sizing.allowed_usd:.2f}",
        f"{trade.notional_usd:.2f}",
        f"{trade.pnl_usd:+.4f}",
        f"{trade.r:+.2f}",
        trade.risk_of.value.replace("_", " "),
        f"{trade.slippage_bps:.2f}",
        reason,
    )


def _table(title: str, heads: Sequence[str], rows: Iterable[Row]) -> str:
    lines = [[str(value) for value in row] for row in rows]
    numbers = [bool(heads) and all(_NUMBER.fullmatch(text) for text in column) for column in zip(*lines, strict=True)]
    head = f"<thead><tr>{_heads(heads, numbers)}</tr></thead>" if heads else ""
    body = "".join(
        f"<tr>{''.join(_cell(text, number) for text, number in zip(line, numbers, strict=True))}</tr>" for line in lines
    )
    named = f"<h2>{escape(title)}</h2>" if title else ""
    return f'{named}<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'


def _heads(heads: Sequence[str], numbers: Sequence[bool]) -> str:
    """The heads stand over their columns: a column of numbers is right-aligned, head and all."""
    padded = [*numbers, *[False] * (len(heads) - len(numbers))]
    return "".join(
        f'<th class="number">{escape(text)}</th>' if number else f"<th>{escape(text)}</th>"
        for text, number in zip(heads, padded, strict=True)
    )


def _cell(text: str, number: bool) -> str:
    """A cell; money and R are written with their sign, and have its colour."""
    role = {"+": "won", "-": "lost"}.get(text[:1], "") if re.match(r"[+-]\d", text) else ""
    roles = " ".join(one for one in ("number" if number else "", role) if one)
    return f'<td class="{roles}">{escape(text)}</td>' if roles else f"<td>{escape(text)}</td>"


def _spread(spread: Spread, unit: str) -> str:
    if spread.mean is None or spread.p95 is None:
        return "no fill yet"
    return f"mean {spread.mean:.2f} {unit}, 95 % at most {spread.p95:.2f} {unit}"


def _sign(value: float) -> str:
    return "won" if value >= 0 else "lost"

"""The words of the report for people: plain lines that fit a terminal."""

from collections.abc import Iterator

from cockpit.domain.intervals import Interval, interval_text
from cockpit.domain.plain_text import wrapped
from cockpit.domain.signal_sources import SourceScore
from cockpit.domain.units import utc_text
from cockpit.journal.report import Report
from cockpit.journal.report_figures import Figures, Spread
from cockpit.journal.way_up import WayUpStep

LABEL = 22
MOST_VIOLATIONS = 20


def summary_lines(report: Report, cells: int | None = None) -> list[str]:
    """What was traded and what it cost, no line longer than so many cells."""
    return [line for part in _summary(report) for line in _wrapped(part, cells)]


def verdict_lines(report: Report) -> list[str]:
    """What the gate said, and which checks denied how often."""
    mark = f"{report.market} " if report.market else ""
    said = _line("verdicts", f"{mark}{report.approved} approved, {report.denied} denied")
    return [said, *(_line(f"  {check}", str(count)) for check, count in report.denied_by.items())]


def source_lines(report: Report, cells: int | None = None) -> list[str]:
    """What each source of signals is worth, and which of them are cut off; nothing where there is none."""
    return [line for part in _sources(report) for line in _wrapped(part, cells)]


def safety_lines(report: Report, cells: int | None = None) -> list[str]:
    """What must be 0, the hours that count, and what the way up still lacks."""
    return [line for part in _safety(report) for line in _wrapped(part, cells)]


def _summary(report: Report) -> Iterator[str]:
    since = "everything in the journal" if report.since_ns is None else f"since {utc_text(report.since_ns)}"
    yield f"Report: {since}"
    yield ""
    yield from _figures(report.figures, f"{report.market} " if report.market else "")


def _sources(report: Report) -> Iterator[str]:
    for cut in report.cut_off:
        since = "" if cut.since_ns is None else f" since {utc_text(cut.since_ns)}"
        yield f"CUT OFF{since}: source {cut.source}: {cut.reason}"
    mark = f"{report.market} " if report.market else ""
    for score in report.by_source:
        yield f"{mark}source {score.source}, {score.strategy}"
        yield from (_line(f"  {label}", value) for label, value in score_values(score))


def score_values(score: SourceScore) -> Iterator[tuple[str, str]]:
    """A source's score in words, figure by figure."""
    yield "proposals", f"{score.proposals}: {score.approved} approved, {score.sent} sent"
    if score.denied_by:
        yield "denied by", ", ".join(f"{check} {count}" for check, count in score.denied_by.items())
    won = "no trade yet" if score.win_rate is None else f"{100 * score.win_rate:.1f} %"
    yield "closed", f"{score.closed}, win rate {won}, net {score.pnl_usd:+.4f} USD"
    yield "expectancy", interval_text(score.expectancy_r, "+.2f", "R")
    yield "slippage", "no fill yet" if score.slippage_bps is None else f"mean {score.slippage_bps:+.2f} bps"
    yield "denied, on paper", _followed(score.denied_r, score.denied_followed)
    if score.held_back_followed:
        yield "not sent, on paper", _followed(score.held_back_r, score.held_back_followed)


def _followed(interval: Interval, count: int) -> str:
    return "none followed to its end yet" if not count else f"{interval_text(interval, '+.2f', 'R')} over {count}"


def _safety(report: Report) -> Iterator[str]:
    yield _line("limit violations", f"{report.limit_violations} (must be 0)")
    yield from (f"  {one.feed.value} {one.mode.value}: {one.sentence}" for one in report.violations[:MOST_VIOLATIONS])
    if report.limit_violations > MOST_VIOLATIONS:
        yield f"  and {report.limit_violations - MOST_VIOLATIONS} more: --json has all of them"
    yield _line("Ledger touches", f"{report.ledger_touches} (must be 0)")
    yield ""
    for hours in report.hours:
        counts = "" if hours.feed.value == "live" else " (does not count)"
        yield _line(f"{hours.mode.value}, {hours.feed.value}", f"{hours.hours:.1f} h{counts}")
    for step in report.way_up:
        yield from _step(step)
    for one in report.backtests:
        yield _line(one.setup, f"{one.backtest}; {one.beside}")
    for sentence in report.unreadable:
        yield f"NOT COUNTED: {sentence}"
    if report.waiting_bytes:
        yield f"{report.waiting_bytes} bytes wait beside the journal: the next engine start writes them into it"


def _figures(figures: Figures, mark: str) -> Iterator[str]:
    """Every figure bears the mark of a market that is not the live one."""
    for label, value in _figure_values(figures):
        yield _line(label, f"{mark}{value}")


def _figure_values(figures: Figures) -> Iterator[tuple[str, str]]:
    rest = f"{figures.open_trades} open, {figures.abandoned} abandoned"
    yield "trades", f"{figures.trades} closed, {rest}"
    rate = "no trade yet" if figures.win_rate_pct is None else f"{figures.win_rate_pct:.1f} %"
    yield "win rate", f"{rate} ({figures.wins} won, {figures.losses} lost)"
    parts = f"gross {figures.gross_usd:+.4f}, fees {figures.fees_usd:.4f}, funding {figures.funding_usd:+.4f}"
    yield "P&L net", f"{figures.pnl_usd:+.4f} USD ({parts})"
    mean = "" if figures.r_mean is None else f", {figures.r_mean:+.2f} a trade"
    old = f" ({figures.r_of_base_units} of them in base units, as 0.1.0 counted)" if figures.r_of_base_units else ""
    yield "R", f"{figures.r_total:+.2f}{mean}{old}"
    yield "expectancy, R", interval_text(figures.expectancy_r, "+.2f", "R")
    yield "expectancy, USD", interval_text(figures.expectancy_usd, "+.4f", "USD")
    yield "profit factor", profit_factor_text(figures)
    yield "slippage, entry", _spread(figures.slippage_bps, "bps")
    yield "slippage, exit", _spread(figures.exit_slippage_bps, "bps", "not known")
    yield "against us (MAE)", _spread(figures.mae_bps, "bps", "not known")
    yield "for us (MFE)", _spread(figures.mfe_bps, "bps", "not known")
    yield "decision to fill", _spread(figures.decision_to_fill_ms, "ms")
    share = f"{figures.max_drawdown_pct:.3f} % of the hot wallet"
    yield "max drawdown", f"{figures.max_drawdown_usd:.4f} USD ({share})"


def profit_factor_text(figures: Figures) -> str:
    """What was won over what was lost; in words where nothing was lost."""
    if figures.profit_factor is not None:
        return f"{figures.profit_factor:.2f}"
    return "no trade lost yet" if figures.trades else "no trade yet"


def _step(step: WayUpStep) -> Iterator[str]:
    yield ""
    yield f"way up to {step.mode.value}: {'open' if step.is_open else 'locked, lacking'}"
    for one in step.lacking:
        yield f"  {one.name}: {one.need} needed, {one.have} shown"
    yield f"  expectancy so far (no criterion): {step.expectancy_text}"


def _line(label: str, value: str) -> str:
    return f"{label:<{LABEL}} {value}"


def _spread(spread: Spread, unit: str, otherwise: str = "no fill yet") -> str:
    if spread.mean is None or spread.p95 is None:
        return otherwise
    return f"mean {spread.mean:.2f} {unit}, p95 {spread.p95:.2f} {unit}"


def _wrapped(line: str, cells: int | None) -> list[str]:
    """The line, broken between words where it is too long; what follows is indented under it."""
    head = line[: len(line) - len(line.lstrip())]
    if cells is None or len(line) <= cells:
        return [line]
    return wrapped(line.lstrip(), cells, head, "    ", breaks_words=True)

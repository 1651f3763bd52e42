"""The registered sources of signals: what each has used of its limits, which are cut off and why, and their scores."""

from collections.abc import Iterator

from cockpit.domain.intervals import Interval, interval_text
from cockpit.domain.signal_sources import SourceScore, SourceView
from cockpit.tui import numbers
from cockpit.tui.panes.setups import cut_reason
from cockpit.tui.text import Line, facts
from cockpit.tui.view import UNKNOWN_LINE, View

NONE_LINE: Line = (("no source is registered; docs/api.md says how one is", "dim"),)
LIFT = "  takes its signals again: cockpit source lift {name} REASON"


def lines(view: View, _cells: int) -> list[Line]:
    """Those that are cut off first; under each its scores by strategy, then those of callers that are no source."""
    if view.snapshot is None:
        return [UNKNOWN_LINE]
    known = sorted(view.snapshot.sources, key=lambda source: (not source.cut_off, source.name))
    scores = view.store.source_scores or ()
    names = [source.name for source in known]
    drawn = [line for source in known for line in (*_source(source), *_scores(scores, source.name), ())]
    for name in dict.fromkeys(score.source for score in scores if score.source not in names):
        drawn += [((name, "strong"), ("  no registered source", "dim")), *_scores(scores, name), ()]
    if not known:
        drawn.insert(0, NONE_LINE)
    return [*drawn, *_missing(view)]


def _source(source: SourceView) -> Iterator[Line]:
    kind = "  shadow: judged, never sent" if source.shadow else ""
    yield ((source.name, "strong"), (f"  {', '.join(source.scopes)}{kind}", "dim"))
    if source.cut_off:
        since = f" {numbers.day_clock(source.cut_off_ns)}Z" if source.cut_off_ns is not None else ""
        yield ((f"  CUT OFF{since}", "alarm"), (f" {cut_reason(source)}", "bad"))
        yield ((LIFT.format(name=source.name), "dim"),)
    sent, lost = numbers.money(source.notional_usd), numbers.money(source.loss_usd)
    yield facts(
        ("  now   proposals", f"{source.proposals_last_minute} of {source.proposals_per_minute} a minute"),
        ("open trades", f"{source.open_trades} of {source.open_limit}"),
    )
    yield facts(
        ("  today sent", f"{sent} of {numbers.money(source.notional_limit_usd)} USD"),
        ("lost", f"{lost} of {numbers.money(source.loss_limit_usd)} USD"),
    )


def _scores(scores: tuple[SourceScore, ...], name: str) -> Iterator[Line]:
    for score in scores:
        if score.source == name:
            yield from _score(score)


def _score(score: SourceScore) -> Iterator[Line]:
    yield ((f"  {score.strategy}", "info"),)
    yield facts(
        ("    proposals", str(score.proposals)), ("approved", str(score.approved)), ("sent", str(score.sent)),
    )  # fmt: skip
    if score.denied_by:
        yield facts(
            (
                "    denied by",
                ", ".join(f"{check.replace('_', ' ')} {count}" for check, count in score.denied_by.items()),
            )
        )
    won = numbers.pct(None if score.win_rate is None else 100 * score.win_rate)
    yield (
        *facts(("    closed", str(score.closed)), ("won", f"{won} %"), ("slippage", f"{_slippage(score)} bps")),
        ("   net ", "dim"), (f"{numbers.gain(score.pnl_usd)} USD", numbers.role_of(score.pnl_usd)),
    )  # fmt: skip
    yield (("    expectancy ", "dim"), (interval_text(score.expectancy_r, "+.2f", "R"), _role(score.expectancy_r)))
    yield _followed("    the denied, on paper", score.denied_r, score.denied_followed)
    if score.held_back_followed:
        yield _followed("    the unsent, on paper", score.held_back_r, score.held_back_followed)


def _followed(name: str, interval: Interval, count: int) -> Line:
    if not count:
        return ((f"{name} ", "dim"), ("none followed to its end yet", "text"))
    return ((f"{name} ", "dim"), (f"{interval_text(interval, '+.2f', 'R')} over {count}", _role(interval)))


def _slippage(score: SourceScore) -> str:
    return numbers.bps(score.slippage_bps)


def _role(interval: Interval) -> str:
    """Good or bad only where the whole interval is."""
    if interval.low95 is not None and interval.low95 > 0:
        return "good"
    return "bad" if interval.high95 is not None and interval.high95 < 0 else "text"


def _missing(view: View) -> list[Line]:
    if view.store.source_scores is not None:
        return []
    return [(("scores: ", "dim"), (view.store.scores_missing, "warn"))]

"""The way up from paper to test to live: what the journal must show, and what it shows. Only the live feed counts."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.domain.intervals import Interval, interval_text
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.journal.evidence import Evidence
from cockpit.journal.report_figures import SECONDS_PER_HOUR, figures_of
from cockpit.journal.sessions import FeedKind
from cockpit.journal.violations import Violation, find_violations


class HoursLine(msgspec.Struct, frozen=True):
    """How long an engine ran on one kind of feed in one mode, in hours of event time."""

    feed: FeedKind
    mode: Mode
    hours: float


class Criterion(msgspec.Struct, frozen=True):
    """One thing the way up asks for, what it needs and what the journal shows."""

    name: str
    need: str
    have: str
    met: bool


class WayUpStep(msgspec.Struct, frozen=True):
    """The step into a mode: open once every criterion is met.

    The expectancy, over the trades of the mode before it on the live feed, stands beside the criteria and is none.
    """

    mode: Mode
    criteria: tuple[Criterion, ...]
    expectancy_r: Interval = Interval()
    expectancy_usd: Interval = Interval()

    @property
    def is_open(self) -> bool:
        """Whether the mode may be chosen without an override."""
        return all(criterion.met for criterion in self.criteria)

    @property
    def lacking(self) -> tuple[Criterion, ...]:
        """What is still missing."""
        return tuple(criterion for criterion in self.criteria if not criterion.met)

    @property
    def expectancy_text(self) -> str:
        """Both expectancies with their intervals, in words."""
        in_r = interval_text(self.expectancy_r, "+.2f", "R")
        return (
            in_r if self.expectancy_r.mean is None else f"{in_r}; {interval_text(self.expectancy_usd, '+.4f', 'USD')}"
        )


def way_up(
    evidence: Evidence, config: CockpitConfig, violations: Sequence[Violation] | None = None
) -> tuple[WayUpStep, ...]:
    """What each step up asks for: test after paper, live after paper and test. Only the live feed counts."""
    if violations is None:
        violations = find_violations(evidence, config)
    wanted = config.modes.way_up
    paper = _step(Mode.TEST, evidence, config, violations, Mode.PAPER, wanted.paper_hours, wanted.min_paper_trades)
    test = _step(Mode.LIVE, evidence, config, violations, Mode.TEST, wanted.test_days * 24, wanted.min_test_trades)
    live = WayUpStep(Mode.LIVE, (*paper.criteria, *test.criteria), test.expectancy_r, test.expectancy_usd)
    return paper, live


def hours_of(evidence: Evidence) -> tuple[HoursLine, ...]:
    """How long was traded where."""
    spent_s: Counter[tuple[FeedKind, Mode]] = Counter()
    for span in evidence.spans:
        spent_s[span.feed, span.mode] += (span.to_ns - span.from_ns) // NS_PER_S
    return tuple(HoursLine(feed, mode, spent / SECONDS_PER_HOUR) for (feed, mode), spent in sorted(spent_s.items()))


def _step(
    into: Mode,
    evidence: Evidence,
    config: CockpitConfig,
    violations: Sequence[Violation],
    mode: Mode,
    need_hours: float,
    need_trades: int,
) -> WayUpStep:
    wanted = config.modes.way_up
    figures = figures_of(_on_live_feed(evidence, mode), config)
    hours = sum(line.hours for line in hours_of(evidence) if line.feed is FeedKind.LIVE and line.mode is mode)
    broken = sum(one.feed is FeedKind.LIVE and one.mode is mode for one in violations)
    rate, fill_ms = figures.win_rate_pct, figures.decision_to_fill_ms.mean
    fill_s = None if fill_ms is None else fill_ms / 1000
    fastest, falls = wanted.max_mean_decision_to_fill_s, wanted.max_drawdown_pct
    said = mode.value
    criteria = (
        Criterion(f"{said} hours on the live feed", f"{need_hours:g}", f"{hours:.1f}", hours >= need_hours),
        Criterion(
            f"{said} trades closed", f"at least {need_trades}", str(figures.trades), figures.trades >= need_trades
        ),
        Criterion(f"{said} net P&L", "over 0 USD", f"{figures.pnl_usd:+.4f} USD", figures.pnl_usd > 0),
        Criterion(
            f"{said} win rate",
            f"over {wanted.min_win_rate_pct:g} %",
            "no trade yet" if rate is None else f"{rate:.1f} %",
            rate is not None and rate > wanted.min_win_rate_pct,
        ),
        Criterion(
            f"{said} drawdown",
            f"under {falls:g} %",
            f"{figures.max_drawdown_pct:.2f} %",
            figures.max_drawdown_pct < falls,
        ),
        Criterion(
            f"{said} mean decision to fill",
            f"under {fastest:g} s",
            "no fill yet" if fill_s is None else f"{fill_s:.3f} s",
            fill_s is not None and fill_s < fastest,
        ),
        Criterion(f"{said} limit violations", "0", str(broken), broken == 0),
    )
    return WayUpStep(into, criteria, figures.expectancy_r, figures.expectancy_usd)


def _on_live_feed(evidence: Evidence, mode: Mode) -> Evidence:
    """The part of the evidence that counts for the step after `mode`."""
    return Evidence(
        trades=tuple((place, trade) for place, trade in evidence.trades if place.is_live and trade.mode is mode),
        accounts=tuple(entry for entry in evidence.accounts if entry[0].is_live and entry[1] is mode),
    )

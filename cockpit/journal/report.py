"""The session or phase report: what was traded, what it cost, what was refused, and whether a limit was ever broken."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode, TradePhase
from cockpit.domain.numbers import without_noise
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.journal.evidence import Evidence
from cockpit.journal.sessions import FeedKind
from cockpit.journal.violations import Violation, find_violations

SECONDS_PER_HOUR = 3600


class Spread(msgspec.Struct, frozen=True):
    """A measurement's mean and 95th percentile over the trades; None where there was no trade to measure."""

    mean: float | None
    p95: float | None


class SetupLine(msgspec.Struct, frozen=True):
    """One setup's closed trades."""

    setup: str
    trades: int
    wins: int
    win_rate_pct: float
    pnl_usd: float
    fees_usd: float
    r_total: float
    slippage_bps_mean: float | None


class HoursLine(msgspec.Struct, frozen=True):
    """How long an engine ran on one kind of feed in one mode."""

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
    """The step into a mode: open once every criterion is met."""

    mode: Mode
    criteria: tuple[Criterion, ...]

    @property
    def is_open(self) -> bool:
        """Whether the mode may be chosen without an override."""
        return all(criterion.met for criterion in self.criteria)

    @property
    def lacking(self) -> tuple[Criterion, ...]:
        """What is still missing."""
        return tuple(criterion for criterion in self.criteria if not criterion.met)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a set of trades. Money and R are what is realised so far, open trades included.

    Rates and means are over closed trades; a win is net P&L over 0. The drawdown is the deepest fall of an account's
    realised result from its peak, or of its equity as the engine saw it, whichever is more.
    """

    trades: int
    open_trades: int
    abandoned: int
    wins: int
    losses: int
    win_rate_pct: float | None
    pnl_usd: float
    gross_usd: float
    fees_usd: float
    funding_usd: float
    r_total: float
    r_mean: float | None
    slippage_bps: Spread
    decision_to_fill_ms: Spread
    max_drawdown_usd: float
    max_drawdown_pct: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. `limit_violations` and `ledger_touches` must be 0."""

    since_ns: int | None
    figures: Figures
    approved: int
    denied: int
    denied_by: dict[str, int]
    by_setup: tuple[SetupLine, ...]
    limit_violations: int
    violations: tuple[Violation, ...]
    ledger_touches: int
    hours: tuple[HoursLine, ...]
    way_up: tuple[WayUpStep, ...]
    waiting_bytes: int

    def as_json(self) -> str:
        """One JSON object on one line; the figures stand beside the rest, and each step says whether it is open."""
        plain = msgspec.to_builtins(self)
        figures = plain.pop("figures")
        for step, shown in zip(self.way_up, plain["way_up"], strict=True):
            shown["is_open"] = step.is_open
        return msgspec.json.encode(without_noise({**figures, **plain})).decode()


def build_report(evidence: Evidence, config: CockpitConfig) -> Report:
    """The report on this evidence, judged by this config."""
    violations = find_violations(evidence, config)
    return Report(
        since_ns=evidence.since_ns,
        figures=_figures(evidence, config),
        approved=evidence.approved,
        denied=evidence.denied,
        denied_by=dict(sorted(evidence.denied_by.items(), key=lambda entry: (-entry[1], entry[0]))),
        by_setup=_by_setup(evidence),
        limit_violations=len(violations),
        violations=violations,
        ledger_touches=_ledger_touches(evidence, config),
        hours=_hours(evidence),
        way_up=way_up(evidence, config, violations),
        waiting_bytes=evidence.waiting_bytes,
    )


def way_up(
    evidence: Evidence, config: CockpitConfig, violations: Sequence[Violation] | None = None
) -> tuple[WayUpStep, ...]:
    """What each step up asks for: test after paper, live after paper and test. Only the live feed counts."""
    if violations is None:
        violations = find_violations(evidence, config)
    wanted = config.modes.way_up
    paper = _criteria(evidence, config, violations, Mode.PAPER, wanted.paper_hours)
    test = _criteria(evidence, config, violations, Mode.TEST, wanted.test_days * 24)
    return WayUpStep(Mode.TEST, paper), WayUpStep(Mode.LIVE, (*paper, *test))


def _criteria(
    evidence: Evidence, config: CockpitConfig, violations: Sequence[Violation], mode: Mode, need_hours: float
) -> tuple[Criterion, ...]:
    wanted = config.modes.way_up
    figures = _figures(_on_live_feed(evidence, mode), config)
    hours = sum(line.hours for line in _hours(evidence) if line.feed is FeedKind.LIVE and line.mode is mode)
    broken = sum(one.feed is FeedKind.LIVE and one.mode is mode for one in violations)
    rate, fill_ms = figures.win_rate_pct, figures.decision_to_fill_ms.mean
    fill_s = None if fill_ms is None else fill_ms / 1000
    fastest, falls = wanted.max_mean_decision_to_fill_s, wanted.max_drawdown_pct
    said = mode.value
    return (
        Criterion(f"{said} hours on the live feed", f"{need_hours:g}", f"{hours:.1f}", hours >= need_hours),
        Criterion(f"{said} trades closed", "at least 1", str(figures.trades), figures.trades > 0),
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


def _on_live_feed(evidence: Evidence, mode: Mode) -> Evidence:
    """The part of the evidence that counts for the step after `mode`."""
    return Evidence(
        trades=tuple((place, trade) for place, trade in evidence.trades if place.is_live and trade.mode is mode),
        accounts=tuple(entry for entry in evidence.accounts if entry[0].is_live and entry[1] is mode),
    )


def _figures(evidence: Evidence, config: CockpitConfig) -> Figures:
    every = [trade for _, trade in evidence.trades]
    closed = _closed(every)
    wins = sum(trade.pnl_usd > 0 for trade in closed)
    drawdown_usd = _max_drawdown_usd(evidence)
    delays = [trade.decision_to_fill_ms for trade in every if trade.decision_to_fill_ms is not None]
    return Figures(
        trades=len(closed),
        open_trades=sum(trade.phase not in (TradePhase.CLOSED, TradePhase.ABANDONED) for trade in every),
        abandoned=sum(trade.phase is TradePhase.ABANDONED for trade in every),
        wins=wins,
        losses=sum(trade.pnl_usd < 0 for trade in closed),
        win_rate_pct=100.0 * wins / len(closed) if closed else None,
        pnl_usd=math.fsum(trade.pnl_usd for trade in every),
        gross_usd=math.fsum(trade.gross_usd for trade in every),
        fees_usd=math.fsum(trade.fees_usd for trade in every),
        funding_usd=math.fsum(trade.funding_usd for trade in every),
        r_total=math.fsum(trade.r for trade in every),
        r_mean=_mean([trade.r for trade in closed]),
        slippage_bps=_spread([trade.slippage_bps for trade in every if trade.opened_ns is not None]),
        decision_to_fill_ms=_spread(delays),
        max_drawdown_usd=drawdown_usd,
        max_drawdown_pct=100.0 * drawdown_usd / config.capital.hot_wallet_usd,
    )


def _max_drawdown_usd(evidence: Evidence) -> float:
    """Over each account by itself: one mode on one feed (of the live feed) or in one lineage (of any other)."""
    deepest = max((account.max_drawdown_usd for _, _, account in evidence.accounts), default=0.0)
    curves: dict[tuple[object, Mode], list[TradeRecord]] = {}
    for place, trade in evidence.trades:
        curves.setdefault((place.feed if place.is_live else place, trade.mode), []).append(trade)
    for trades in curves.values():
        equity = peak = 0.0
        for trade in sorted(_closed(trades), key=lambda one: one.closed_ns or 0):
            equity += trade.pnl_usd
            peak = max(peak, equity)
            deepest = max(deepest, peak - equity)
    return deepest


def _by_setup(evidence: Evidence) -> tuple[SetupLine, ...]:
    closed: dict[str, list[TradeRecord]] = {}
    for trade in _closed(trade for _, trade in evidence.trades):
        closed.setdefault(trade.setup, []).append(trade)
    return tuple(_setup_line(setup, trades) for setup, trades in sorted(closed.items()))


def _setup_line(setup: str, trades: Sequence[TradeRecord]) -> SetupLine:
    wins = sum(trade.pnl_usd > 0 for trade in trades)
    return SetupLine(
        setup=setup,
        trades=len(trades),
        wins=wins,
        win_rate_pct=100.0 * wins / len(trades),
        pnl_usd=math.fsum(trade.pnl_usd for trade in trades),
        fees_usd=math.fsum(trade.fees_usd for trade in trades),
        r_total=math.fsum(trade.r for trade in trades),
        slippage_bps_mean=_mean([trade.slippage_bps for trade in trades]),
    )


def _ledger_touches(evidence: Evidence, config: CockpitConfig) -> int:
    """Requests sent to, and trades made at, anything that bears the cold storage's name. Nothing else can touch it:
    no action of the engine signs on a chain.
    """
    label = config.cold_storage.label.casefold()
    asked = sum(count for venue, count in evidence.requests.items() if label in venue.casefold())
    return asked + sum(label in trade.venue.casefold() for _, trade in evidence.trades)


def _hours(evidence: Evidence) -> tuple[HoursLine, ...]:
    spent_s: Counter[tuple[FeedKind, Mode]] = Counter()
    for span in evidence.spans:
        spent_s[span.feed, span.mode] += (span.to_ns - span.from_ns) // NS_PER_S
    return tuple(HoursLine(feed, mode, spent / SECONDS_PER_HOUR) for (feed, mode), spent in sorted(spent_s.items()))


def _closed(trades: Iterable[TradeRecord]) -> list[TradeRecord]:
    return [trade for trade in trades if trade.phase is TradePhase.CLOSED]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _spread(values: Sequence[float]) -> Spread:
    """The mean and the 95th percentile (the smallest value that at least 95 % of them do not exceed)."""
    if not values:
        return Spread(None, None)
    return Spread(_mean(values), sorted(values)[math.ceil(0.95 * len(values)) - 1])

"""The session or phase report: what was traded, what it cost, what was refused, and whether a limit was ever broken."""

from collections.abc import Mapping, Sequence

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.domain.numbers import without_noise
from cockpit.domain.signal_sources import SourceCutOff, SourceScore
from cockpit.journal.backtests import SetupBacktest
from cockpit.journal.evidence import Evidence
from cockpit.journal.report_figures import Figures, SetupLine, SplitLine, by_hour, by_setup, by_side, figures_of
from cockpit.journal.violations import Violation, find_violations
from cockpit.journal.way_up import HoursLine, WayUpStep, hours_of, way_up


class BacktestLine(msgspec.Struct, frozen=True):
    """A setup's backtest, and whether the journal's closed trades of it agree."""

    setup: str
    backtest: str
    beside: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. `limit_violations` and `ledger_touches` must be 0.

    `market` says whose market the figures are of: `SIMULATED`, `RECORDED`, several of them, or nothing where all of it
    was traded on the live one.
    """

    since_ns: int | None
    market: str
    figures: Figures
    approved: int
    denied: int
    denied_by: dict[str, int]
    by_setup: tuple[SetupLine, ...]
    by_side: tuple[SplitLine, ...]
    by_hour: tuple[SplitLine, ...]
    by_source: tuple[SourceScore, ...] = ()
    cut_off: tuple[SourceCutOff, ...] = ()
    limit_violations: int
    violations: tuple[Violation, ...]
    ledger_touches: int
    hours: tuple[HoursLine, ...]
    way_up: tuple[WayUpStep, ...]
    waiting_bytes: int
    unreadable: tuple[str, ...]
    backtests: tuple[BacktestLine, ...] = ()
    """The kept backtest of each setup beside what the journal shows of it."""

    def as_json(self) -> str:
        """One JSON object on one line; the figures stand beside the rest, and each step says whether it is open."""
        plain = msgspec.to_builtins(self)
        figures = plain.pop("figures")
        for step, shown in zip(self.way_up, plain["way_up"], strict=True):
            shown["is_open"] = step.is_open
        return msgspec.json.encode(without_noise({**figures, **plain})).decode()


def build_report(
    evidence: Evidence,
    config: CockpitConfig,
    backtests: Mapping[str, SetupBacktest] | None = None,
    by_source: tuple[SourceScore, ...] = (),
    cut_off: tuple[SourceCutOff, ...] = (),
) -> Report:
    """The report on this evidence, judged by this config, beside the backtests that were kept."""
    violations = find_violations(evidence, config)
    return Report(
        since_ns=evidence.since_ns,
        market=evidence.market,
        figures=figures_of(evidence, config),
        approved=evidence.approved,
        denied=evidence.denied,
        denied_by=dict(sorted(evidence.denied_by.items(), key=lambda entry: (-entry[1], entry[0]))),
        by_setup=by_setup(evidence),
        by_side=by_side(evidence),
        by_hour=by_hour(evidence),
        by_source=by_source,
        cut_off=cut_off,
        limit_violations=len(violations),
        violations=violations,
        ledger_touches=_ledger_touches(evidence, config),
        hours=hours_of(evidence),
        way_up=way_up(evidence, config, violations),
        waiting_bytes=evidence.waiting_bytes,
        unreadable=evidence.unreadable,
        backtests=_backtest_lines(by_setup(evidence), backtests or {}, sum(one.hours for one in hours_of(evidence))),
    )


def _backtest_lines(
    lines: Sequence[SetupLine], backtests: Mapping[str, SetupBacktest], hours: float
) -> tuple[BacktestLine, ...]:
    traded = {line.setup: line for line in lines}
    found = []
    for name, backtest in backtests.items():
        line = traded.get(name)
        trades, mean_r = (line.trades, line.r_total / line.trades) if line is not None and line.trades else (0, None)
        slippage_bps = line.slippage_bps_mean if line is not None else None
        found.append(BacktestLine(name, backtest.text, backtest.beside(trades, mean_r, slippage_bps, hours)))
    return tuple(found)


def _ledger_touches(evidence: Evidence, config: CockpitConfig) -> int:
    """Requests sent to, and trades made at, anything that bears the cold storage's name. Nothing else can touch it:
    no action of the engine signs on a chain.
    """
    label = config.cold_storage.label.casefold()
    asked = sum(count for venue, count in evidence.requests.items() if label in venue.casefold())
    return asked + sum(label in trade.venue.casefold() for _, trade in evidence.trades)

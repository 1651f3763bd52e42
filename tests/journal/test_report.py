"""The report's numbers against a table computed by hand, and the same from a journal and from a list of actions."""

import json
from pathlib import Path

import msgspec
import pytest
from journal_samples import SESSION, START_NS, at, closed, life, memory, opened, order, trade, verdict
from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import AnyAction, Decided, FlattenVenues, PlaceOrder, QueryPosition, TradeChanged
from cockpit.domain.kinds import Mode, OrderRole, TradePhase
from cockpit.journal.evidence import Evidence, evidence_of
from cockpit.journal.reading import JournalReader
from cockpit.journal.report import Report, build_report
from cockpit.journal.report_text import safety_lines, summary_lines, verdict_lines
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal

HOUR_S = 3600


def written_by_hand() -> list[AnyAction]:
    """Four closed trades, one open, one abandoned; net +0.08, -0.12, 0.00 and +0.02; 1 R is 0.10 USD."""
    first = closed(1, 0.10, slippage_bps=1.0, decision_to_fill_ms=100.0)
    second = closed(2, -0.10, slippage_bps=3.0, decision_to_fill_ms=200.0)
    third = closed(3, 0.02, slippage_bps=-1.0, decision_to_fill_ms=300.0, setup="sol_fee_fade")
    fourth = closed(4, 0.05, slippage_bps=0.5, decision_to_fill_ms=1_000.0, setup="sol_fee_fade", funding_usd=-0.01)
    held = opened(5, slippage_bps=2.0, decision_to_fill_ms=400.0)
    never = trade(6, phase=TradePhase.ABANDONED, closed_ns=at(360.5))
    actions: list[AnyAction] = []
    for number, one in enumerate((first, second, third, fourth, held, never), start=1):
        actions.append(Decided(one.decided_ns, verdict(number, ts_ns=one.decided_ns, trade_id=one.trade_id)))
        actions.append(PlaceOrder(one.decided_ns, order(one, OrderRole.ENTRY, 1).request))
        actions.append(TradeChanged(one.closed_ns or one.decided_ns, one, "told"))
    for number, check in enumerate(("short_pct", "short_pct", "daily_loss"), start=10):
        actions.append(Decided(at(60 * number), verdict(number, ts_ns=at(60 * number), denied_by=check)))
    actions.append(Decided(at(900), verdict(20, ts_ns=at(900))))
    actions.append(memory(at(901), max_drawdown_usd=0.11))
    return actions


def report_text(report: Report) -> str:
    return "\n".join([*summary_lines(report, 80), *verdict_lines(report), *safety_lines(report, 80)])


def from_journal(path: Path, actions: list[AnyAction]) -> Evidence:
    journal = Journal(path)
    journal.begin(SESSION)
    for minute in range(61):
        journal.alive(at(60 * minute), Mode.PAPER)
    journal.append(actions)
    assert journal.close(30)
    return JournalReader(path).evidence()


@pytest.fixture(params=["journal", "actions"])
def report(request: pytest.FixtureRequest, tmp_path: Path, shipped_config: CockpitConfig) -> Report:
    if request.param == "journal":
        return build_report(from_journal(tmp_path / "journal.sqlite", written_by_hand()), shipped_config)
    return build_report(evidence_of(written_by_hand(), FeedKind.LIVE, Mode.PAPER, START_NS, at(HOUR_S)), shipped_config)


def test_what_a_trade_brings_in_usd_the_profit_factor_and_the_splits_are_told(report: Report) -> None:
    """+0.08, -0.12, 0.00 and +0.02: ten cents won over twelve lost."""
    text = report_text(report)
    assert "profit factor          0.83" in text and "expectancy, USD        -0.0050 USD (95 %: " in text
    assert [(line.part, line.trades) for line in report.by_side] == [("long", 4)]
    assert [(line.part, line.trades) for line in report.by_hour] == [("08", 4)]


def test_the_figures_are_those_computed_by_hand(report: Report) -> None:
    figures = report.figures
    assert (figures.trades, figures.open_trades, figures.abandoned) == (4, 1, 1)
    assert (figures.wins, figures.losses, figures.win_rate_pct) == (2, 1, 50.0)
    assert figures.gross_usd == pytest.approx(0.07)
    assert figures.fees_usd == pytest.approx(4 * 0.02 + 0.01)
    assert figures.funding_usd == pytest.approx(-0.01)
    assert figures.pnl_usd == pytest.approx(0.07 - 0.09 - 0.01)
    assert figures.r_total == pytest.approx(0.8 - 1.2 + 0.0 + 0.2 - 0.1)
    assert figures.r_mean == pytest.approx((0.8 - 1.2 + 0.0 + 0.2) / 4)
    assert figures.slippage_bps.mean == pytest.approx((1 + 3 - 1 + 0.5 + 2) / 5)
    assert figures.slippage_bps.p95 == 3.0
    assert figures.decision_to_fill_ms.mean == pytest.approx(400.0)
    assert figures.decision_to_fill_ms.p95 == 1_000.0
    assert figures.max_drawdown_usd == pytest.approx(0.12), "realised, deeper than the 0.11 the engine saw"
    assert figures.max_drawdown_pct == pytest.approx(100 * 0.12 / 1660)


def test_verdicts_and_setups_are_counted(report: Report) -> None:
    assert (report.approved, report.denied) == (7, 3)
    assert list(report.denied_by.items()) == [("short_pct", 2), ("daily_loss", 1)]
    lines = [(line.setup, line.trades, line.wins, line.win_rate_pct) for line in report.by_setup]
    assert lines == [("btc_lower_band_long", 2, 1, 50.0), ("sol_fee_fade", 2, 1, 50.0)]
    assert [line.pnl_usd for line in report.by_setup] == pytest.approx([-0.04, 0.02])
    assert [line.r_total for line in report.by_setup] == pytest.approx([-0.4, 0.2])


def test_nothing_was_broken_and_the_ledger_was_not_touched(report: Report) -> None:
    assert (report.limit_violations, report.violations, report.ledger_touches) == (0, (), 0)
    assert [(line.feed, line.mode, line.hours) for line in report.hours] == [(FeedKind.LIVE, Mode.PAPER, 1.0)]


def test_the_engines_own_drawdown_counts_when_it_is_deeper(shipped_config: CockpitConfig) -> None:
    actions = [*written_by_hand(), memory(at(1000), max_drawdown_usd=5.0)]
    report = build_report(evidence_of(actions, FeedKind.LIVE, Mode.PAPER, 0, 1), shipped_config)
    assert report.figures.max_drawdown_usd == 5.0


def test_no_trade_is_said_not_counted_as_zero(shipped_config: CockpitConfig) -> None:
    figures = build_report(Evidence(), shipped_config).figures
    assert (figures.win_rate_pct, figures.r_mean, figures.slippage_bps.mean) == (None, None, None)
    assert "win rate               no trade yet" in report_text(build_report(Evidence(), shipped_config))


@pytest.mark.parametrize(("count", "nth"), [(1, 1), (19, 19), (20, 19), (21, 20), (100, 95)])
def test_p95_is_the_value_that_95_percent_do_not_exceed(shipped_config: CockpitConfig, count: int, nth: int) -> None:
    actions: list[AnyAction] = [
        TradeChanged(at(60 * n), closed(n, 0.05, slippage_bps=float(n)), "closed") for n in range(1, count + 1)
    ]
    evidence = evidence_of(actions, FeedKind.SIMULATED, Mode.PAPER, 0, 1)
    assert build_report(evidence, shipped_config).figures.slippage_bps.p95 == float(nth)


@pytest.mark.parametrize(
    "touch",
    [
        PlaceOrder(at(1), replace(order(opened(1), OrderRole.ENTRY, 1).request, venue="ledger")),
        QueryPosition(at(1), "Ledger", "BTC"),
        FlattenVenues(at(1), ("okx", "ledger_nano"), "flatten"),
        TradeChanged(at(1), opened(1, venue="LEDGER"), "opened"),
    ],
)
def test_any_request_to_the_cold_storage_is_counted(
    tmp_path: Path, shipped_config: CockpitConfig, touch: AnyAction
) -> None:
    for evidence in (
        evidence_of([touch], FeedKind.LIVE, Mode.PAPER, 0, 1),
        from_journal(tmp_path / "journal.sqlite", [touch]),
    ):
        assert build_report(evidence, shipped_config).ledger_touches == 1


def test_since_leaves_out_what_was_before(tmp_path: Path, shipped_config: CockpitConfig) -> None:
    path = tmp_path / "journal.sqlite"
    from_journal(path, written_by_hand())
    report = build_report(JournalReader(path).evidence(since_ns=at(180)), shipped_config)
    assert (report.figures.trades, report.figures.open_trades, report.approved, report.denied) == (2, 1, 5, 3)
    assert report.hours[0].hours == pytest.approx((HOUR_S - 180) / HOUR_S)


def test_two_accounts_drawdowns_are_not_added(shipped_config: CockpitConfig) -> None:
    one = evidence_of(life(1, -0.08), FeedKind.SIMULATED, Mode.PAPER, 0, 1)
    other = tuple((msgspec.structs.replace(place, lineage=1), told) for place, told in one.trades)
    both = replace(one, trades=one.trades + other)
    assert build_report(both, shipped_config).figures.max_drawdown_usd == pytest.approx(0.10)


def test_the_text_fits_a_terminal_and_says_the_numbers(report: Report) -> None:
    text = report_text(report)
    assert max(len(line) for line in text.splitlines()) <= 80
    for said in ("4 closed, 1 open, 1 abandoned", "50.0 %", "short_pct", "0 (must be 0)", "way up to test: locked"):
        assert said in text


def test_long_sentences_are_broken_not_cut(tmp_path: Path, shipped_config: CockpitConfig) -> None:
    broken = TradeChanged(at(60), closed(1, 0.05, notional_usd=10_000.0, verdict_id="v" + "9" * 100), "closed")
    report = build_report(evidence_of([broken], FeedKind.LIVE, Mode.PAPER, 0, 1), shipped_config)
    text = report_text(report)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "".join(text.split()).count("9" * 100) == 1
    assert report.limit_violations == 2
    piped = "\n".join([*summary_lines(report), *safety_lines(report)])
    assert "9" * 100 in piped, "a pipe gets whole lines"


def test_the_json_holds_the_same_numbers(report: Report) -> None:
    shown = json.loads(report.as_json())
    assert shown["trades"] == 4
    assert shown["win_rate_pct"] == 50.0
    assert shown["slippage_bps"]["p95"] == 3.0
    exact = json.loads(report.as_json(), parse_float=str)
    assert max(len(exact[key].partition(".")[2]) for key in ("pnl_usd", "r_total", "max_drawdown_pct")) <= 10
    assert (shown["limit_violations"], shown["ledger_touches"]) == (0, 0)
    assert [(step["mode"], step["is_open"]) for step in shown["way_up"]] == [("test", False), ("live", False)]


def test_what_still_waits_beside_the_journal_is_said(shipped_config: CockpitConfig) -> None:
    text = report_text(build_report(Evidence(waiting_bytes=120), shipped_config))
    assert "120 bytes wait beside the journal" in text

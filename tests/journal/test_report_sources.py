"""The scores of sources in both reports, and which of them are cut off."""

import io

from rich.console import Console

from cockpit.config.model import CockpitConfig
from cockpit.domain.intervals import Interval
from cockpit.domain.signal_sources import SourceCutOff, SourceScore
from cockpit.journal.evidence import Evidence
from cockpit.journal.report import Report, build_report
from cockpit.journal.report_history import history_of
from cockpit.journal.report_html import report_html
from cockpit.journal.report_terminal import print_report
from cockpit.journal.report_text import source_lines

SCORE = SourceScore(
    source="chart", strategy="Momentum Signal", proposals=41, approved=12, sent=11,
    denied_by={"short_pct": 20, "trades_today": 9}, closed=9, win_rate=3 / 9, pnl_usd=-1.23,
    expectancy_r=Interval(-0.42, -0.81, -0.03), slippage_bps=0.8, denied_r=Interval(-0.3, -0.9, 0.3),
    denied_followed=18, held_back_r=Interval(0.4), held_back_followed=1,
)  # fmt: skip
CUT = SourceCutOff("chart", "cut off: it lost 5.20 USD today, limit 5.00", 1_760_882_525_000_000_000)
FIGURES = (
    "41: 12 approved, 11 sent",
    "short_pct 20, trades_today 9",
    "9, win rate 33.3 %, net -1.2300 USD",
    "-0.42 R (95 %: -0.81 to -0.03)",
    "mean +0.80 bps",
    "-0.30 R (95 %: -0.90 to +0.30) over 18",
    "+0.40 R (95 %: one trade gives no interval) over 1",
    "it lost 5.20 USD today, limit 5.00",
    "2025-10-19",
)


def reported(config: CockpitConfig, **parts: object) -> Report:
    return build_report(Evidence(), config, **parts)  # type: ignore[arg-type]


def test_the_terminal_has_every_figure_in_80_columns(shipped_config: CockpitConfig) -> None:
    found = reported(shipped_config, by_source=(SCORE,), cut_off=(CUT,))
    file = io.StringIO()
    print_report(found, history_of(Evidence()), Console(file=file, width=80), 80)
    shown = file.getvalue()
    assert max(map(len, shown.splitlines())) <= 80
    for figure in FIGURES:
        assert figure in " ".join(shown.split()), figure


def test_the_page_has_every_figure(shipped_config: CockpitConfig) -> None:
    page = report_html(reported(shipped_config, by_source=(SCORE,), cut_off=(CUT,)), history_of(Evidence()), 0)
    for figure in FIGURES:
        assert figure in page, figure


def test_a_strategy_named_like_markup_is_text(shipped_config: CockpitConfig) -> None:
    evil = SourceScore(**{**{f: getattr(SCORE, f) for f in SCORE.__struct_fields__}, "strategy": "<b>\x1b[31m"})
    found = reported(shipped_config, by_source=(evil,))
    assert "<b>" not in report_html(found, history_of(Evidence()), 0)
    file = io.StringIO()
    print_report(found, history_of(Evidence()), Console(file=file, width=80), 80)
    assert "\x1b" not in file.getvalue()


def test_without_sources_nothing_is_said_of_any(shipped_config: CockpitConfig) -> None:
    assert source_lines(reported(shipped_config)) == []
    assert "Sources of signals" not in report_html(reported(shipped_config), history_of(Evidence()), 0)

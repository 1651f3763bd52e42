"""The report on a terminal: 80 columns, with and without colours, in blocks and in ASCII, empty and with thousands."""

import re
from typing import Any

import pytest
from journal_samples import at
from msgspec.structs import replace
from reported import evidence_of_lives, evidence_with, on_terminal

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode, Side
from cockpit.journal.evidence import Evidence, Place
from cockpit.journal.sessions import FeedKind

LIVE = Place(FeedKind.LIVE, 1)
SIZES = [0, 1, 2, 70, 3_000]


def results(count: int) -> list[float]:
    return [(number * 7 % 11 - 5) / 4 for number in range(count)]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_80_columns_whatever_there_is_to_show(shipped_config: CockpitConfig, count: int, encoding: str) -> None:
    shown = on_terminal(evidence_with(results(count)), shipped_config, encoding=encoding)
    assert max(map(len, shown.splitlines())) <= 80
    assert f"{count} closed, 0 open" in shown
    assert ("Equity, net USD" in shown, "R of each closed trade" in shown) == (count > 0, count > 0)


def test_the_pictures_show_the_ends_the_zero_and_every_bin(shipped_config: CockpitConfig) -> None:
    shown = on_terminal(evidence_with([-1.0, 2.0, 2.0]), shipped_config)
    lines = shown.splitlines()
    curve = lines[lines.index("SIMULATED Equity, net USD") + 1 :][:8]
    assert curve[0].lstrip().startswith("+0.30 │")
    assert curve[-1].lstrip().startswith("-0.10 │")
    assert any(line.lstrip().startswith("0 │") for line in curve)
    bars = lines[lines.index("SIMULATED R of each closed trade") + 1 :][:13]
    assert [line.split()[-1] for line in bars if "█" in line] == ["1", "2"]


def test_more_trades_than_columns_still_end_where_the_account_ended(shipped_config: CockpitConfig) -> None:
    rising = on_terminal(evidence_with([1.0] * 3_000), shipped_config).splitlines()
    top = rising[rising.index("SIMULATED Equity, net USD") + 1]
    assert top.startswith("   +300.00 │")
    assert top.endswith("█")


def test_colours_only_where_they_are_wanted(shipped_config: CockpitConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    told = evidence_with([1.0, -2.0])
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = on_terminal(told, shipped_config, force_terminal=True, color_system="standard")
    assert "\x1b[32m" in coloured
    assert "\x1b[31m" in coloured
    assert "\x1b" not in on_terminal(told, shipped_config), "a pipe"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in on_terminal(told, shipped_config, force_terminal=True, color_system="standard")


def test_what_the_journal_says_is_no_markup(shipped_config: CockpitConfig) -> None:
    shown = on_terminal(evidence_with([1.0], setup="[bold]x[/bold] [/oops]"), shipped_config)
    assert "[bold]x[/bold] [/oops]" in shown


def test_different_accounts_on_one_curve_are_said(shipped_config: CockpitConfig) -> None:
    paper, test = evidence_with([1.0]), evidence_with([1.0], mode=Mode.TEST)
    shown = on_terminal(Evidence(trades=paper.trades + test.trades), shipped_config)
    assert "Equity, net USD of paper on simulated and test on simulated together" in shown


def test_a_row_a_setup(shipped_config: CockpitConfig) -> None:
    shown = on_terminal(evidence_of_lives([0.10, -0.05]), shipped_config)
    row = next(line for line in shown.splitlines() if line.startswith("btc_lower_band_long"))
    assert row.split() == ["btc_lower_band_long", "2", "50.0", "+0.0100", "+0.0050", "+0.10", "+0.00"]


def test_thousands_of_violations_are_not_all_printed(shipped_config: CockpitConfig) -> None:
    shown = on_terminal(evidence_with([-1.0] * 2_000), shipped_config)
    assert "more: --json has all of them" in shown
    assert len(shown.splitlines()) < 130


def test_long_and_short_and_each_hour_have_a_row(shipped_config: CockpitConfig) -> None:
    longs, shorts = evidence_with([1.0, -0.5]), evidence_with([2.0], side=Side.SHORT, decided_ns=at(3 * 3600))
    lines = on_terminal(Evidence(trades=longs.trades + shorts.trades), shipped_config).splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if (line[:1].isalnum() and "+" in line) or "-0" in line}
    assert rows["long"] == ["2", "50.0", "+0.0500", "+0.0250", "+0.50"]
    assert rows["short"] == ["1", "100.0", "+0.2000", "+0.2000", "+2.00"]
    assert rows["08"] == rows["long"], "decided at 08:01 and 08:02"
    assert rows["11"] == rows["short"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_every_figure_of_a_made_up_market_says_so(shipped_config: CockpitConfig, encoding: str) -> None:
    lines = on_terminal(evidence_with([1.0, -2.0, 0.5]), shipped_config, encoding=encoding).splitlines()
    figures = lines[2 : lines.index("SIMULATED Equity, net USD") - 1]
    whole = [line for line in figures if not line.startswith("    ")]
    assert len(whole) == 13
    assert all(" SIMULATED " in line for line in whole), whole
    heads = [line for line in lines if "net USD" in line or "closed trade" in line or line.startswith("verdicts")]
    assert len(heads) == 6
    assert all("SIMULATED" in line for line in heads), heads


def test_the_live_market_needs_no_mark(shipped_config: CockpitConfig) -> None:
    live = replace(evidence_with([1.0]), trades=tuple((LIVE, trade) for _, trade in evidence_with([1.0]).trades))
    assert "SIMULATED" not in on_terminal(live, shipped_config)
    mixed = replace(live, trades=live.trades + evidence_with([2.0]).trades)
    assert "win rate               SIMULATED and LIVE 100.0 %" in on_terminal(mixed, shipped_config)


@pytest.mark.parametrize("wide", [{}, {"force_terminal": True, "color_system": "standard"}])
def test_no_escape_code_of_a_journal_reaches_the_terminal(shipped_config: CockpitConfig, wide: dict[str, Any]) -> None:
    hostile = "a\x1b]0;title\x07b\x9b2Jc"
    evidence = evidence_with([1.0, -1.0], setup=hostile, asset=hostile, exit_detail=hostile)
    evidence = replace(evidence, unreadable=(f"a row was set aside: {hostile}",))
    told = on_terminal(evidence, shipped_config, **wide)
    assert "a row was set aside" in told
    assert not re.search("\x1b(?!\\[[0-9;]*m)|\x07|\x9b", told)

"""`cockpit report --csv`: one row a trade, documented columns, numbers that add up, and no formulas."""

import csv
import io
import re
from pathlib import Path

import pytest
from journal_samples import closed, opened, trade
from reported import evidence_with

from cockpit.domain.actions import TradeChanged
from cockpit.domain.kinds import Mode, TradePhase
from cockpit.journal.evidence import Evidence, evidence_of
from cockpit.journal.report_history import history_of
from cockpit.journal.report_trades import COLUMNS, trades_csv
from cockpit.journal.sessions import FeedKind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reports.md"


def rows(evidence: Evidence) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(trades_csv(history_of(evidence)))))


@pytest.mark.parametrize("count", [0, 1, 2_500])
def test_a_row_a_trade(count: int) -> None:
    evidence = evidence_with([0.5] * count)
    assert len(rows(evidence)) == count
    assert trades_csv(history_of(evidence)).splitlines()[0] == ",".join(column.name for column in COLUMNS)


def test_what_is_unknown_is_empty_and_open_trades_come_last() -> None:
    actions = [
        TradeChanged(1, one, "told") for one in (opened(1), trade(2, phase=TradePhase.ABANDONED), closed(3, 0.1))
    ]
    first, second, third = rows(evidence_of(actions, FeedKind.LIVE, Mode.PAPER, 0, 1))
    assert [row["phase"] for row in (first, second, third)] == ["closed", "open", "abandoned"]
    assert (second["closed_utc"], second["held_s"], second["exit_price"], second["exit_reason"]) == ("", "", "", "")
    assert (third["opened_utc"], third["entry_price"], third["slippage_bps"], third["signal_id"]) == ("", "", "", "")


def test_the_money_adds_up_without_noise() -> None:
    row = rows(evidence_with([0.3], funding_usd=-0.01))[0]
    assert row["gross_usd"] == "0.05"
    assert float(row["pnl_usd"]) == pytest.approx(
        float(row["gross_usd"]) - float(row["fees_usd"]) + float(row["funding_usd"])
    )
    assert max(len(row[name].partition(".")[2]) for name in ("pnl_usd", "r", "exit_price")) <= 10
    assert (row["feed"], row["mode"], row["side"], row["held_s"]) == ("simulated", "paper", "long", "29.5")
    assert row["market"] == "SIMULATED"


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@x", "\tx"])
def test_no_text_is_a_formula(text: str) -> None:
    row = rows(evidence_with([1.0], setup=text, exit_detail=text))[0]
    assert (row["setup"], row["exit_detail"]) == (f"'{text}", f"'{text}")


def test_text_with_commas_quotes_and_lines_comes_back() -> None:
    text = 'a, "b"\nc'
    assert rows(evidence_with([1.0], exit_detail=text))[0]["exit_detail"] == text


def test_every_column_is_on_the_page_of_reports() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(column.name, column.holds) for column in COLUMNS]

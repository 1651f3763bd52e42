"""A kept backtest: its words for the screen, and whether a record of trades agrees with it."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from reported import evidence_of_lives

from cockpit.config.model import CockpitConfig
from cockpit.domain.units import NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.engine.views import snapshot
from cockpit.journal.backtests import FILE, BacktestSummaries, SetupBacktest, keep_backtests, read_backtests
from cockpit.journal.errors import JournalError
from cockpit.journal.report import build_report
from cockpit.journal.report_history import history_of
from cockpit.journal.report_html import report_html
from cockpit.journal.report_text import safety_lines

NOTHING = SetupBacktest("btc_lower_band_long", 41, -0.04, -0.19, 0.11, "2024-08-01", "2024-08-31", 31)
EARNED = SetupBacktest("squeeze_guard.XRP", 400, 0.2, 0.1, 0.3, "2024-08-01", "2024-08-31", 31)
LOSES = SetupBacktest("squeeze_guard.ETH", 400, -0.2, -0.3, -0.1, "2024-08-01", "2024-08-31", 31)
FEW = SetupBacktest("sol_fee_fade", 2, 1.0, None, None, "2024-08-01", "2024-08-31", 31)


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (NOTHING, "backtest: no evidence (-0.04 R, -0.19 to +0.11, 41 trades)"),
        (EARNED, "backtest: earned (+0.20 R, +0.10 to +0.30, 400 trades)"),
        (LOSES, "backtest: loses (-0.20 R, -0.30 to -0.10, 400 trades)"),
        (FEW, "backtest: no evidence (2 trades)"),
    ],
)
def test_words(kept: SetupBacktest, words: str) -> None:
    assert kept.text == words


@pytest.mark.parametrize(
    ("kept", "trades", "mean_r", "said"),
    [
        (NOTHING, 12, 0.05, "+0.05 R over 12 trades here, expected -0.19 to +0.11: agrees"),
        (NOTHING, 12, 0.11, "agrees"),
        (NOTHING, 12, 0.12, "LEAVES THE INTERVAL"),
        (NOTHING, 12, -0.2, "LEAVES THE INTERVAL"),
        (NOTHING, 4, 3.0, "4 trades here, 5 needed to compare"),
        (NOTHING, 0, None, "0 trades here, 5 needed to compare"),
        (FEW, 12, 3.0, "the backtest says too little to compare"),
    ],
)
def test_whether_a_record_agrees(kept: SetupBacktest, trades: int, mean_r: float | None, said: str) -> None:
    assert said in kept.beside(trades, mean_r)


@pytest.mark.parametrize(
    ("trades", "hours", "said"),
    [
        (32, 24.0 * 31, "32 trades in 744.0 h here, expected 41.0 (23.3 to 58.7)"),
        (3, 24.0, "3 trades in 24.0 h here, expected 1.3 (0.0 to 3.6)"),
        (4, 24.0, "4 trades in 24.0 h here, expected 1.3 (0.0 to 3.6): ANOTHER FREQUENCY"),
        (20, 24.0 * 31, "ANOTHER FREQUENCY"),
    ],
)
def test_whether_it_trades_as_often(trades: int, hours: float, said: str) -> None:
    told = NOTHING.beside(trades, 0.0, None, hours)
    assert said in told and ("ANOTHER" in told) == ("ANOTHER" in said)
    assert " h here" not in NOTHING.beside(trades, 0.0)


def test_slippage_stands_beside_what_was_expected() -> None:
    kept = replace(NOTHING, slippage_bps=0.5)
    assert "slippage +0.80 bps here, +0.50 expected" in kept.beside(12, 0.0, 0.8)
    for silent in (kept.beside(12, 0.0), kept.beside(0, None, 0.8), NOTHING.beside(12, 0.0, 0.8)):
        assert "slippage" not in silent


def test_the_report_has_it_on_the_terminal_and_on_the_page(shipped_config: CockpitConfig) -> None:
    kept = replace(NOTHING, slippage_bps=0.5)
    evidence = evidence_of_lives([0.10, -0.05])
    hour = replace(evidence.spans[0], to_ns=evidence.spans[0].from_ns + 24 * 3_600 * NS_PER_S)
    evidence = replace(evidence, spans=(hour,))
    found = build_report(evidence, shipped_config, {NOTHING.setup: kept})
    text = " ".join(" ".join(safety_lines(found, 80)).split())
    page = report_html(found, history_of(evidence), 0)
    for said in ("2 trades in 24.0 h here, expected 1.3 (0.0 to 3.6)", "bps here, +0.50 expected"):
        assert said in text and said in page


def test_what_was_kept_is_read_again_and_replaced_by_the_next(tmp_path: Path) -> None:
    home = tmp_path / "profile"
    assert read_backtests(home) == {} and BacktestSummaries(home).latest() == {}
    keep_backtests(home, "build", [NOTHING, FEW])
    words = BacktestSummaries(home)
    assert read_backtests(home) == {NOTHING.setup: NOTHING, FEW.setup: FEW}
    assert words.latest() == {NOTHING.setup: NOTHING.text, FEW.setup: FEW.text}
    keep_backtests(home, "build", [EARNED])
    assert words.latest() == {EARNED.setup: EARNED.text}
    (home / FILE).unlink()
    assert words.latest() == {}


def test_a_damaged_file_is_said_by_the_report_and_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"build": 3}', encoding="utf-8")
    assert BacktestSummaries(tmp_path).latest() == {}
    with pytest.raises(JournalError, match="expected kept backtests, was unreadable"):
        read_backtests(tmp_path)
    (tmp_path / FILE).write_text('{"build": "b", "setups": [], "version": 9}', encoding="utf-8")
    with pytest.raises(JournalError, match="expected version 1 or older, was 9"):
        read_backtests(tmp_path)


def test_the_snapshot_carries_the_words_of_each_setup(shipped_config: CockpitConfig) -> None:
    engine = Engine(shipped_config, 1_760_832_000_000_000_000)
    seen = snapshot(engine, {NOTHING.setup: NOTHING.text})
    assert {one.name: one.backtest for one in seen.setups if one.backtest} == {NOTHING.setup: NOTHING.text}
    assert not any(one.backtest for one in snapshot(engine).setups)

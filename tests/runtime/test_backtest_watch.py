"""A setup whose results leave its kept backtest's interval: looked for in the journal, said beside the setup."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.config.places import Places
from cockpit.domain.actions import TradeChanged
from cockpit.journal.backtests import ENOUGH_TRADES, FILE, SetupBacktest, keep_backtests
from cockpit.journal.sessions import FeedKind
from cockpit.journal.store import Journal
from cockpit.runtime.backtest_watch import BacktestWatch
from tests.journal.journal_samples import SESSION, at, closed, trade

SETUP = "btc_lower_band_long"
EARNED = SetupBacktest(SETUP, 400, 0.2, 0.1, 0.3, "2024-08-01", "2024-08-31", 31)
LOST_USD = -0.08
"""Less 0.02 of fees at a risk of 0.10: -1 R."""


def journalled(home: Path, results_usd: list[float], feed: FeedKind = FeedKind.LIVE, session: int = 0) -> None:
    journal = Journal(Places(home, home / "config.json").journal)
    journal.begin(replace(SESSION, feed=feed, session_id=SESSION.session_id + session), None)
    done = [closed(number, usd) for number, usd in enumerate(results_usd, 1)]
    journal.append([TradeChanged(at(1), record, "closed") for record in [*done, trade(len(done) + 1)]])
    assert journal.close(30)


def watch(home: Path, feed: FeedKind = FeedKind.LIVE) -> BacktestWatch:
    return BacktestWatch(Places(home, home / "config.json"), feed)


def test_results_that_leave_the_interval_are_told_with_both(tmp_path: Path) -> None:
    journalled(tmp_path, [LOST_USD] * ENOUGH_TRADES)
    assert watch(tmp_path).read_results() == {}, "no backtest was kept"
    keep_backtests(tmp_path, "build", [EARNED])
    assert watch(tmp_path).read_results() == {
        SETUP: "LEFT ITS BACKTEST: -1.00 R over 5 trades, expected +0.10 to +0.30",
    }
    assert watch(tmp_path, FeedKind.SIMULATED).read_results() == {}, (
        "what a simulation made is not held against a market's"
    )


@pytest.mark.parametrize("results", [[LOST_USD] * (ENOUGH_TRADES - 1), [0.04] * ENOUGH_TRADES])
def test_too_few_trades_and_results_inside_say_nothing(tmp_path: Path, results: list[float]) -> None:
    journalled(tmp_path, results)
    keep_backtests(tmp_path, "build", [EARNED])
    assert watch(tmp_path).read_results() == {}


def test_what_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    keep_backtests(tmp_path, "build", [EARNED])
    assert watch(tmp_path).read_results() == {}, "no journal yet"
    (tmp_path / FILE).write_text("{", encoding="utf-8")
    assert watch(tmp_path).read_results() == {}


async def test_a_trade_that_closes_is_looked_for(tmp_path: Path) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    journalled(tmp_path, [LOST_USD] * (ENOUGH_TRADES - 1))
    keep_backtests(tmp_path, "build", [EARNED])
    looking = BacktestWatch(Places(tmp_path, tmp_path / "config.json"), FeedKind.LIVE, sleep)
    running = asyncio.create_task(looking.run())
    try:
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
            journalled(tmp_path, [LOST_USD], session=1)
            while not looking.beyond:
                looking.on_actions([TradeChanged(at(1), trade(9), "sent")])
                assert len(waited) <= 1, "one that opens is no reason to look"
                if not waited:
                    looking.on_actions([TradeChanged(at(2), closed(9, LOST_USD), "closed")])
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert "-1.00 R over 5 trades" in looking.beyond[SETUP]

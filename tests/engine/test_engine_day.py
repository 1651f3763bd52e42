"""UTC midnight: counts and results start anew, streak, halt and open trades stay."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.commands import HaltTrading
from cockpit.domain.kinds import EngineState, TradePhase
from cockpit.domain.units import NS_PER_DAY, NS_PER_S
from tests.engine.scenario import NOON_NS, Scenario, config_with

MIDNIGHT_NS = (NOON_NS // NS_PER_DAY + 1) * NS_PER_DAY


@pytest.fixture
def evening(config: CockpitConfig) -> Scenario:
    return Scenario(config, start_ns=MIDNIGHT_NS - 60 * NS_PER_S)


def test_an_open_trade_goes_over_midnight_with_its_stop_and_its_loss_before_it_is_yesterdays(evening: Scenario) -> None:
    evening.lose()
    trade = evening.open_trade(amount_usd=415.0)
    evening.top("ETH", 3_990.0, 3_990.01)
    evening.wait_until(MIDNIGHT_NS - NS_PER_S)
    open_before = evening.engine.book.open_usd()
    assert evening.account.realised_usd < 0 and open_before is not None and open_before < -1.0
    evening.wait_until(MIDNIGHT_NS)
    account = evening.account
    assert account.utc_day == MIDNIGHT_NS // NS_PER_DAY
    assert (account.realised_usd, account.trades_today, account.session_r) == (0.0, 0, 0.0)
    assert account.day_open_usd == pytest.approx(open_before)
    assert evening.engine.risk.equity_usd() == pytest.approx(0.0)
    assert account.consecutive_losses == 1
    assert evening.trades[trade.trade_id].phase is TradePhase.OPEN
    assert any(order.request.order_id == trade.stop_order_id for order in evening.working())

    evening.move("ETH", 3_988.0)
    closed = evening.settled(trade)
    today = evening.engine.risk.equity_usd()
    # What it lost after midnight is today's, what it had lost before is not.
    assert closed.pnl_usd < open_before
    assert today == pytest.approx(0.103 * (3_988.0 - 3_990.0) * (1 - 5e-4), abs=1e-6)
    assert evening.account.consecutive_losses == 2


def test_a_halt_outlives_the_day(evening: Scenario) -> None:
    evening.command(HaltTrading, reason="news")
    evening.wait_until(MIDNIGHT_NS + 5 * NS_PER_S)
    assert evening.state is EngineState.HALTED


def test_what_stood_down_for_the_day_clears_at_midnight() -> None:
    scene = Scenario(config_with("limits.max_trades_per_day=1"), start_ns=MIDNIGHT_NS - 60 * NS_PER_S)
    scene.lose()
    scene.wait_s(1)
    assert scene.state is EngineState.STANDING_DOWN
    scene.wait_until(MIDNIGHT_NS)
    assert scene.state is EngineState.ARMED
    assert scene.signal().ok


def test_a_trade_decided_at_the_bar_of_midnight_counts_for_the_new_day(config: CockpitConfig) -> None:
    """The first event of the day closes yesterday's last bar: what that bar proposes is today's first trade."""
    scene = Scenario(config, start_ns=MIDNIGHT_NS - 40 * NS_PER_S)
    scene.move("BTC", 106_700.0)
    scene.funding("BTC", 2.9, -0.7)
    scene.wait_until(MIDNIGHT_NS - 35 * NS_PER_S)
    scene.move("BTC", 106_810.0)
    scene.wait_until(MIDNIGHT_NS - NS_PER_S)
    scene.trade("BTC", 106_815.0)
    assert scene.placed() == []
    scene.wait_until(MIDNIGHT_NS)
    assert len(scene.placed()) == 1
    assert scene.last_trade.decided_ns == MIDNIGHT_NS
    assert scene.account.utc_day == MIDNIGHT_NS // NS_PER_DAY
    assert scene.account.trades_today == 1

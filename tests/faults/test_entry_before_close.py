"""A limit entry that rests when its venue is about to close is taken back: it could fill into the closed session."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.domain.commands import Enter, ManualEntry
from cockpit.domain.kinds import OrderStatus, Side, TradePhase
from tests import venue_pairs
from tests.faults.stage import Stage, staged
from tests.loopback.exchange_coinbase import iso
from tests.loopback.trading_faults import dropped_before, late
from tests.loopback.trading_venue import TradingVenue

MINUTE_MS = 60_000
LIMIT_BPS = 20.0


@pytest.fixture(autouse=True)
def reads_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list of products, which says when it closes."""
    monkeypatch.setattr("cockpit.execution.entry_settings.READ_EVERY_S", 10.0)


async def entered(stage: Stage, venue: TradingVenue) -> str:
    """A limit under the market that rests there; the trade's id."""
    limit = stage.world.prices["ETH"] * (1 - LIMIT_BPS / 10_000)
    entry = ManualEntry("ETH", Side.LONG, venue="coinbase", amount_usd=45.0, limit_price=limit, within_s=7_200.0)
    answer = await stage.command(lambda now_ns, command_id: Enter(now_ns, command_id, "test", entry))
    assert answer.ok and answer.trade_id is not None, answer.sentence
    await stage.until(lambda: len(venue.open_orders) == 1)
    return answer.trade_id


def closes_in(stage: Stage, minutes: float) -> str:
    """The venue's session ends then; that time as our sentences write it."""
    stamp = iso(stage.world.now_ms() + round(minutes * MINUTE_MS))
    venue = stage.world.venues["coinbase"]
    venue.session["close_time"] = stamp  # type: ignore[attr-defined]
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%H:%M} UTC"


async def test_a_resting_entry_is_taken_back_when_the_window_begins(tmp_path: Path) -> None:
    """Its cancel is lost on the way at first. What happens to the price later opens nothing."""
    venue_pairs.choose(venue_pairs.WITH_COINBASE)
    async with staged(tmp_path) as stage:
        venue = stage.world.venues["coinbase"]
        closes = closes_in(stage, 30.5)
        trade_id = await entered(stage, venue)
        venue.faults.add(dropped_before(), roles={"cancel"})
        began_s = stage.world.loop.time()
        await stage.until(lambda: stage.closed(trade_id), within_s=120.0)
        assert 20.0 <= stage.world.loop.time() - began_s <= 60.0, "30 min before it closes"
        assert stage.trade(trade_id).phase is TradePhase.ABANDONED
        assert stage.saw(f"{trade_id}'s entry of ETH is taken back: coinbase ends its session at {closes}: …")
        assert venue.open_orders == []
        stage.move("ETH", -2 * LIMIT_BPS)
        assert venue.held("ETH") == 0.0
        await stage.flat()


async def test_one_that_fills_before_its_cancel_arrives_gets_its_stop(tmp_path: Path) -> None:
    venue_pairs.choose(venue_pairs.WITH_COINBASE)
    async with staged(tmp_path) as stage:
        venue = stage.world.venues["coinbase"]
        closes_in(stage, 30.5)
        trade_id = await entered(stage, venue)
        venue.faults.add(late(2.0), roles={"cancel"})
        await stage.until(lambda: venue.faults.hit, within_s=120.0)
        stage.move("ETH", -1.2 * LIMIT_BPS)
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        trade = stage.trade(trade_id)
        assert trade.phase is TradePhase.OPEN and venue.held("ETH") == trade.open_qty > 0.0
        assert venue.watch.longest_naked_s() <= 1.0
        entry = stage.engine.book._orders.find(trade.entry_order_id)
        assert entry is not None and entry.status is OrderStatus.FILLED
        await stage.flat()

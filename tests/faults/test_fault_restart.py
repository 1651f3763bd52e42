"""Rows 5 to 7: what a killed engine left is taken up, order by order, by the next one."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import Side, TradePhase
from tests import venue_pairs
from tests.faults.stage import Stage, staged
from tests.loopback.trading_faults import hanging
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")


def one_stop(stage: Stage, venue: TradingVenue, trade_id: str) -> bool:
    """One stop at the venue, of the position's size, and the trade knows it."""
    trade, held = stage.trade(trade_id), abs(venue.held("ETH"))
    sizes = [float((algo.asked.qty or 0) * venue.core.rules[algo.asked.symbol].unit) for algo in venue.algo_orders]
    return trade.stop_rests_on_venue and sizes == [pytest.approx(held)] and trade.open_qty == pytest.approx(held)


@pytest.mark.parametrize("name", VENUES)
async def test_05_an_open_trade_outlives_the_engine(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        orders = {order.client_id for order in venue.open_orders}
        await stage.restart()
        assert stage.generation.restored_trades == 1
        await stage.until(lambda: bool(stage.engine.book.trades) and one_stop(stage, venue, trade.trade_id))
        assert {order.client_id for order in venue.open_orders} == orders, "its targets stay as they are"
        assert stage.rows("select phase from trades") == [("open",)]
        assert stage.rows("select count(*) from fills") == [(1,)]
        assert not stage.missed(5)
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("name", VENUES)
async def test_05_an_entry_that_was_on_its_way_is_found_and_guarded(tmp_path: Path, name: str, after_s: float) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(hanging(after_s + 0.1), roles={"entry"})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: bool(venue.positions))
        await stage.restart(after_s)
        await stage.until(lambda: bool(stage.engine.book.trades))
        await stage.until(lambda: one_stop(stage, venue, trade_id))
        assert len(venue.called("entry")) == 1
        assert venue.watch.longest_naked_s() < after_s + 2
        await stage.flat()


async def test_05_nothing_is_entered_before_every_venue_was_read(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.open_trade("ETH", venue="binance")
        stage.binance.faults.add(hanging(30, executes=False), roles={"positions"}, times=None)
        await stage.restart()
        await stage.until(lambda: stage.engine.market.assets["SOL"].price is not None)
        await stage.arm()
        answer = await stage.signal("SOL", venue="binance")
        assert not answer.ok
        stage.binance.faults.clear()
        await stage.read()
        await stage.flat()


@pytest.mark.parametrize("role", ["entry", "stop", "target"])
@pytest.mark.parametrize("name", VENUES)
async def test_06_every_order_at_the_venue_is_known_after_a_kill(tmp_path: Path, name: str, role: str) -> None:
    resting = 0 if venue_pairs.is_spot() and name != "binance" else 3
    if role == "target" and not resting:
        pytest.skip("on spot none of its targets rests")
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(hanging(0.2), roles={role})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: any(hit[0] == role for hit in venue.faults.hit))
        await stage.restart()
        await stage.read()
        await stage.until(lambda: bool(stage.engine.book.trades) and one_stop(stage, venue, trade_id))
        await stage.until(lambda: len(venue.open_orders) == resting)
        known = {order.request.order_id for order in stage.engine.book._orders.live()}
        there = {order.client_id[8:] for order in (*venue.open_orders, *venue.algo_orders)}
        assert known == there
        assert not stage.missed(6)
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_07_an_old_fill_that_comes_again_is_nobodys(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        first = await stage.open_trade("ETH", venue=name)
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(first.trade_id))
        second = await stage.open_trade("ETH", Side.LONG if venue_pairs.is_spot() else Side.SHORT, venue=name)
        old = [frame for frame in venue.core.executions if frame.client_id.endswith("e1")][:1]
        order = venue.core.orders[old[0].order_id]
        venue.order_changed(order, old[0])
        await stage.restart()
        await stage.until(lambda: bool(stage.engine.book.trades) and one_stop(stage, venue, second.trade_id))
        venue.order_changed(order, old[0])
        await stage.read()
        assert stage.trade(second.trade_id).phase is TradePhase.OPEN
        assert stage.trade(second.trade_id).entry_qty == second.entry_qty
        booked = stage.rows(f"select count(*) from fills where order_id = '{first.entry_order_id}'")
        assert booked == [(1,)]
        assert not stage.missed(7)
        await stage.flat()
        assert stage.rows("select count(*) from orders where role = 'entry'") == [(2,)]

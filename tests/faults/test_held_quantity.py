"""Resting orders that no trade knows of hold the quantity of an exit: they go, or the position would stand bare."""

from decimal import Decimal
from pathlib import Path

import pytest

from cockpit.domain.commands import CloseTrade
from cockpit.exchanges.base.order_ids import MARK
from tests.faults.stage import Stage, staged
from tests.loopback.matching_terms import OrderAsked
from tests.loopback.trading_faults import dropped_before
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

MOST_BARE_S = 1.0


def our_id(venue: TradingVenue, order_id: str) -> str:
    """A client id of this profile: `ck`, its six characters, and that."""
    known = next(order.client_id for order in venue.core.orders.values() if order.client_id.startswith(MARK))
    return f"{known[:8]}{order_id}"


def rest(venue: TradingVenue, client_id: str, held: float, owner: str = "client") -> None:
    """A reduce-only order for all of a long, far away."""
    symbol = venue.symbol("ETH")
    price = Decimal(4_400)
    venue.core.place(
        OrderAsked(symbol, "sell", "limit", venue.units("ETH", held), client_id, price, reduce_only=True, owner=owner)
    )


async def leave(stage: Stage, trade_id: str) -> None:
    answer = await stage.command(lambda now_ns, command_id: CloseTrade(now_ns, command_id, "test", trade_id))
    assert answer.ok, answer.sentence


async def bare_without_targets(stage: Stage, client_id: str, owner: str) -> TradingVenue:
    """A trade whose targets somebody took off, an unknown order in their place, and a stop that fails when due."""
    venue: TradingVenue = stage.binance
    trade = await stage.open_trade("ETH", venue="binance")
    for order in list(venue.open_orders):
        venue.core.cancel(order)
    await stage.until(lambda: not stage.engine.book._orders.of_trade(trade.trade_id)[2:])
    rest(venue, client_id if owner == "stranger" else our_id(venue, client_id), trade.open_qty, owner)
    venue.core.algos.rejects_triggered = "Reduce Only reject"
    stage.move("ETH", -60)
    await stage.until(lambda: stage.closed(trade.trade_id), within_s=10.0)
    return venue


async def test_a_target_of_ours_that_no_journal_has_is_not_in_the_way_of_a_close(tmp_path: Path) -> None:
    """An engine was killed after its targets had left and before its journal had them."""
    async with staged(tmp_path) as stage:
        venue = await bare_without_targets(stage, "t000001t9", "client")
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await stage.until(lambda: stage.is_bare(venue))
        assert stage.saw("reduce-only sell 0.01… ETH … carries our mark and is in no journal of ours: cancelled")


async def test_an_order_of_others_is_not_in_the_way_of_a_close_where_nothing_guards(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        venue = await bare_without_targets(stage, "web_77", "stranger")
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        assert stage.saw("… is not ours, and holds the quantity that our close needs: cancelled")


async def test_an_order_of_others_stays_while_a_stop_of_ours_rests(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.binance
        trade = await stage.open_trade("ETH", venue="binance")
        for order in list(venue.open_orders):
            venue.core.cancel(order)
        rest(venue, "web_77", trade.open_qty, "stranger")
        await leave(stage, trade.trade_id)
        await stage.until(lambda: stage.saw("… not closed, … still open: …"))
        assert [order.client_id for order in venue.open_orders] == ["web_77"]
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()


async def test_a_target_whose_cancel_was_given_up_is_taken_back_for_the_close(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.binance
        trade = await stage.open_trade("ETH", venue="binance")
        lost = venue.faults.add(dropped_before(), roles={"cancel"}, times=None)
        await leave(stage, trade.trade_id)
        await stage.until(lambda: stage.saw("… not closed, … still open: …"))
        began_s = stage.world.loop.time()
        await stage.until(lambda: stage.world.loop.time() - began_s > 8.0)
        assert len(venue.open_orders) == 3, "its cancels were given up"
        venue.faults.remove(lost)
        await stage.until(lambda: stage.closed(trade.trade_id), within_s=10.0)
        await stage.until(lambda: stage.is_bare(venue))
        assert venue.watch.longest_naked_s() == 0.0


@pytest.mark.not_at("a stop takes the place of its trade's older one: two never rest", "coinbase-spot")
@pytest.mark.parametrize("name", ("binance", "okx"))
async def test_exits_of_ours_that_no_journal_has_go_once_the_trade_is_guarded_without_them(
    tmp_path: Path, name: str
) -> None:
    """Both a target and a second stop; the trade's own stay."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        known = {order.client_id for order in (*venue.open_orders, *venue.algo_orders)}
        account = stage.generation._accounts[name]
        stop = stage.engine.book._orders.get(trade.stop_order_id)
        assert stop is not None
        await account.place(stop.request, our_id(venue, "t000001s9"))
        await stage.until(lambda: stage.saw("… carries our mark and is in no journal of ours: cancelled"))
        await stage.until(
            lambda: {order.client_id for order in (*venue.open_orders, *venue.algo_orders)} == known, within_s=10.0
        )
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()

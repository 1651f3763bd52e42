"""Coins with the whole engine: what other venues call a foreign position is somebody's coins there, and let be."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState
from cockpit.exchanges.coinbase.spot_books import mark_of
from tests import venue_pairs
from tests.faults.stage import Stage, staged
from tests.loopback.coinbase_spot import CoinbaseSpotVenue
from tests.loopback.trading_faults import empty, too_many

MOST_BARE_S = 1.0
BY_HAND = 0.02
WATCHED_S, MOST_AN_HOUR = 120.0, 8_000
"""The venue allows 10,000; orders and their looks-up come beside."""


@pytest.fixture(autouse=True)
def venue_pair() -> Iterator[None]:
    venue_pairs.choose(venue_pairs.WITH_SPOT)
    yield
    venue_pairs.choose(venue_pairs.FIRST)


def guarded(venue: CoinbaseSpotVenue) -> float:
    """What the stops that rest would sell."""
    return sum(float(stop.asked.qty or 0) for stop in venue.algo_orders)


def rests_alone(stage: Stage, venue: CoinbaseSpotVenue, trade_id: str) -> bool:
    """Whether the trade's own stop, as the engine knows it, is all that rests there."""
    trade, marks = stage.trade(trade_id), [mark_of(stop.client_id) for stop in venue.algo_orders]
    own = [mark.client_id[8:] for mark in marks if mark is not None]
    return trade.stop_rests_on_venue and own == [trade.stop_order_id]


def named(qty: float) -> str:
    return f"coinbase: {qty:g} ETH in the account were not bought by our orders: no exit and no flatten sells them"


async def bought_beside_ours(stage: Stage, venue: CoinbaseSpotVenue, while_dead: bool) -> None:
    """Somebody buys coins on the account, while the engine runs or while none does."""
    if while_dead:
        stage.kill_now()
        await stage.bury()
    venue.trade_by_hand("ETH", "buy", BY_HAND)
    if while_dead:
        await stage.begin()
        await stage.ready()


@pytest.mark.parametrize("while_dead", [False, True])
async def test_coins_bought_by_hand_beside_ours_are_neither_guarded_nor_sold(tmp_path: Path, while_dead: bool) -> None:
    async with staged(tmp_path) as stage:
        venue: CoinbaseSpotVenue = stage.world.okx
        trade = await stage.open_trade("ETH", venue="coinbase")
        await bought_beside_ours(stage, venue, while_dead)
        await stage.until(lambda: stage.saw(f"…{named(BY_HAND)}"), 20.0)
        assert guarded(venue) == pytest.approx(trade.open_qty)
        assert stage.engine.foreign.held == () and not stage.engine.risk.venue_notices.in_the_way
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert venue.ours("ETH") == pytest.approx(0.0, abs=1e-8) and venue.held("ETH") == pytest.approx(BY_HAND)
        again = await stage.open_trade("ETH", venue="coinbase")
        assert guarded(venue) == pytest.approx(again.open_qty)
        await stage.flat()
        assert venue.held("ETH") == pytest.approx(BY_HAND) and venue.watch.oversold(venue.symbol("ETH")) == 0
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        assert stage.saw(f"… FLAT: … {named(BY_HAND)}")
        await stage.resume()
        venue.trade_by_hand("ETH", "sell", BY_HAND)
        await stage.until(lambda: stage.saw("…coinbase has nothing beside ours any more"), 20.0)


async def test_all_coins_sold_by_hand_beside_ours_leave_ours_guarded(tmp_path: Path) -> None:
    """Somebody's go first: what is then sold of ours is told, and the rest has its stop."""
    async with staged(tmp_path) as stage:
        venue: CoinbaseSpotVenue = stage.world.okx
        venue.deposit("ETH", BY_HAND)
        trade = await stage.open_trade("ETH", venue="coinbase")
        venue.trade_by_hand("ETH", "sell", BY_HAND)
        await asyncio.sleep(10.0)
        assert guarded(venue) == pytest.approx(trade.open_qty) and not stage.closed(trade.trade_id)
        venue.trade_by_hand("ETH", "sell", round(trade.open_qty / 2, 8))
        await stage.until(lambda: guarded(venue) == pytest.approx(trade.open_qty / 2, abs=1e-7))
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await stage.flat()
        assert venue.held("ETH") == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("after_s", [0.05, 0.4, 0.75])
async def test_ours_sold_by_hand_while_the_stream_is_mute_are_missed_within_a_second(
    tmp_path: Path, after_s: float
) -> None:
    """A stop leaves before such a sale: a list of our orders shows that, however seldom the coins are read."""
    async with staged(tmp_path) as stage:
        venue: CoinbaseSpotVenue = stage.world.okx
        trade = await stage.open_trade("ETH", venue="coinbase")
        await asyncio.sleep(10.0)
        looks = len(venue.called("lookup"))
        await stage.until(lambda: len(venue.called("lookup")) > looks)
        await asyncio.sleep(after_s)
        venue.user_stream.stalled = True
        venue.trade_by_hand("ETH", "sell", round(trade.open_qty / 2, 8))
        await stage.until(lambda: guarded(venue) == pytest.approx(trade.open_qty / 2, abs=1e-7))
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.user_stream.stalled = False
        await stage.flat()


async def test_ours_sold_by_hand_while_the_list_of_coins_hides_them_leave_the_rest_guarded(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        venue: CoinbaseSpotVenue = stage.world.okx
        trade = await stage.open_trade("ETH", venue="coinbase")
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        venue.trade_by_hand("ETH", "sell", round(trade.open_qty / 2, 8))
        await stage.until(lambda: stage.trade(trade.trade_id).open_qty == pytest.approx(trade.open_qty / 2, abs=1e-7))
        assert guarded(venue) == pytest.approx(trade.open_qty / 2, abs=1e-7) and not venue.called("close")
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.faults.remove(hides)
        await stage.flat()


async def test_an_open_trade_is_watched_within_the_hours_requests(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        venue: CoinbaseSpotVenue = stage.world.okx
        await stage.open_trade("ETH", venue="coinbase")
        await asyncio.sleep(10.0)
        before = len(venue.calls)
        await asyncio.sleep(WATCHED_S)
        assert (len(venue.calls) - before) * 3_600 / WATCHED_S <= MOST_AN_HOUR
        await stage.flat()


async def test_a_stop_that_is_turned_away_for_the_rate_lets_its_sale_go_first(tmp_path: Path) -> None:
    """Each asks again as soon as it may: the stop's request would have the sale turned away every time."""
    async with staged(tmp_path) as stage:
        venue: CoinbaseSpotVenue = stage.world.okx
        venue.faults.add(too_many(None), roles={"stop"}, times=None)
        trade_id = await stage.enter("ETH", venue="coinbase")
        await stage.until(lambda: stage.closed(trade_id))
        assert venue.ours("ETH") == pytest.approx(0.0, abs=1e-8)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await stage.flat()


async def test_a_stop_of_ours_that_no_journal_has_makes_room_for_the_trades_own(tmp_path: Path) -> None:
    """It took the place of the trade's stop; that is laid again in its place."""
    async with staged(tmp_path) as stage:
        venue: CoinbaseSpotVenue = stage.world.okx
        trade = await stage.open_trade("ETH", venue="coinbase")
        stop = stage.engine.book._orders.get(trade.stop_order_id)
        assert stop is not None
        mark = venue.algo_orders[0].client_id[:8]
        await stage.generation._accounts["coinbase"].place(stop.request, f"{mark}t000001s9")
        assert [one.client_id for one in venue.algo_orders] == [f"{mark}t000001s9"]
        await stage.until(lambda: rests_alone(stage, venue, trade.trade_id))
        assert guarded(venue) == pytest.approx(trade.open_qty)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await asyncio.sleep(10.0)
        assert len(venue.algo_orders) == 1 and stage.state is EngineState.ARMED
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id) and stage.is_bare(venue))
        assert venue.ours("ETH") == pytest.approx(0.0, abs=1e-8)
        await stage.flat()

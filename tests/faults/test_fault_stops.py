"""Rows 8, 9, 17, 18 and 42: at every instant a stop of the position's size, or a close on its way."""

from decimal import Decimal
from pathlib import Path

import pytest

from cockpit.domain.kinds import ExitReason, OrderRole, TradePhase
from tests.faults.stage import Stage, staged
from tests.faults.venue_terms import BAD_PRICE, FIRES_PASSED_STOPS, MALFORMED
from tests.loopback.trading_faults import dropped_before, late, rejected, too_many, unknown
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")


def stops(venue: TradingVenue) -> list[Decimal]:
    """The sizes of the stops that rest there, in base coins."""
    return [(algo.asked.qty or Decimal(0)) * venue.core.rules[algo.asked.symbol].unit for algo in venue.algo_orders]


def covered(stage: Stage, venue: TradingVenue) -> bool:
    return [float(qty) for qty in stops(venue)] == [pytest.approx(abs(venue.held("ETH")))]


@pytest.mark.not_at("a stop holds the coins that a sale needs, and leaves for it", "coinbase-spot")
@pytest.mark.every_venue
@pytest.mark.parametrize("name", VENUES)
async def test_08_the_stop_stays_until_the_position_is_gone(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        refused = venue.faults.add(rejected(MALFORMED[name]), roles={"close"}, times=None)
        await stage.flatten()
        await stage.until(lambda: len([hit for hit in venue.faults.hit if hit[0] == "close"]) >= 5)
        assert venue.held("ETH") and covered(stage, venue), "the close is refused, the stop is there"
        venue.faults.remove(refused)
        await stage.until(lambda: stage.closed(trade.trade_id))
        await stage.until(lambda: stage.is_bare(venue))
        assert venue.watch.longest_naked_s() == 0.0
        cancelled_ns = min(call.arrived_ns for call in venue.called("cancel_stop"))
        assert cancelled_ns > venue.called("close")[-1].arrived_ns
        assert not stage.missed(8)


@pytest.mark.not_at("a stop holds its coins: its successor is laid once it is off", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_08_a_stop_that_is_moved_is_never_missing(tmp_path: Path, name: str) -> None:
    """The first target fills, the stop moves to the entry; its first two tries are turned away."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.faults.add(too_many(1), roles={"stop"}, times=2)
        stage.move("ETH", 27)
        await stage.until(lambda: stage.trade(trade.trade_id).stop_at_entry and covered(stage, venue))
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()


@pytest.mark.not_at("a stop holds its coins: they cannot be sold while it rests", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_09_a_stop_that_outlives_its_position_opens_nothing_and_is_swept(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        lost = venue.faults.add(dropped_before(), roles={"cancel_stop"}, times=None)
        venue.trade_by_hand("ETH", "sell", trade.open_qty)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert venue.algo_orders, "the stop is still there"
        venue.faults.remove(lost)
        await stage.until(lambda: not venue.algo_orders)
        stage.move("ETH", -60)
        assert stage.is_bare(venue) and venue.held("ETH") == 0
        statuses = stage.rows("select status from orders where role = 'stop'")
        assert statuses == [("cancelled",)]
        assert not stage.missed(9)


@pytest.mark.not_at("a stop holds its coins: they cannot be sold while it rests", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_09_a_stop_that_triggers_after_the_close_opens_nothing(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.faults.add(dropped_before(), roles={"cancel_stop"}, times=None)
        venue.trade_by_hand("ETH", "sell", trade.open_qty)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert venue.algo_orders
        stage.move("ETH", -60)
        assert venue.held("ETH") == 0 and not venue.positions
        venue.faults.clear()
        await stage.until(lambda: stage.is_bare(venue))


@pytest.mark.not_at("none of its targets rests: each is watched and sold", "coinbase-spot")
@pytest.mark.every_venue
@pytest.mark.not_at("what does not fill at once is cancelled", "hyperliquid")
@pytest.mark.parametrize("name", VENUES)
async def test_17_the_stop_has_the_positions_size_after_every_fill(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.core.fill_next(0.3)
        trade_id = await stage.enter("ETH", venue=name)
        order = venue.core.open_orders()[0] if venue.core.open_orders() else None
        await stage.until(lambda: bool(venue.open_orders) and covered(stage, venue))
        order = order or venue.open_orders[0]
        for share in (0.4, 1.0):
            venue.core.fill(order, share)
            await stage.until(lambda: covered(stage, venue))
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue and bool(venue.open_orders))
        assert venue.held("ETH") == pytest.approx(stage.trade(trade_id).asked_qty)
        assert venue.watch.longest_naked_s() < stage.config.execution.stop_within_s
        target = min(venue.open_orders, key=lambda one: one.price or Decimal(0))
        venue.core.fill(target, 0.5)
        await stage.until(lambda: covered(stage, venue))
        sizes = stage.rows("select count(*) from orders where role = 'stop'")
        assert sizes[0][0] >= 4
        assert not stage.missed(17)
        await stage.flat()


@pytest.mark.every_venue
@pytest.mark.parametrize("name", VENUES)
async def test_18_a_stop_that_is_refused_closes_the_position_at_once(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.core.algos.gone = True
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(trade_id))
        assert stage.trade(trade_id).exit_reason is ExitReason.NO_STOP
        assert stage.is_bare(venue)
        assert venue.watch.longest_naked_s() < stage.config.execution.stop_within_s
        assert stage.rows("select status from orders where role = 'stop'") == [("rejected",)]
        assert stage.rows("select exit_reason from trades") == [("no_stop",)]
        assert not stage.missed(18)


@pytest.mark.parametrize("name", VENUES)
async def test_18_a_stop_nobody_answers_for_closes_within_its_second(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(unknown(executes=False), roles={"stop"}, times=None)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(trade_id))
        assert stage.trade(trade_id).exit_reason is ExitReason.NO_STOP
        assert venue.watch.longest_naked_s() <= stage.config.execution.stop_within_s
        await stage.until(lambda: stage.is_bare(venue))


@pytest.mark.parametrize("name", VENUES)
async def test_18_where_no_stop_can_rest_nothing_is_armed(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, ready=False) as stage:
        venue = stage.world.venues[name]
        venue.core.algos.gone = True
        await stage.read()
        assert stage.host.gate is not None
        items = {item.name: item for item in await stage.host.gate.items()}
        assert not items[f"stop capability.{name}"].ok
        assert "expected a protective stop to be possible" in items[f"stop capability.{name}"].detail


@pytest.mark.not_at("none of its targets rests: each is watched and sold", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_42_a_refused_target_leaves_the_position_and_its_stop(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(rejected(BAD_PRICE[name]), roles={"target"}, times=3)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: not stage.missed(42))
        assert stage.trade(trade_id).phase is TradePhase.OPEN
        assert covered(stage, venue) and venue.watch.longest_naked_s() == 0.0
        refused = stage.rows("select distinct role from orders where status = 'rejected'")
        assert refused == [(OrderRole.TARGET.value,)]
        await stage.flat()


@pytest.mark.not_at("it has no mark: its stops go by the last price", "coinbase", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_42_a_stop_that_the_market_has_passed_closes_at_once(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        price = stage.world.prices["ETH"]
        venue.core.set_price(venue.symbol("ETH"), price, price + 0.01, price * 0.99)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(trade_id))
        by_stop = name in FIRES_PASSED_STOPS
        assert stage.trade(trade_id).exit_reason is (ExitReason.STOP if by_stop else ExitReason.NO_STOP)
        assert stage.is_bare(venue)
        assert venue.watch.longest_naked_s() < stage.config.execution.stop_within_s


@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_that_was_sent_twice_does_not_rest_again_after_it_was_cancelled(tmp_path: Path, name: str) -> None:
    """Both are carried out late: the first is taken back with its trade, the second arrives after that."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        lost = venue.faults.add(late(), roles={"stop"}, times=None)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(trade_id))
        venue.faults.remove(lost)
        first, second, *_ = venue.waiting
        for call in (first, second):
            venue.waiting[:] = [call]
            venue.carry_out_late()
            # Without a position a reduce-only order is taken back at once (the second OKX), or refused (Coinbase).
            assert venue.algo_orders or name in ("okx", "coinbase")
            await stage.until(lambda: stage.is_bare(venue), 8.0 + 2 * stage.generation._accounts[name].least_round_s)
        assert not venue.watch.doubled

"""Rows 1 to 4: what nobody knows of an order is asked for by its id, for as long as it takes, and never sent again."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import OrderStatus, TradePhase
from tests.faults.stage import Stage, staged
from tests.loopback.trading_faults import (
    Fault,
    FaultAnswer,
    dropped_after,
    dropped_before,
    empty,
    hanging,
    late,
    timed_out,
    truncated,
    unknown,
)
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
LOOKUPS = ("lookup", "lookup_stop", "open_orders", "open_stops", "positions", "history")


def fail_once_entered(stage: Stage, venue: TradingVenue, fault: Fault, for_s: float) -> None:
    """Every question goes wrong for so long from the entry's arrival on: where coins are bought for the money that the
    account lists, none leaves before that was read.
    """
    venue.faults.policy = lambda role: fault if role in LOOKUPS and venue.called("entry") else None
    stage.world.loop.call_later(for_s, setattr, venue.faults, "policy", lambda role: None)


def entries(venue: TradingVenue) -> list[str]:
    """The client ids of the orders that may open, as the venue took them."""
    return [order.client_id for order in venue.core.orders.values() if not order.reduce_only]


def one_entry(stage: Stage, venue: TradingVenue, trade_id: str) -> bool:
    """One order, one position, one request in the journal, and a stop."""
    request = f"select count(*) from requests where request = 'place_order' and body like '%{trade_id}e%'"
    [client_id] = entries(venue)
    return (
        client_id.endswith(f"{trade_id}e1")
        and len(venue.called("entry")) == 1
        and stage.rows(request) == [(1,)]
        and abs(venue.held("ETH")) == pytest.approx(stage.trade(trade_id).open_qty)
    )


@pytest.mark.parametrize("fault", [dropped_after(), truncated()], ids=["cut", "half an answer"])
@pytest.mark.parametrize("name", VENUES)
async def test_01_an_entry_whose_answer_is_lost_is_found_and_never_sent_again(
    tmp_path: Path, name: str, fault: Fault
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        venue.faults.add(fault, roles={"entry"})
        trade = await stage.open_trade("ETH", venue=name)
        assert one_entry(stage, venue, trade.trade_id)
        assert trade.stop_rests_on_venue and venue.watch.longest_naked_s() < 1
        assert stage.rows("select status, filled_qty from orders where role = 'entry'") == [("filled", trade.entry_qty)]
        assert stage.rows("select count(*) from fills where order_id like '%e1'") == [(1,)]
        assert not stage.missed(1)
        venue.user_stream.stalled = False
        await stage.flat()


@pytest.mark.every_venue
@pytest.mark.parametrize("name", VENUES)
async def test_01_an_entry_whose_answer_takes_half_a_minute_is_found_with_the_next_look(
    tmp_path: Path, name: str
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        venue.faults.add(hanging(30), roles={"entry"})
        trade = await stage.open_trade("ETH", venue=name)
        assert one_entry(stage, venue, trade.trade_id)
        assert venue.watch.longest_naked_s() < stage.config.execution.reconcile_every_s + 1
        venue.user_stream.stalled = False
        await stage.flat()


@pytest.mark.parametrize("after_s", [1.0, 4.0])
@pytest.mark.parametrize("answer_as", [FaultAnswer.UNKNOWN, FaultAnswer.TIMEOUT])
@pytest.mark.parametrize("name", VENUES)
async def test_02_an_order_that_fills_after_the_venue_did_not_know_stays_unknown_until_then(
    tmp_path: Path, name: str, answer_as: FaultAnswer, after_s: float
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(late(after_s, answer_as), roles={"entry"})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.engine.book._orders.of_trade(trade_id)[0].status is OrderStatus.UNKNOWN)
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        assert one_entry(stage, venue, trade_id)
        assert venue.watch.longest_naked_s() < stage.config.execution.stop_within_s
        assert not stage.missed(2)
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_03_not_found_is_not_believed_before_five_seconds(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        venue.faults.add(dropped_after(), roles={"entry"})
        fail_once_entered(stage, venue, empty(), 4.0)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        assert one_entry(stage, venue, trade_id)
        assert not stage.missed(3)
        venue.user_stream.stalled = False
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_03_an_order_that_never_arrived_is_given_up_and_never_sent_again(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(dropped_before(), roles={"entry"})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.trade(trade_id).phase is TradePhase.ABANDONED)
        assert "never arrived" in stage.trade(trade_id).exit_detail
        assert len(venue.called("entry")) == 1 and not entries(venue)
        assert stage.rows("select phase from trades") == [("abandoned",)]
        await stage.flat()


@pytest.mark.parametrize("fault", [unknown(executes=False), timed_out(executes=False), dropped_before()])
@pytest.mark.parametrize("name", VENUES)
async def test_04_an_order_nobody_can_be_asked_about_is_never_written_off(
    tmp_path: Path, name: str, fault: Fault
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.user_stream.stalled = True
        venue.faults.add(dropped_after(), roles={"entry"})
        fail_once_entered(stage, venue, fault, 20.0)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        assert one_entry(stage, venue, trade_id)
        assert not stage.missed(4)
        venue.user_stream.stalled = False
        await stage.flat()

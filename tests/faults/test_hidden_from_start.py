"""A position that the venue hides from its first fill: whatever else tells of it is enough for its stop."""

import asyncio
from pathlib import Path

import pytest

from cockpit.domain.kinds import TradePhase
from tests import venue_pairs
from tests.faults.stage import Stage, staged
from tests.faults.venue_terms import not_found
from tests.loopback.trading_faults import dropped_after, empty
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
MOST_BARE_S = 1.0
BREAKS = {
    "the stream": (),
    "the answer": ("stream",),
    "its id": ("stream", "answer"),
    "the executions": ("stream", "answer", "its id"),
    "nothing": ("stream", "answer", "its id", "executions"),
}
"""What is left to tell of the fill, and what is broken besides the list of positions."""


def hide(venue: TradingVenue, name: str, broken: tuple[str, ...]) -> None:
    """From the entry's arrival on: where coins are bought for the money that the account lists, none leaves before."""
    venue.faults.policy = lambda role: empty() if role == "positions" and venue.called("entry") else None
    venue.user_stream.stalled = "stream" in broken
    if "answer" in broken:
        venue.faults.add(dropped_after(), roles={"entry"})
    if "its id" in broken:
        venue.faults.add(not_found(name), roles={"lookup"}, times=None)
    if "executions" in broken:
        venue.faults.add(empty(), roles={"history"}, times=None)


def show(venue: TradingVenue) -> None:
    venue.faults.clear()
    venue.faults.policy = lambda role: None
    venue.user_stream.stalled = False


async def guarded(stage: Stage, venue: TradingVenue, trade_id: str) -> None:
    """One stop rests for all of it, and the trade knows it."""
    await stage.until(lambda: venue.watch.covered(venue.symbol("ETH")) and stage.trade(trade_id).stop_rests_on_venue)


@pytest.mark.parametrize("told_by", list(BREAKS)[:-1])
@pytest.mark.parametrize("name", VENUES)
async def test_it_has_its_stop_within_a_second_of_its_fill(tmp_path: Path, name: str, told_by: str) -> None:
    if told_by == "the executions" and venue_pairs.is_spot() and name != "binance":
        pytest.skip("which coins are ours its list of orders alone says")
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        hide(venue, name, BREAKS[told_by])
        trade_id = await stage.enter("ETH", venue=name)
        await guarded(stage, venue, trade_id)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await asyncio.sleep(20.0)
        assert stage.trade(trade_id).phase is TradePhase.OPEN and len(venue.algo_orders) == 1
        show(venue)
        await stage.until(lambda: not stage.engine.risk.venue_notices.in_the_way)
        assert stage.trade(trade_id).open_qty == pytest.approx(abs(venue.held("ETH")))
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        assert len(venue.called("entry")) == 1
        await stage.flat()


@pytest.mark.every_venue
@pytest.mark.parametrize("name", VENUES)
async def test_its_order_is_enough_where_no_execution_is_listed_either(tmp_path: Path, name: str) -> None:
    """Also where the venue says how much of it has executed and not at which price."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        hide(venue, name, ("stream", "executions"))
        trade_id = await stage.enter("ETH", venue=name)
        await guarded(stage, venue, trade_id)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        await asyncio.sleep(8.0)
        assert stage.trade(trade_id).phase is TradePhase.OPEN and len(venue.algo_orders) == 1
        show(venue)
        await stage.until(lambda: not stage.engine.risk.venue_notices.in_the_way)
        await stage.until(lambda: len(stage.rows("select fill_id from fills")) >= 1)
        assert stage.trade(trade_id).open_qty == pytest.approx(abs(venue.held("ETH")))
        booked = sum(execution.price * execution.qty for execution in venue.executions)
        assert stage.trade(trade_id).entry_price == pytest.approx(float(booked / sum(e.qty for e in venue.executions)))
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_what_nothing_tells_of_is_named_and_leaves_once_anything_does(tmp_path: Path, name: str) -> None:
    """Its trade was given up by then: the position has its stop at once, and is closed."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        hide(venue, name, BREAKS["nothing"])
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(
            lambda: stage.saw(f"{trade_id}e1 (entry of … on {name}) unknown, asked for by its id: …"), 1.0
        )
        await asyncio.sleep(9.0)
        assert venue.held("ETH") and not venue.algo_orders
        show(venue)
        shown_s = stage.world.loop.time()
        await stage.until(lambda: venue.watch.covered(venue.symbol("ETH")))
        assert stage.world.loop.time() - shown_s <= MOST_BARE_S
        await stage.until(lambda: stage.closed(trade_id) and stage.is_bare(venue))
        assert stage.trade(trade_id).entry_qty > 0.0, "it is in the books"
        assert len(venue.called("entry")) == 1

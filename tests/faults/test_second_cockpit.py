"""Another cockpit on the same account: this one halts, and its books follow the venue's executions to the end."""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState, ExitReason
from tests.faults.stage import Stage, staged
from tests.faults.venue_terms import MALFORMED
from tests.loopback import matching_hands
from tests.loopback.trading_faults import hanging, rejected
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
MOST_BARE_S = 1.0
NUMBERS = count(1)


def other(venue: TradingVenue, side: str, qty: float) -> None:
    """The other cockpit trades, under a mark that is not this profile's."""
    units = float(venue.units("ETH", qty))
    matching_hands.trade_by_hand(venue.core, venue.symbol("ETH"), side, units, f"ckzzzzzzt{next(NUMBERS):06d}e1")


async def halted(stage: Stage) -> None:
    await stage.until(lambda: stage.state is EngineState.HALTED)
    assert "another cockpit trades this account" in stage.engine.risk.reason


@pytest.mark.not_at("a stop holds its coins: they cannot be sold while it rests", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_one_that_adds_and_then_flattens_takes_ours_along(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        other(venue, "buy", 0.06)
        await halted(stage)
        assert stage.trade(trade.trade_id).open_qty == trade.open_qty, "what it holds is not ours"
        other(venue, "sell", 0.06 + trade.open_qty)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.OUTSIDE
        await stage.until(lambda: stage.is_bare(venue))
        booked = stage.rows("select sum(qty) from fills where order_id like 'outside-%'")
        assert booked == [(pytest.approx(trade.open_qty),)], "at the venue's own executions"


@pytest.mark.not_at("a stop holds its coins: they cannot be sold while it rests", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_one_that_trades_the_other_way_took_ours_only_as_far_as_it_went(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        other(venue, "sell", 0.06)
        venue.watch.flips.clear()
        await halted(stage)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert stage.trade(trade.trade_id).exit_qty == pytest.approx(trade.open_qty)
        assert venue.held("ETH") == pytest.approx(trade.open_qty - 0.06), "the rest is not ours to close"
        await stage.flat()


@pytest.mark.not_at("a stop holds its coins: they cannot be sold while it rests", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_a_trade_that_was_closing_when_the_other_took_it_is_over(tmp_path: Path, name: str) -> None:
    """Its close is refused, then there is nothing left to close."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        refused = venue.faults.add(rejected(MALFORMED[name]), roles={"close"}, times=None)
        await stage.flatten()
        await stage.until(lambda: bool(venue.faults.hit))
        for order in list(venue.open_orders):
            venue.core.cancel(order)
        other(venue, "sell", trade.open_qty)
        venue.faults.remove(refused)
        await stage.until(lambda: stage.closed(trade.trade_id))
        await stage.until(lambda: not stage.engine.book.trades and stage.is_bare(venue))


@pytest.mark.parametrize("name", VENUES)
async def test_both_enter_in_the_same_instant(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(hanging(0.2), roles={"entry"})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: bool(venue.called("entry")))
        other(venue, "buy", 0.011)
        await halted(stage)
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        ours = sum(
            float(algo.asked.qty or 0) * float(venue.core.rules[algo.asked.symbol].unit) for algo in venue.algo_orders
        )
        assert ours == pytest.approx(stage.trade(trade_id).open_qty)
        other(venue, "sell", 0.011)
        await asyncio.sleep(5)
        assert stage.trade(trade_id).open_qty == pytest.approx(venue.held("ETH"))
        await stage.flat()

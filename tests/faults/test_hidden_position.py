"""An empty answer is one witness: a venue that hides a position for a while costs nothing."""

import asyncio
from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState, ExitReason, Side, TradePhase
from cockpit.engine.views import snapshot
from tests import venue_pairs
from tests.faults.stage import Stage, staged
from tests.loopback.trading_faults import empty, hanging
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")


def stop_ids(venue: TradingVenue) -> list[str]:
    return [algo.client_id for algo in venue.algo_orders]


@pytest.mark.not_at("a list that leaves a coin out hides nothing: our orders say what was bought", "coinbase-spot")
@pytest.mark.parametrize("hidden_s", [2.0, 8.0, 12.0, 25.0])
@pytest.mark.parametrize("name", VENUES)
async def test_a_position_that_the_venue_hides_keeps_its_stop(tmp_path: Path, name: str, hidden_s: float) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        before = stop_ids(venue)
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        await asyncio.sleep(hidden_s)
        assert stage.trade(trade.trade_id).phase is TradePhase.OPEN
        assert stop_ids(venue) == before
        if hidden_s > 2.0:
            assert stage.saw(f"{name} does not list …")
            assert "unknown, its stop stays" in snapshot(stage.engine).open_trades[0].unknown
            assert stage.saw("ETH LONG  UNKNOWN …")
            answer = await stage.signal("ETH", venue=name)
            assert not answer.ok, "nothing is entered while it is unknown"
        venue.faults.remove(hides)
        await stage.until(lambda: not stage.engine.risk.venue_notices.in_the_way)
        assert stage.trade(trade.trade_id).phase is TradePhase.OPEN
        assert stage.trade(trade.trade_id).open_qty == trade.open_qty
        assert stop_ids(venue) == before
        assert snapshot(stage.engine).open_trades[0].unknown == ""
        assert venue.watch.longest_naked_s() == 0.0
        await stage.flat()


@pytest.mark.parametrize("name", VENUES)
async def test_a_position_closed_by_hand_is_gone_with_its_executions(tmp_path: Path, name: str) -> None:
    """The look and what explains it are two witnesses: then it goes at once."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.trade_by_hand("ETH", "sell", trade.open_qty)
        await stage.until(lambda: stage.closed(trade.trade_id), 4.0)
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.OUTSIDE
        await stage.until(lambda: stage.is_bare(venue))


@pytest.mark.not_at("a stop holds its coins: they cannot be sold while it rests", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_a_position_that_nothing_explains_is_given_up_after_a_minute(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.faults.add(empty(), roles={"history"}, times=None)
        venue.user_stream.drop_next = 10_000
        venue.trade_by_hand("ETH", "sell", trade.open_qty)
        await asyncio.sleep(40)
        assert not stage.closed(trade.trade_id) and venue.algo_orders
        await stage.until(lambda: stage.closed(trade.trade_id), 40.0)
        assert "a guess" in stage.trade(trade.trade_id).exit_detail
        await stage.until(lambda: stage.is_bare(venue))


@pytest.mark.parametrize("name", VENUES)
async def test_a_hidden_position_is_still_closed_by_its_own_exit(tmp_path: Path, name: str) -> None:
    """The stop triggers while the position is hidden: its fill is the stop's."""
    async with staged(tmp_path) as stage:
        venue: TradingVenue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.faults.add(empty(), roles={"positions"}, times=None)
        await asyncio.sleep(6)
        stage.move("ETH", -60)
        await stage.until(lambda: stage.closed(trade.trade_id))
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.STOP
        venue.faults.clear()
        await stage.read()


@pytest.mark.not_at("a list that leaves a coin out hides nothing: our orders say what was bought", "coinbase-spot")
@pytest.mark.parametrize("hidden_s", [8.0, 12.0])
@pytest.mark.parametrize("name", VENUES)
async def test_a_flatten_that_left_some_of_a_hidden_position_keeps_its_stop(
    tmp_path: Path, name: str, hidden_s: float
) -> None:
    """Its close fills in part and its rest is lost: what our own executions add up to is not flat."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        venue.core.fill_next(0.5)
        await stage.flatten()
        await asyncio.sleep(hidden_s)
        assert stage.state is EngineState.FLATTENING
        assert not stage.saw(f"… {name} FLAT: …")
        assert stage.saw("… of ours is not listed, and no execution explains that it is gone…")
        assert venue.positions and venue.algo_orders
        venue.faults.remove(hides)
        await stage.until(lambda: stage.state is EngineState.HALTED)
        assert stage.is_bare(venue)
        assert venue.watch.longest_naked_s() <= 1.0


@pytest.mark.not_at("coins of others are no position: none of them is sold", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_a_venue_that_said_flat_and_lists_a_position_is_swept_again(tmp_path: Path, name: str) -> None:
    """The other venue hangs, so that the flatten goes on: what comes back meanwhile is closed too."""
    async with staged(tmp_path) as stage:
        elsewhere = venue_pairs.second() if name == "binance" else "binance"
        venue, other = stage.world.venues[name], stage.world.venues[elsewhere]
        await stage.open_trade("SOL", venue=elsewhere)
        hangs = other.faults.add(hanging(8.0, executes=False), roles={"close", "positions"}, times=None)
        await stage.flatten()
        await stage.until(lambda: stage.saw(f"… {name} says flat (2 of 2)"))
        venue.trade_by_hand("ETH", "buy", 0.05)
        await stage.until(lambda: not venue.positions)
        assert stage.saw(f"… {name} said flat and lists +0.05 ETH now: it is swept again")
        assert stage.state is EngineState.FLATTENING
        other.faults.remove(hangs)
        await stage.until(lambda: stage.state is EngineState.HALTED)


@pytest.mark.parametrize("side", [Side.LONG, Side.SHORT])
@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_that_the_lists_hide_is_given_a_successor(tmp_path: Path, name: str, side: Side) -> None:
    """Neither listed nor found by its id: another one is laid, and nothing is closed for it."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", side, venue=name)
        hides = venue.faults.add(empty(), roles={"open_stops"}, times=None)
        lost = venue.faults.add(missing(stage, venue), roles={"lookup_stop"}, times=None)
        await asyncio.sleep(12)
        assert stage.trade(trade.trade_id).phase is TradePhase.OPEN
        assert venue.watch.longest_naked_s() == 0.0
        venue.faults.remove(hides)
        venue.faults.remove(lost)
        await stage.until(lambda: len(venue.algo_orders) == 1 and stage.trade(trade.trade_id).stop_rests_on_venue)
        await stage.flat()


def missing(stage: Stage, venue: TradingVenue):  # type: ignore[no-untyped-def]
    from tests.loopback.trading_faults import rejected

    return rejected("-2013" if venue is stage.world.binance else "51603")


@pytest.mark.not_at("a list that leaves a coin out hides nothing: our orders say what was bought", "coinbase-spot")
@pytest.mark.parametrize("name", VENUES)
async def test_what_others_traded_just_before_ours_does_not_explain_its_absence(tmp_path: Path, name: str) -> None:
    """As much as ours was sold by somebody a second before: it took nothing of a position that had not begun."""
    async with staged(tmp_path / "first") as stage:
        qty = (await stage.open_trade("ETH", venue=name)).open_qty
    async with staged(tmp_path / "second") as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", qty)
        venue.trade_by_hand("ETH", "sell", qty)
        await asyncio.sleep(1.0)
        trade = await stage.open_trade("ETH", venue=name)
        assert trade.open_qty == qty
        before = stop_ids(venue)
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        await asyncio.sleep(12.0)
        assert stage.trade(trade.trade_id).phase is TradePhase.OPEN and stop_ids(venue) == before
        assert stage.saw(f"{name} does not list …")
        venue.faults.remove(hides)
        await stage.until(lambda: not stage.engine.risk.venue_notices.in_the_way)
        assert stage.trade(trade.trade_id).open_qty == qty and stop_ids(venue) == before
        await stage.flat()

"""Rows 10 to 16: out, whatever stands in the way. Flat is what the venue says, twice."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState, ExitReason
from cockpit.exchanges.base.timing import Timing
from cockpit.flatten.direct import flatten_directly
from cockpit.flatten.steps import FlattenStep
from tests import venue_pairs
from tests.faults.stage import staged
from tests.faults.venue_terms import TOO_SMALL
from tests.faults.world import real_config, world
from tests.loopback.trading_faults import (
    Fault,
    banned,
    dropped_after,
    dropped_before,
    empty,
    hanging,
    late,
    overloaded,
    rejected,
    too_many,
    truncated,
    unknown,
)

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
WAYS = ("close", "cancel", "cancel_stop", "positions", "open_orders", "open_stops", "lookup", "lookup_stop", "history")
FAULTS = {
    "cut before": dropped_before(),
    "cut after": dropped_after(),
    "half an answer": truncated(),
    "unknown": unknown(),
    "unknown and not done": unknown(executes=False),
    "overloaded": overloaded(),
    "429": too_many(2),
    "418": banned(5),
    "hanging": hanging(30),
}


@pytest.mark.not_at("none of its targets rests: each is watched and sold", "coinbase-spot")
@pytest.mark.every_venue
@pytest.mark.parametrize("name", VENUES)
async def test_10_targets_go_before_the_close_and_the_stop_after_it(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        assert venue.core.reserves or name != "binance"
        await stage.open_trade("ETH", venue=name)
        venue.faults.add(dropped_before(), roles={"cancel"}, times=2)
        await stage.flat()
        close_ns = venue.called("close")[0].arrived_ns
        assert venue.called("cancel")[0].arrived_ns < close_ns < venue.called("cancel_stop")[0].arrived_ns
        assert venue.watch.longest_naked_s() == 0.0
        assert not stage.missed(10)
        roles = dict(stage.rows("select role, status from orders where role in ('stop', 'target')"))
        assert roles == {"stop": "cancelled", "target": "cancelled"}


@pytest.mark.parametrize("name", VENUES)
async def test_11_a_close_of_what_is_gone_looks_again_and_stops(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.trade_by_hand("ETH", "sell", trade.open_qty)
        await stage.flat()
        assert len(venue.called("close")) <= 3
        assert stage.trade(trade.trade_id).exit_reason is ExitReason.OUTSIDE or venue.called("close") == []
        assert not stage.missed(11)


@pytest.mark.not_at("its name for a size off the grid is dust for less than its least only", "krakenfutures")
@pytest.mark.parametrize("name", VENUES)
async def test_12_dust_is_declared_and_tried_again_without_hurry(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        refused = venue.faults.add(rejected(TOO_SMALL[name]), roles={"close"}, times=None)
        await stage.flatten()
        await stage.until(lambda: not stage.missed(12))
        before = len(venue.called("close"))
        began_s = stage.world.loop.time()
        await stage.until(lambda: stage.world.loop.time() - began_s > 90, 100)
        assert 1 <= len(venue.called("close")) - before <= 4, "about every half minute"
        assert stage.state is EngineState.FLATTENING and venue.held("ETH")
        venue.faults.remove(refused)
        await stage.until(lambda: stage.state is EngineState.HALTED)
        assert stage.is_bare(venue)


@pytest.mark.not_at("coins of others stay, and none can be sold short", "coinbase-spot")
async def test_13_everything_on_the_account_goes_ours_or_not(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.open_trade("ETH", venue="binance")
        await stage.open_trade("SOL", venue=venue_pairs.second())
        for venue in stage.world.venues.values():
            venue.trade_by_hand("XRP", "buy", 100)
            venue.trade_by_hand("BTC", "sell", 0.01)
        await stage.flat()
        assert not stage.missed(13)
        booked = stage.rows("select count(*) from fills where order_id like 'flatten-%' or order_id like '%c_'")
        assert booked[0][0] >= 2
        assert stage.rows("select distinct phase from trades") == [("closed",)]


@pytest.mark.every_venue
@pytest.mark.parametrize("name", VENUES)
async def test_14_an_entry_that_rests_is_taken_back_first(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.core.fill_next(0.4)
        await stage.enter("ETH", venue=name)
        await stage.until(lambda: bool(venue.algo_orders))
        await stage.flat()
        assert not stage.missed(14)
        assert stage.rows("select status from orders where role = 'entry'") == [("cancelled",)]
        stage.move("ETH", -30)
        assert stage.is_bare(venue)


@pytest.mark.parametrize("name", VENUES)
async def test_14_an_entry_that_fills_during_the_flatten_is_closed_too(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(late(4.0), roles={"entry"})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.saw("unknown, asked for by its id"))
        await stage.flat()
        assert venue.executions, "it did fill"
        assert stage.closed(trade_id)
        assert not stage.missed(14)


@pytest.mark.parametrize("name", VENUES)
async def test_15_one_empty_answer_is_not_flat(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.trade_by_hand("ETH", "buy", 0.02)
        venue.faults.add(empty(), roles={"positions"})
        await stage.flat()
        assert not stage.missed(15)


@pytest.mark.parametrize("name", VENUES)
async def test_15_one_empty_answer_closes_no_trade(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.faults.add(empty(), roles={"positions"})
        hits = len(venue.faults.hit)
        await stage.until(lambda: len(venue.faults.hit) > hits)
        reads = len(venue.called("positions"))
        await stage.until(lambda: len(venue.called("positions")) > reads + 2)
        assert not stage.closed(trade.trade_id) and venue.algo_orders
        await stage.flat()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("name", VENUES)
async def test_16_no_fault_stops_the_flatten(tmp_path: Path, name: str, fault: Fault) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        for role in WAYS:
            venue.faults.add(fault, roles={role}, times=2)
        await stage.flat(within_s=180)
        assert stage.saw("… FLAT: the venue holds nothing and rests nothing")


async def test_16_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.open_trade("ETH", venue="binance")
        stage.binance.faults.add(dropped_before(), roles={"positions", "open_orders"}, times=6)
        await stage.flat()
        assert not stage.missed(16)


@pytest.mark.parametrize("name", VENUES)
async def test_16_a_hanging_venue_holds_up_no_other(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        hangs, other = (stage.world.venues[one] for one in sorted(stage.world.venues, key=lambda one: one != name))
        await stage.open_trade("ETH", venue=name)
        await stage.open_trade("SOL", venue=next(one for one in stage.world.venues if one != name))
        stuck = hangs.faults.add(hanging(1_000, executes=False), times=None)
        began_s = stage.world.loop.time()
        await stage.flatten()
        await stage.until(lambda: stage.is_bare(other))
        assert stage.world.loop.time() - began_s < 2.0
        assert stage.state is EngineState.FLATTENING
        hangs.faults.remove(stuck)
        await stage.until(lambda: stage.state is EngineState.HALTED, 120)
        assert stage.is_bare(hangs)


async def test_16_the_road_without_an_engine_and_without_a_journal() -> None:
    async with world() as made:
        for venue in made.venues.values():
            venue.trade_by_hand("ETH", "buy", 0.05)
            venue.faults.add(dropped_before(), roles={"close"}, times=2)
        steps: list[FlattenStep] = []
        accounts = made.accounts(real_config(), made.venues)
        assert await flatten_directly(accounts, steps.append, timing=Timing(made.loop.now_ns))
        assert not made.binance.positions and not made.okx.positions
        assert {step.venue for step in steps if step.name == "FLAT"} == set(made.venues)

"""What no stream tells of is found and guarded in time: between two rounds, while it changes, and after a restart."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.stage import staged
from tests.loopback.matching_terms import Algo
from tests.loopback.trading_faults import dropped_before, empty
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True
pytestmark = pytest.mark.not_at("coins of others are no position: they are named, and left", "coinbase-spot")

VENUES = pytest.mark.parametrize("name", ("binance", "okx"))
PROTECT = ("execution.foreign_positions=protect", "execution.foreign_stop_bps=200")
MOST_BARE_S = 1.0
A_PEEK_S = 0.7
"""The time between two rounds in equal parts, each of six tenths of a second at the least."""
NEXT_READ_S = 0.3
AT_ONCE_S = 0.1
SETTLED_S = 3.0


def covers(venue: TradingVenue) -> bool:
    return venue.watch.covered(venue.symbol("ETH"))


def stop_of(venue: TradingVenue) -> Algo:
    (stop,) = venue.core.algos.open(venue.symbol("ETH"))
    return stop


async def listed(venue: TradingVenue) -> None:
    """A list of positions was answered just now."""
    lists = len(venue.called("positions"))
    while len(venue.called("positions")) == lists:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("after_lists", range(4))
@VENUES
async def test_a_stop_that_is_lifted_is_missed_after_one_peek(tmp_path: Path, name: str, after_lists: int) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        venue.user_stream.stalled = True
        await asyncio.sleep(SETTLED_S)
        for _ in range(after_lists + 1):
            await listed(venue)
        await asyncio.sleep(0.02)
        venue.core.algos.cancel(stop_of(venue))
        await stage.until(lambda: covers(venue))
        assert venue.watch.longest_naked_s() <= A_PEEK_S
        venue.user_stream.stalled = False
        await stage.flat()


@pytest.mark.parametrize("by_qty", (0.005, -0.005))
@VENUES
async def test_what_a_hand_changes_between_two_looks_is_guarded(tmp_path: Path, name: str, by_qty: float) -> None:
    """Ours has just been opened, so that a second look has to show what the hand added: it shows more or less of it."""
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        venue.user_stream.stalled = True
        venue.trade_by_hand("ETH", "buy", 0.02)
        await listed(venue)
        await asyncio.sleep(0.02)
        assert not covers(venue)
        venue.trade_by_hand("ETH", "buy" if by_qty > 0 else "sell", abs(by_qty))
        changed_s = stage.world.loop.time()
        await stage.until(lambda: covers(venue))
        assert stage.world.loop.time() - changed_s <= NEXT_READ_S
        venue.user_stream.stalled = False
        await stage.flat()


@VENUES
async def test_where_nothing_of_ours_can_have_made_it_one_look_shows_it(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        stage.kill_now()
        await stage.bury()
        venue.trade_by_hand("ETH", "buy", 0.02)
        await stage.begin()
        began_s = stage.world.loop.time()
        await stage.until(lambda: covers(venue))
        assert stage.world.loop.time() - began_s <= AT_ONCE_S
        await stage.flat()


@VENUES
async def test_a_stop_for_it_goes_again_as_fast_as_an_exit(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, *PROTECT) as stage:
        venue = stage.world.venues[name]
        lost = venue.faults.add(dropped_before(), roles={"stop"}, times=5)
        venue.trade_by_hand("ETH", "buy", 0.02)
        await stage.until(lambda: lost.left == 0)
        lost_s = stage.world.loop.time()
        await stage.until(lambda: covers(venue))
        assert stage.world.loop.time() - lost_s <= MOST_BARE_S
        await stage.flat()


@VENUES
async def test_a_close_that_a_restart_left_in_doubt_does_not_wait_for_a_position_that_is_hidden(
    tmp_path: Path, name: str
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.core.algos.gone = True
        lost = venue.faults.add(dropped_before(), roles={"close"}, times=None)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: venue.called("close"))
        stage.kill_now()
        await stage.bury()
        venue.faults.remove(lost)
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        await stage.begin()
        began_s = stage.world.loop.time()
        await stage.until(lambda: not venue.positions)
        assert stage.world.loop.time() - began_s <= MOST_BARE_S
        venue.faults.remove(hides)
        venue.core.algos.gone = False
        await stage.until(lambda: stage.closed(trade_id))
        await stage.flat()

"""A stop is taken off while the stream is mute and one of the venue's answers cannot be had: the others suffice."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.stage import staged
from tests.loopback.trading_faults import bad_gateway, hanging

ON_BOTH_PAIRS = True

MOST_BARE_S = 1.0
AT_ONCE_S = 0.6
"""One pause between two rounds, not a peek after it."""


@pytest.mark.parametrize("lacking", ("open_stops", "positions", "lookup_stop"))
@pytest.mark.parametrize("name", ("binance", "okx"))
async def test_it_is_laid_anew_within_the_second(tmp_path: Path, name: str, lacking: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        venue.user_stream.stalled = True
        venue.faults.add(bad_gateway(), roles={lacking}, times=None)
        for algo in venue.core.algos.open(venue.symbol("ETH")):
            venue.core.algos.cancel(algo)
        await stage.until(lambda: venue.algo_orders)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        assert not stage.closed(trade.trade_id)
        venue.faults.clear()
        venue.user_stream.stalled = False
        await stage.until(lambda: stage.trade(trade.trade_id).stop_rests_on_venue)
        await stage.flat()


@pytest.mark.parametrize("name", ("binance", "okx"))
async def test_a_list_that_waited_for_another_is_asked_for_anew(tmp_path: Path, name: str) -> None:
    """The orders were listed before the stop was taken off, the positions hung: what they tell is old by then."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        await stage.read()
        venue.user_stream.stalled = True
        rule = venue.faults.add(hanging(2.5), roles={"positions"})
        await stage.until(lambda: rule.left == 0)
        await asyncio.sleep(0.1)
        hung_until_s = stage.world.loop.time() + 2.4
        for algo in venue.core.algos.open(venue.symbol("ETH")):
            venue.core.algos.cancel(algo)
        await stage.until(lambda: venue.algo_orders)
        assert stage.world.loop.time() - hung_until_s <= AT_ONCE_S
        assert not stage.closed(trade.trade_id)
        venue.user_stream.stalled = False
        await stage.flat()

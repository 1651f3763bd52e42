"""A stop is taken off while the stream is mute and one of the venue's answers cannot be had: the others suffice."""

from pathlib import Path

import pytest

from tests.faults.stage import staged
from tests.loopback.trading_faults import bad_gateway

ON_BOTH_PAIRS = True

MOST_BARE_S = 1.0


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

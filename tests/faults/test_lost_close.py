"""The close of a trade that gets no stop is lost: it goes again within the second, whatever else stands there."""

import asyncio
from pathlib import Path

import pytest

from tests import venue_pairs
from tests.faults.stage import staged
from tests.loopback import trading_faults as faults

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
MOST_BARE_S = 1.0
HISTORY_TOO = ("bybit", "krakenfutures")
"""What their list of orders does not have, their history has."""


@pytest.mark.parametrize("is_hidden", (False, True), ids=("listed", "hidden"))
@pytest.mark.parametrize("trades", (1, 2))
@pytest.mark.parametrize("name", VENUES)
async def test_a_close_that_never_arrived_goes_again_within_the_second(
    tmp_path: Path, name: str, trades: int, is_hidden: bool
) -> None:
    """The stop of another trade there covers that one alone, and an empty list of positions is no word on either."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        if trades == 2:
            await stage.open_trade("ETH", venue=name)
        held = venue.held("ETH")
        venue.core.algos.gone = True
        venue.faults.add(faults.unknown(executes=False), roles={"close"})
        if is_hidden:
            venue.faults.add(faults.empty(), roles={"positions"}, times=None)
        second = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(second))
        assert venue.held("ETH") == pytest.approx(held)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.faults.clear()
        venue.core.algos.gone = False
        await stage.flat()


@pytest.mark.parametrize("down_s", (0.7, 2.2, 3.2, 4.4))
@pytest.mark.parametrize("name", VENUES)
async def test_a_close_that_was_lost_before_an_outage_goes_again_within_a_second_of_its_end(
    tmp_path: Path, name: str, down_s: float
) -> None:
    """What could not be asked meanwhile is asked for as soon as before."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.core.algos.gone = True
        venue.faults.add(faults.unknown(executes=False), roles={"close"})
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: venue.called("close"))
        await venue.go_down()
        await asyncio.sleep(down_s)
        await venue.come_back()
        back_s = stage.world.loop.time()
        await stage.until(lambda: not venue.held("ETH"))
        assert stage.world.loop.time() - back_s <= MOST_BARE_S
        assert len(venue.called("close")) == 2
        await stage.until(lambda: stage.closed(trade_id))
        venue.core.algos.gone = False
        await stage.flat()


@pytest.mark.parametrize("is_unknown", (False, True), ids=("known", "unknown"))
@pytest.mark.parametrize("name", VENUES)
async def test_a_close_that_was_executed_unheard_takes_nothing_of_the_other_trade(
    tmp_path: Path, name: str, is_unknown: bool
) -> None:
    """Also where the venue does not know it by its id for a while."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        first = await stage.open_trade("ETH", venue=name)
        venue.core.algos.gone = True
        venue.core.lists_lag_s = 4.0
        venue.user_stream.stalled = True
        venue.faults.add(faults.unknown(), roles={"close"})
        if is_unknown:
            hidden = venue.faults.add(faults.empty(), roles={"lookup"}, times=None)
            stage.world.loop.call_later(3.0, venue.faults.remove, hidden)
        second = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.closed(second))
        assert venue.held("ETH") == pytest.approx(first.open_qty)
        assert not stage.closed(first.trade_id)
        trades_coins = venue_pairs.is_spot() and name != "binance"
        assert stage.saw("… it never arrived") is (is_unknown and name not in HISTORY_TOO and not trades_coins)
        venue.core.lists_lag_s, venue.user_stream.stalled = 0.0, False
        venue.core.algos.gone = False
        await stage.flat()

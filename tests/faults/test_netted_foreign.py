"""An entry of ours that executes late nets with what somebody bought by hand meanwhile: a flatten ends all the same."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState, Side
from tests.faults.stage import staged
from tests.loopback.trading_faults import late

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")


@pytest.mark.not_at("nothing is sold short there", "coinbase-spot")
@pytest.mark.parametrize("policy", ("flag", "protect"))
@pytest.mark.parametrize("name", VENUES)
async def test_a_close_that_the_venue_cuts_to_what_is_left_leads_to_flat(
    tmp_path: Path, name: str, policy: str
) -> None:
    async with staged(tmp_path, f"execution.foreign_positions={policy}") as stage:
        venue = stage.world.venues[name]
        venue.faults.add(late(3.0), roles={"entry"})
        await stage.enter("ETH", Side.SHORT, venue=name)
        venue.trade_by_hand("ETH", "buy", 0.003)
        await stage.until(lambda: venue.held("ETH") == pytest.approx(-0.008, abs=0.0003))
        await stage.until(lambda: stage.engine.book.trades and stage.engine.book.trades[0].record.stop_rests_on_venue)
        began_s = stage.world.loop.time()
        assert (await stage.flatten()).ok
        await stage.until(lambda: stage.state is EngineState.HALTED)
        assert stage.world.loop.time() - began_s < 10.0
        assert stage.is_bare(venue) and not stage.engine.book.trades
        venue.watch.flips.clear()  # that was the hand's and ours together

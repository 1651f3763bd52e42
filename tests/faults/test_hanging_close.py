"""A flatten whose first close is lost on its way: the venue is swept long before anybody gives the answer up."""

from pathlib import Path

import pytest

from tests.faults.stage import staged
from tests.loopback.trading_faults import hanging

ON_BOTH_PAIRS = True

FLAT_WITHIN_S = 3.0


@pytest.mark.not_at("a stop holds the coins that a sale needs, and leaves for it", "coinbase-spot")
@pytest.mark.parametrize("name", ("binance", "okx"))
async def test_a_close_that_hangs_unexecuted_holds_the_position_for_three_seconds_at_most(
    tmp_path: Path, name: str
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        await stage.open_trade("ETH", venue=name)
        venue.faults.add(hanging(30, executes=False), roles={"close"})
        began_s = stage.world.loop.time()
        assert (await stage.flatten()).ok
        await stage.until(lambda: venue.held("ETH") == 0)
        assert stage.world.loop.time() - began_s < FLAT_WITHIN_S
        assert len(venue.called("close")) >= 2, "the first never executed"
        assert venue.watch.longest_naked_s() == 0.0, "its stop went after the position"
        await stage.until(lambda: stage.is_bare(venue))

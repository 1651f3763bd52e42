"""A venue that took an entry and does not tell of its id afterwards, while the position stands."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import Side
from tests.faults.stage import staged
from tests.faults.venue_terms import not_found
from tests.loopback.trading_faults import Fault, bad_gateway, hanging

ON_BOTH_PAIRS = True

MOST_BARE_S = 1.0


@pytest.mark.parametrize("fault", (None, bad_gateway(), hanging(30)), ids=("not found", "page", "hangs"))
@pytest.mark.parametrize(("name", "side"), (("binance", Side.LONG), ("okx", Side.SHORT)))
async def test_the_position_itself_is_believed_and_gets_its_stop(
    tmp_path: Path, name: str, side: Side, fault: Fault | None
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(fault or not_found(name), roles={"lookup"}, times=None)
        venue.user_stream.stalled = True
        trade_id = await stage.enter("ETH", side, venue=name)
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.faults.clear()
        venue.user_stream.stalled = False
        await stage.until(lambda: stage.rows("select fill_id from fills"))
        assert not stage.closed(trade_id)
        await stage.flat()

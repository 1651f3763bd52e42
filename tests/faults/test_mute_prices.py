"""No price comes any more while a stop fills: the account is asked all the same, and the books are the venue's."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import ExitReason
from tests.faults.stage import staged
from tests.faults.test_fault_stream import books_agree

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
BOOKED_WITHIN_S = 5.0


@pytest.mark.every_venue
@pytest.mark.parametrize("is_deaf", [False, True], ids=["the account is heard", "nothing is heard"])
@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_that_fills_is_booked_though_no_price_comes(tmp_path: Path, name: str, is_deaf: bool) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        trade = await stage.open_trade("ETH", venue=name)
        stage.world.market.is_mute = True
        venue.user_stream.stalled = is_deaf
        stage.move("ETH", -60)
        await stage.until(lambda: venue.held("ETH") == 0, BOOKED_WITHIN_S)
        await stage.until(lambda: stage.closed(trade.trade_id), BOOKED_WITHIN_S)
        closed = stage.trade(trade.trade_id)
        assert closed.exit_reason is ExitReason.STOP
        assert closed.exit_qty == pytest.approx(trade.open_qty)
        venue.user_stream.stalled = stage.world.market.is_mute = False
        await stage.flat()
        assert books_agree(stage, venue)

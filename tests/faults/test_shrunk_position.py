"""A close of more than is left of its position: what is held is looked at, and that much leaves, once."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.faults.stage import staged
from tests.faults.venue_terms import FIRES_PASSED_STOPS, asked_units
from tests.loopback.trading_venue import TradingVenue

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
MOST_BARE_S = 1.0


def closes(venue: TradingVenue) -> list[Decimal]:
    """The quantities of the closes that left for the venue, in order."""
    return [asked_units(call) for call in venue.called("close")]


@pytest.mark.every_venue
@pytest.mark.not_at("what does not fill at once is cancelled", "hyperliquid")
@pytest.mark.parametrize("lists_lag_s", (0.0, 4.0))
@pytest.mark.parametrize("name", VENUES)
async def test_a_stop_that_fills_unheard_as_its_entry_does_costs_one_refused_close(
    tmp_path: Path, name: str, lists_lag_s: float
) -> None:
    """The close of all of the entry is refused, as the stop took most of it and nothing rests that holds the rest; the
    executions that tell so may come late. Where a stop that the market has passed fires at once, it is the close.
    """
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.core.fill_next(0.7)
        trade_id = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.trade(trade_id).stop_rests_on_venue)
        first = venue.units("ETH", stage.trade(trade_id).open_qty)
        venue.user_stream.stalled, venue.core.lists_lag_s = True, lists_lag_s
        stage.move("ETH", -95)
        for order in venue.core.open_orders():
            venue.core.fill(order)
        left = abs(venue.core.positions[venue.symbol("ETH")].qty)
        assert 0 < left < first
        await stage.until(lambda: stage.closed(trade_id))
        # Some venues refuse what is more than the position, some cut it to that.
        by_stop = [[]] if name in FIRES_PASSED_STOPS else []
        assert closes(venue) in ([first + left, left], [first + left], [left], *by_stop)
        assert venue.watch.longest_naked_s() <= MOST_BARE_S
        assert stage.is_bare(venue)

"""An entry that never arrived takes nothing of what another trade on the same perpetual filled or closed."""

from pathlib import Path

import pytest

from cockpit.domain.kinds import TradePhase
from tests.faults.stage import Stage, staged
from tests.loopback.trading_faults import dropped_before, empty

ON_BOTH_PAIRS = True

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])


def executed_of(stage: Stage, trade_id: str) -> float:
    """What the engine holds to have executed of its entry."""
    return stage.trade(trade_id).entry_qty


@VENUES
async def test_executions_whose_order_the_venue_cannot_name_are_of_the_trade_they_were_told_for(
    tmp_path: Path, name: str
) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(dropped_before(), roles={"entry"})
        never = await stage.enter("ETH", venue=name)
        nameless = venue.faults.add(empty(), roles={"lookup"}, times=None)
        other = await stage.open_trade("ETH", venue=name)
        await stage.until(lambda: executed_of(stage, never) > 0 or stage.trade(never).phase is TradePhase.ABANDONED)
        assert executed_of(stage, never) == 0.0
        assert stage.trade(other.trade_id).open_qty == pytest.approx(venue.held("ETH"))
        venue.faults.remove(nameless)
        await stage.flat()


@VENUES
async def test_a_position_that_a_flatten_closes_is_not_of_an_entry_given_up(tmp_path: Path, name: str) -> None:
    """The list that still has it was made before the close."""
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(dropped_before(), roles={"entry"})
        never = await stage.enter("ETH", venue=name)
        await stage.until(lambda: stage.trade(never).phase is TradePhase.ABANDONED)
        await stage.open_trade("ETH", venue=name)
        venue.stale_positions(times=1)
        await stage.flat()
        assert executed_of(stage, never) == 0.0 and stage.trade(never).phase is TradePhase.ABANDONED
        assert len(venue.called("stop")) == 1

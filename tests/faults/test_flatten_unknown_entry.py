"""An entry that nobody tells of does not keep a flatten from its end: the account is flat, and the entry is named."""

import asyncio
from pathlib import Path

import pytest

from cockpit.domain.kinds import EngineState, TradePhase
from tests.faults.stage import staged
from tests.loopback.trading_faults import bad_gateway, dropped_before

ON_BOTH_PAIRS = True

VENUES = ("binance", "okx")
ENDS_WITHIN_S = 40.0


@pytest.mark.parametrize("name", VENUES)
async def test_it_ends_and_names_it(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path) as stage:
        venue = stage.world.venues[name]
        venue.faults.add(dropped_before(), roles={"entry"}, times=None)
        venue.faults.add(bad_gateway(), roles={"lookup"}, times=None)
        trade_id = await stage.enter("ETH", venue=name)
        await asyncio.sleep(0.5)
        assert (await stage.flatten()).ok
        await stage.until(lambda: stage.state is EngineState.HALTED, ENDS_WITHIN_S)
        assert stage.saw(f"{trade_id} closing with +0 ETH on {name}: nobody knows yet what became of its entry …")
        assert stage.saw("FLAT")
        venue.faults.clear()
        await stage.until(lambda: stage.closed(trade_id))
        assert stage.trade(trade_id).phase is TradePhase.ABANDONED
        assert not stage.engine.book.trades and stage.is_bare(venue)

"""A limit entry that fills while no private stream tells of it is found by the position."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Side
from tests.execution.real_stage import real_stage

ENTRY = "t000001e1"


@pytest.mark.parametrize("name", ["binance", "okx"])
async def test_its_fill_is_found_without_a_round(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.place(ENTRY, Side.LONG, 0.01, limit=99_000.0)
        await stage.until(lambda: "OrderAccepted" in stage.of(ENTRY))
        reconciling = next(worker for worker in stage._workers if "reconcile" in worker.get_name())
        following = next(worker for worker in stage._workers if "stream" in worker.get_name())
        reconciling.cancel()
        following.cancel()
        await stage.until(lambda: following.done() and reconciling.done())
        stage.venue.set_price("BTC", 98_900.0, 98_900.1)
        await stage.until(lambda: "OrderFilled" in stage.of(ENTRY))

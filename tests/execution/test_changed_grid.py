"""A price step or a lot that the venue changes while a session runs: exits go on its grid, entries are blocked."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderRole, Side, VenueTopic
from tests.execution.real_stage import RealStage, real_stage
from tests.loopback.exchange_binance import instrument as binance_row
from tests.loopback.exchange_okx import instrument as okx_row
from tests.loopback.trading_faults import rejected

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])
STOP = "t000001s2"


@pytest.fixture(autouse=True)
def read_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.execution.entry_settings.READ_EVERY_S", 20.0)


OFF_GRID = {"binance": "-4014", "okx": "51121"}


def coarser(stage: RealStage, name: str) -> None:
    """The price step of BTC becomes 50 at the venue, in its rules and in its list."""
    symbol = stage.venue.symbol("BTC")
    stage.venue.core.rules[symbol] = replace(stage.venue.core.rules[symbol], tick=Decimal(50))
    if name == "binance":
        row = binance_row("BTC")
        filters = [{**one, "tickSize": "50"} if "PRICE_F" in one["filterType"] else one for one in row["filters"]]
        stage.venue.exchange_info = {"symbols": [{**row, "filters": filters}]}
    else:
        stage.venue.instruments = [{**okx_row("BTC"), "tickSz": "50"}]


@VENUES
async def test_a_refused_stop_is_laid_on_the_new_grid_and_entries_are_blocked(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        coarser(stage, name)
        stage.place("t000001e1", Side.LONG, 0.01)
        await stage.until(lambda: "OrderFilled" in stage.of("t000001e1"))
        stage.place(STOP, Side.SHORT, 0.01, OrderRole.STOP, trigger=99_012.3)
        await stage.until(lambda: "OrderAccepted" in stage.of(STOP))
        (resting,) = stage.venue.algo_orders
        assert resting.asked.trigger == 99_000
        await stage.until(lambda: bool(stage.notices(VenueTopic.GRID)))
        (word,) = stage.notices(VenueTopic.GRID)
        assert word.topic.blocks_entries and (word.venue, word.asset, word.is_over) == (name, "BTC", False)
        assert "price step 0.1" in word.sentence and "to 50" in word.sentence


@VENUES
async def test_a_change_that_no_order_has_met_is_read_from_the_list(shipped_config: CockpitConfig, name: str) -> None:
    async with real_stage(shipped_config, name) as stage:
        coarser(stage, name)
        await stage.until(lambda: bool(stage.notices(VenueTopic.GRID)))
        assert stage.notices(VenueTopic.GRID)[-1].asset == "BTC"


@VENUES
async def test_a_refusal_that_the_list_does_not_explain_blocks_until_it_was_read_again(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with real_stage(shipped_config, name) as stage:
        stage.venue.faults.add(rejected(OFF_GRID[name]), roles={"entry"})
        stage.place("t000001e1", Side.LONG, 0.01)
        await stage.until(lambda: "OrderRejected" in stage.of("t000001e1"))
        await stage.until(lambda: bool(stage.notices(VenueTopic.GRID)))
        assert not stage.notices(VenueTopic.GRID)[0].is_over
        await stage.until(lambda: stage.notices(VenueTopic.GRID)[-1].is_over)

"""Flattening coins: what our orders bought is sold, by every road, whatever goes wrong, and nothing of others."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import OrderFilled
from cockpit.domain.kinds import OrderRole, Side
from cockpit.flatten.direct import flatten_directly
from cockpit.flatten.steps import FlattenStep, StepName
from tests.execution.real_stage import RealStage, account_on, hurried, real_stage
from tests.execution.spot_stage import with_spot
from tests.loopback import trading_faults as faults
from tests.venue_pairs import FIRST, WITH_SPOT, choose

BUY, SELL = Side.LONG, Side.SHORT
BESIDE = "coinbase: 0.5 BTC in the account were not bought by our orders: no exit and no flatten sells them"


@pytest.fixture(scope="module")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_spot(shipped_config)


@pytest.fixture(autouse=True)
def venue_pair() -> Iterator[None]:
    choose(WITH_SPOT)
    yield
    choose(FIRST)


def only_others_are_left(venue: Any) -> bool:
    return venue.held("BTC") == 0.5 and not venue.open_orders and not venue.algo_orders


async def trading(stage: RealStage) -> None:
    """Coins of somebody, and a trade of ours: bought, guarded, and another purchase that rests."""
    stage.venue.deposit("BTC", 0.5)
    stage.place("t000001e1", BUY, 0.01)
    await stage.until(lambda: stage.filled("t000001e1") >= 0.01 - 1e-9)
    stage.place("t000001s2", SELL, 0.01, OrderRole.STOP, trigger=99_000.0)
    await stage.until(lambda: "OrderAccepted" in stage.of("t000001s2"))
    stage.place("t000002e1", BUY, 0.001, limit=98_000.0)
    await stage.until(lambda: "OrderAccepted" in stage.of("t000002e1"))


async def test_what_our_orders_bought_is_sold_and_the_rest_is_named(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "coinbase") as stage:
        await trading(stage)
        stage.flatten()
        await stage.until(lambda: stage.flat_reads == 2)
        assert only_others_are_left(stage.venue), stage.steps
        closes = [event for event in stage.events if isinstance(event, OrderFilled) and "flatten" in event.order_id]
        assert sum(fill.qty for fill in closes) == pytest.approx(0.01)
        assert stage.of("t000001s2")[-1] == stage.of("t000002e1")[-1] == "OrderCancelled"
        assert stage.steps[-1].startswith("coinbase FLAT: what our orders bought is sold") and BESIDE in stage.steps[-1]
        assert stage.venue.watch.longest_naked_s() < 1.0


FAULTS: dict[str, tuple[Any, set[str], int]] = {
    "the sale is carried out and its answer lost": (faults.dropped_after(), {"close"}, 1),
    "the sale never arrives": (faults.dropped_before(), {"close"}, 3),
    "the sale is refused": (faults.rejected("PREVIEW_TRADING_DISABLED"), {"close"}, 2),
    "the sale is answered with half a body": (faults.truncated(), {"close"}, 2),
    "the venue does not know what became of the sale": (faults.unknown(), {"close"}, 2),
    "too many requests": (faults.too_many(), {"close"}, 1),
    "the stop's cancel is lost": (faults.dropped_after(), {"cancel_stop"}, 1),
    "the stop's cancel never arrives": (faults.dropped_before(), {"cancel_stop"}, 2),
    "the stop cannot be laid again": (faults.dropped_before(), {"stop"}, 2),
    "nothing can be looked up": (faults.dropped_before(), {"lookup"}, 8),
    "the account cannot be read": (faults.dropped_before(), {"positions"}, 4),
    "the orders cannot be read": (faults.dropped_before(), {"open_orders"}, 6),
    "the venue is away": (faults.unknown(executes=False), set(), 8),
}


@pytest.mark.parametrize("road", ["engine", "direct"])
@pytest.mark.parametrize("what", FAULTS)
async def test_whatever_is_in_the_way(shipped_config: CockpitConfig, what: str, road: str) -> None:
    fault, roles, times = FAULTS[what]
    async with real_stage(shipped_config, "coinbase") as stage:
        await trading(stage)
        stage.venue.faults.add(fault, roles=roles, times=times)
        if road == "engine":
            stage.flatten()
            await stage.until(lambda: stage.flat_reads == 2)
        else:
            account = account_on(stage.venue, "coinbase", shipped_config)
            assert await flatten_directly({"coinbase": account}, lambda step: None, "abc123", hurried())
        assert only_others_are_left(stage.venue), stage.steps
        assert stage.venue.watch.oversold("BTC-USD") == 0


async def test_without_an_engine_the_marks_on_the_venues_orders_say_what_is_ours(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "coinbase") as stage:
        await trading(stage)
        venue = stage.venue
        said: list[FlattenStep] = []
        before = len(venue.calls)
        account = account_on(venue, "coinbase", shipped_config)
        assert await flatten_directly({"coinbase": account}, said.append, "zzz999", hurried())
        assert only_others_are_left(venue)
        assert said[-1].name is StepName.FLAT and BESIDE in said[-1].sentence
        sales = [call.params for call in venue.calls[before:] if call.role == "close"]
        assert [one["order_configuration"] for one in sales] == [{"market_market_ioc": {"base_size": "0.01"}}]
        assert sales[0]["client_order_id"].startswith("ckzzz999f")


async def test_parts_of_a_fill_are_sold_until_all_is(shipped_config: CockpitConfig) -> None:
    async with real_stage(shipped_config, "coinbase") as stage:
        await trading(stage)
        stage.venue.core.fill_next(0.25)
        stage.flatten()
        await stage.venue.until(lambda: bool(stage.venue.called("close")))
        await asyncio.sleep(0)
        for order in stage.venue.open_orders:
            if order.side == "sell":
                stage.venue.core.fill(order)
        await stage.until(lambda: stage.flat_reads == 2)
        assert only_others_are_left(stage.venue)

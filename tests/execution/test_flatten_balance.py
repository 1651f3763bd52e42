"""Without an engine nobody knows what was held: an empty list of positions is believed when the balance agrees."""

import asyncio
from decimal import Decimal

import pytest
from real_stage import account_on, hurried

from cockpit.config.model import CockpitConfig
from cockpit.flatten.direct import PACE, flatten_directly
from cockpit.flatten.steps import FlattenStep, StepName
from tests.loopback.matching_terms import StopAsked
from tests.loopback.trading_faults import dropped_before, empty
from tests.patience import patient_s
from tests.venue_pairs import venue_kind

VENUES = pytest.mark.parametrize("name", ["binance", "okx"])


async def until_step(steps: list[FlattenStep], text: str) -> None:
    async with asyncio.timeout(patient_s(10)):
        while not any(text in step.sentence for step in steps):
            await asyncio.sleep(0.01)


@VENUES
@pytest.mark.parametrize("mode", ["isolated", "cross"])
async def test_a_position_hidden_from_the_start_is_not_flat(
    shipped_config: CockpitConfig, name: str, mode: str
) -> None:
    """Its stop stays while the venue contradicts itself; the flatten ends by itself, and says what disagrees."""
    async with venue_kind(name)() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.core.isolated[venue.symbol("BTC")] = mode == "isolated"
        venue.trade_by_hand("BTC", "buy", 0.01)
        qty = venue.core.positions[venue.symbol("BTC")].qty
        venue.core.algos.place(
            StopAsked(venue.symbol("BTC"), "sell", "stop", Decimal(90_000), qty, client_id="web_1", reduce_only=True)
        )
        venue.faults.add(empty(), roles={"positions"}, times=None)
        steps: list[FlattenStep] = []
        is_flat = await flatten_directly(
            {name: account_on(venue, name, shipped_config)}, steps.append, "abc123", hurried()
        )
        assert not is_flat
        assert not {StepName.FLAT, StepName.SEEN_FLAT, StepName.STOPS} & {step.name for step in steps}
        assert any("of margin in use by positions: they disagree" in step.sentence for step in steps)
        assert venue.positions and venue.algo_orders


@VENUES
async def test_a_position_that_shows_again_is_closed(shipped_config: CockpitConfig, name: str) -> None:
    async with venue_kind(name)() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.trade_by_hand("BTC", "buy", 0.01)
        hides = venue.faults.add(empty(), roles={"positions"}, times=None)
        steps: list[FlattenStep] = []
        account = account_on(venue, name, shipped_config)
        flattening = asyncio.ensure_future(flatten_directly({name: account}, steps.append, "abc123", hurried(4.0)))
        await until_step(steps, "they disagree")
        venue.faults.remove(hides)
        assert await flattening, steps
        assert not venue.positions and not venue.open_orders and not venue.algo_orders


@VENUES
async def test_a_balance_that_cannot_be_had_is_said_and_no_obstacle_for_ever(
    shipped_config: CockpitConfig, name: str
) -> None:
    async with venue_kind(name)() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.trade_by_hand("BTC", "buy", 0.01)
        venue.faults.add(dropped_before(), roles={"account"}, times=None)
        steps: list[FlattenStep] = []
        account = account_on(venue, name, shipped_config)
        assert await flatten_directly({name: account}, steps.append, "abc123", hurried())
        assert any("no second witness" in step.sentence for step in steps)
        assert not venue.positions


@VENUES
async def test_the_two_looks_are_apart_in_time(shipped_config: CockpitConfig, name: str) -> None:
    async with venue_kind(name)() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        steps: list[FlattenStep] = []
        account = account_on(venue, name, shipped_config)
        assert await flatten_directly({name: account}, steps.append, "abc123", hurried())
        first, second = (step.elapsed_s for step in steps if step.name is StepName.SEEN_CLEAR)
        assert second - first >= PACE.clear_apart_s >= 0.8

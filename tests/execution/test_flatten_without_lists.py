"""A direct flatten while a newer venue's lists of what it trades cannot be had: what is held says its own quantity."""

import asyncio
from collections.abc import Iterator

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.flatten.direct import flatten_directly
from cockpit.flatten.steps import FlattenStep
from tests.execution.account_stage import entry, stop, with_venue
from tests.execution.real_stage import account_on, hurried
from tests.execution.spot_stage import with_spot
from tests.loopback import hyperliquid_trading
from tests.loopback.trading_faults import dropped_before
from tests.patience import patient_s
from tests.venue_pairs import FIRST, NEWER, WITH_SPOT, beside, choose, venue_kind

ID = "ckabc123t000001"


@pytest.fixture(autouse=True, params=NEWER)
def pair(request: pytest.FixtureRequest) -> Iterator[str]:
    choose(request.param)
    yield request.param
    choose(FIRST)


async def test_what_is_held_and_what_rests_leaves(
    shipped_config: CockpitConfig, pair: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hyperliquid's orders name a coin by the number of its row: another answer of it has the rows too."""
    monkeypatch.setitem(hyperliquid_trading.READS, "meta", "lists")
    name = beside(pair)
    config = with_spot(shipped_config) if pair == WITH_SPOT else with_venue(shipped_config, name)
    async with venue_kind(name)() as venue:
        venue.set_price("BTC", 100_000.0, 100_000.1)
        before = account_on(venue, name, config)
        await before.open()
        await before.place(entry(qty=0.005), f"{ID}e1")
        await before.place(stop(qty=0.005), f"{ID}s2")
        await before.close()
        assert venue.held("BTC") == 0.005 and len(venue.algo_orders) == 1

        venue.faults.add(dropped_before(), roles={"lists" if name == "hyperliquid" else "public"}, times=None)
        steps: list[FlattenStep] = []
        async with asyncio.timeout(patient_s(60.0)):
            is_flat = await flatten_directly({name: account_on(venue, name, config)}, steps.append, "abc123", hurried())
        assert is_flat, steps
        assert venue.held("BTC") == 0.0 and not venue.open_orders and not venue.algo_orders
        assert venue.watch.longest_naked_s() < 1.0 and not venue.watch.flips

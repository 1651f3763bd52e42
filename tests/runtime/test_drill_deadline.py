"""A drill against a venue that is dead ends by itself, and says what it does not know."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.exchanges.registry import account_for
from cockpit.runtime import drilling
from cockpit.runtime.drilling import DrillRun
from tests.execution.account_stage import keys_of, moved
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_faults import dropped_before, hanging

LONGEST_S = 60.0


@asynccontextmanager
async def drilled(config: CockpitConfig, said: list[str], spoil: Callable[[Any], None]) -> AsyncIterator[Any]:
    """A drill that has ended, and the venue it was on."""
    async with OkxTradingVenue() as venue:
        for asset in venue.bases:
            venue.set_price(asset, 99.9, 100.0, mark=100.0)
        spoil(venue)
        account = account_for("okx", config, keys_of("okx"), moved("okx", venue))
        yield await DrillRun(account, config, "abc123", said.append).run(), venue


def test_both_ways_together_are_within_a_minute() -> None:
    assert drilling.IN_WITHIN_S + drilling.OUT_WITHIN_S < LONGEST_S


async def test_a_venue_that_cannot_be_reached_is_not_flattened_for_ever(shipped_config: CockpitConfig) -> None:
    said: list[str] = []
    began_s = time.monotonic()
    async with drilled(shipped_config, said, lambda venue: venue.faults.add(dropped_before(), times=None)) as (
        drill,
        _,
    ):
        assert not drill.ok and any("FAILED" in line for line in said)
        assert time.monotonic() - began_s < LONGEST_S


async def test_a_venue_that_dies_with_the_position_open_is_left_and_said(
    shipped_config: CockpitConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drilling, "IN_WITHIN_S", 3.0)
    monkeypatch.setattr(drilling, "OUT_WITHIN_S", 1.0)
    said: list[str] = []
    dead = {"stop", "close", "cancel", "cancel_stop"}
    async with asyncio.timeout(LONGEST_S):
        async with drilled(
            shipped_config,
            said,
            lambda venue: venue.faults.add(hanging(30.0, executes=False), roles=dead, times=None),
        ) as (drill, venue):
            assert not drill.ok and venue.positions
            assert any("the venue was NOT seen flat" in line for line in said)


async def test_an_entry_of_which_nothing_can_be_learnt_is_waited_for_within_the_time_of_the_way_in(
    shipped_config: CockpitConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look-up has its own limit, and there are fifty of them."""
    monkeypatch.setattr(drilling, "IN_WITHIN_S", 6.0)
    said: list[str] = []
    silent = hanging(600.0, executes=False)
    async with drilled(shipped_config, said, lambda venue: venue.faults.add(silent, roles={"lookup"}, times=None)) as (
        drill,
        _,
    ):
        assert not drill.ok
        assert any("expected every step within 6 s, was not" in line for line in said)

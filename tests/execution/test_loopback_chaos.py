"""The chaos policy of the loopback venues: reproducible from its seed, and over when it is told so."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import ccxt.pro
import pytest
from loopback_stage import VENUES, WITHIN_S, ended, staged

from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.trading_chaos import Chaos, Odds

EVERYTHING = Odds(*[0.09] * 10, *[0.2] * 4)
CALM = Odds(*[0.0] * 14)


async def played(kind: type[Any], seed: int) -> tuple[list[str], Any]:
    """Forty entries and exits through every fault; what the chaos did and the venue as it was left."""
    async with staged(kind) as stage:
        chaos = Chaos(stage.venue, random.Random(seed), EVERYTHING, late_s=0.0, hang_s=0.0)
        for step in range(20):
            for side in ("buy", "sell"):
                try:
                    await stage.market(side, 0.002, f"{side}{step}")
                except ccxt.pro.BaseError:
                    continue
        chaos.calm()
        did = list(chaos.did)
        await stage.market("buy", 0.002, "last")
        assert chaos.did == did
        return did, stage.venue


@pytest.mark.parametrize("kind", VENUES)
async def test_the_same_seed_does_the_same(kind: type[Any]) -> None:
    first, venue = await played(kind, 7)
    again, _ = await played(kind, 7)
    other, _ = await played(kind, 8)
    assert first == again != other
    assert {"dropped_before", "dropped_after", "truncated"} <= set(first)
    assert venue.watch.doubled == {}
    signed = sum(execution.qty * (1 if execution.side == "buy" else -1) for execution in venue.executions)
    assert signed == sum(venue.positions.values())


@pytest.mark.parametrize("kind", VENUES)
async def test_it_leaves_what_a_test_asked_for_alone_and_spares_the_clock(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        Chaos(stage.venue, random.Random(1), Odds(dropped_before=1.0))
        await stage.client.fetch_time()
        with pytest.raises(ccxt.pro.NetworkError):
            await stage.market("buy", 0.002, "e1")
        assert stage.venue.held("BTC") == 0.0


FRAMES = {
    "frame_lost": [],
    "frame_twice": ["ORDER", "ORDER", "ACCOUNT", "ACCOUNT", "ORDER", "ORDER"],
    "frames_swapped": ["ACCOUNT", "ORDER", "ORDER"],
}
"""What comes of an order's being taken, the account's change and the fill, by what happens to every frame."""


@pytest.mark.parametrize("name", FRAMES)
async def test_frames_suffer_too(name: str) -> None:
    async with BinanceTradingVenue() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.new_listen_key()
        chaos = Chaos(venue, random.Random(1), replace(CALM, **{name: 1.0}))
        order = venue.trade_by_hand("BTC", "buy", 0.002)
        assert order.filled
        chaos.calm()
        async with asyncio.timeout(WITHIN_S):
            await venue.user_stream.drained()
        assert [frame["e"].split("_")[0] for frame in venue.user_stream.sent] == FRAMES[name]


@pytest.mark.parametrize("kind", VENUES)
async def test_sockets_are_cut(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        Chaos(stage.venue, random.Random(1), replace(CALM, sockets_cut=1.0))
        await stage.market("buy", 0.002, "e1")
        with pytest.raises(ccxt.pro.NetworkError):
            async with asyncio.timeout(WITHIN_S):
                await tasks[0]
        await ended(tasks)

"""A real `kill -9` of an engine process with real orders on this machine's venues: the next one takes them up."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from cockpit.client.address import local
from cockpit.client.errors import EngineRefused
from cockpit.client.http import EngineClient
from tests.benchmarks.flatten_latency import SIGNAL, environ_of, furnish, until
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_venue import TradingVenue

EVENTS_A_SECOND = 200
KILLS = 3


@pytest.fixture(scope="session")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    """Other processes know nothing of a time that jumps."""
    return asyncio.DefaultEventLoopPolicy()


@contextmanager
def engine(home: Path, venues: tuple[TradingVenue, TradingVenue]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.benchmarks.flooded_engine", str(home), str(EVENTS_A_SECOND)]
    environ = os.environ | environ_of(*venues)
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


@asynccontextmanager
async def armed(home: Path, child: subprocess.Popen[str]) -> AsyncIterator[EngineClient]:
    assert child.stdout is not None
    ready = await asyncio.to_thread(child.stdout.readline)
    assert ready.startswith("ready"), ready
    async with EngineClient(local(home / "engine.sock"), "test") as client:
        while (await client.snapshot()).state != "armed":
            await asyncio.sleep(0.1)
            with suppress(EngineRefused):  # the venues that the last one left are opened first
                await client.arm()
        yield client


async def enter(client: EngineClient, venue: str) -> None:
    """A signal that is taken: refused while the venue is not read yet."""
    while True:
        try:
            await client.execute(SIGNAL | {"amount": 25, "exchanges": [venue]})
            return
        except EngineRefused:
            await asyncio.sleep(0.1)


def covered(venue: TradingVenue) -> bool:
    return venue.watch.covered(venue.symbol("ETH"))


def bare(venue: TradingVenue) -> bool:
    return not (venue.positions or venue.open_orders or venue.algo_orders)


@pytest.mark.timeout(600)
async def test_a_killed_process_leaves_nothing_that_the_next_one_does_not_take_up(tmp_path: Path) -> None:
    rng = Random(20_251_019)
    async with BinanceTradingVenue(wallet_usd=830) as binance, OkxTradingVenue(wallet_usd=830) as okx:
        for venue in (binance, okx):
            furnish(venue)
        for _ in range(KILLS):
            with engine(tmp_path, (binance, okx)) as child:
                async with armed(tmp_path, child) as client:
                    await enter(client, rng.choice(("binance", "okx")))
                    await asyncio.sleep(rng.uniform(0.0, 0.05))
                    child.kill()
        with engine(tmp_path, (binance, okx)) as child:
            async with armed(tmp_path, child) as client:
                await until(lambda: covered(binance) and covered(okx), "a stop for every position")
                await client.flatten("enough")
                await until(lambda: bare(binance) and bare(okx), "flat")
        for venue in (binance, okx):
            assert not venue.watch.doubled and not venue.watch.flips

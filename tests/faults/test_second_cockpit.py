"""Another cockpit on the same account: this one halts, and its books follow the venue's executions to the end."""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cockpit.domain.commands import Arm, Flatten, Signal
from cockpit.domain.kinds import EngineState, Mode, Side
from tests.faults.generation import Generation
from tests.faults.stage import AMOUNT_USD, ARBITRAGE, Stage, staged
from tests.faults.world import WorldMarket

VENUES = ("binance", "okx")
MOST_BARE_S = 1.0


class Other:
    """The other cockpit: a profile of its own on the same account."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.host = generation.host

    async def enter(self, asset: str, side: Side, venue: str) -> bool:
        answer = await self.host.command(
            lambda now_ns, command_id: Signal(
                now_ns, command_id, "other", ARBITRAGE, asset, AMOUNT_USD, Mode.TEST, side, "o1", None, (venue,)
            )
        )
        return answer.ok

    async def flatten(self) -> None:
        await self.host.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "other", "enough"))


@asynccontextmanager
async def beside(stage: Stage, home: Path) -> AsyncIterator[Other]:
    home.mkdir()
    world = copy.copy(stage.world)
    world.market = WorldMarket(world)
    generation = await Generation(world, home, stage.config).start()
    other = Other(generation)
    try:
        engine = other.host.engine
        await stage.until(lambda: engine.market.assets["XRP"].price is not None)
        live = generation.host.gate.live_venues if generation.host.gate is not None else None
        assert live is not None
        await stage.until(lambda: live.is_open == set(live.accounts))
        await stage.until(lambda: not engine.risk.venue_words.in_the_way)
        answer = await other.host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "other"))
        assert answer.ok, answer.sentence
        yield other
    finally:
        await generation.stop()


@pytest.mark.parametrize("side", [Side.LONG, Side.SHORT])
@pytest.mark.parametrize("name", VENUES)
async def test_the_first_halts_and_its_books_follow_the_venue(tmp_path: Path, name: str, side: Side) -> None:
    async with staged(tmp_path / "first") as stage:
        venue = stage.world.venues[name]
        async with beside(stage, tmp_path / "second") as other:
            await stage.enter("ETH", Side.LONG, name)
            await stage.until(lambda: bool(venue.algo_orders))
            await other.enter("ETH", side, name)
            await stage.until(lambda: stage.state is EngineState.HALTED)
            await asyncio.sleep(5)
            await other.flatten()
            await stage.until(lambda: not venue.positions)
            await stage.until(lambda: not stage.engine.book.trades)
            assert stage.rows("select phase from trades where phase <> 'closed'") == []
            assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.watch.flips.clear()


@pytest.mark.parametrize("name", VENUES)
async def test_both_enter_at_once(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path / "first") as stage:
        venue = stage.world.venues[name]
        async with beside(stage, tmp_path / "second") as other:
            await asyncio.gather(stage.signal("ETH", Side.LONG, name), other.enter("ETH", Side.LONG, name))
            await stage.until(lambda: stage.state is EngineState.HALTED)
            await stage.until(lambda: other.host.engine.risk.state is EngineState.HALTED)
            await asyncio.sleep(8)
            await stage.flatten()
            await stage.until(lambda: not venue.positions)
            await stage.until(lambda: not stage.engine.book.trades)
            await stage.until(lambda: not other.host.engine.book.trades)
            assert venue.watch.longest_naked_s() <= MOST_BARE_S
        venue.watch.flips.clear()

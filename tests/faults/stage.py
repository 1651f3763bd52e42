"""The stage of the fault tests: the real engine in test mode, its journal, the real client library, both venues.

async with staged(tmp_path) as stage:
    stage.binance.faults.add(dropped_after(), roles={"entry"})
    trade = await stage.open_trade("ETH")
    assert stage.saw("t000001 …")
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import AnyCommand, Arm, Flatten, Resume, Signal
from cockpit.domain.kinds import EngineState, Mode, OrderRole, Side, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.engine.machine import Engine
from cockpit.runtime.host import Host
from tests.faults.generation import Generation, mark_what_belongs
from tests.faults.matrix import FAULTS
from tests.faults.screen import Screen
from tests.faults.world import World, real_config, world
from tests.loopback.trading_venue import TradingVenue

ARBITRAGE = "Cross-Exchange Arbitrage"
OVER = (TradePhase.CLOSED, TradePhase.ABANDONED)
POLL_EVERY_S = 0.01
AMOUNT_USD = 45.0


class Stage:
    """The world and the engine that lives in it now; what tests do and ask."""

    def __init__(self, made: World, home: Path, config: CockpitConfig) -> None:
        self.world = made
        self.config = config
        self.screen = Screen()
        self.lives = 0
        self._root = home
        self.generation: Generation
        self._signals = count(1)

    # Who is there.

    @property
    def host(self) -> Host:
        return self.generation.host

    @property
    def engine(self) -> Engine:
        return self.host.engine

    @property
    def binance(self) -> TradingVenue:
        return self.world.binance

    @property
    def okx(self) -> TradingVenue:
        return self.world.okx

    @property
    def home(self) -> Path:
        return self.generation.home

    # Lives.

    async def begin(self) -> None:
        """An engine starts on the journal there is."""
        home = self._root / f"life{self.lives}"
        home.mkdir(parents=True, exist_ok=True)
        self.generation = await Generation(self.world, home, self.config).start()
        self.screen.engine = self.engine
        self.host.listen(self.screen.on_actions)

    def kill_now(self) -> None:
        """`kill -9`, this instant; `bury` it afterwards."""
        self.lives += 1
        self.generation.kill(self._root / f"life{self.lives}")

    async def bury(self) -> None:
        await self.generation.bury()

    async def restart(self, after_s: float = 1.0) -> None:
        """`kill -9`, some time without an engine, and another one on what the journal has."""
        self.kill_now()
        await self.bury()
        await asyncio.sleep(after_s)
        await self.begin()

    # What is done.

    async def command(self, make: Callable[[int, str], AnyCommand]) -> CommandAnswered:
        return await self.host.command(make)

    async def arm(self) -> CommandAnswered:
        return await self.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))

    async def resume(self) -> CommandAnswered:
        return await self.command(lambda now_ns, command_id: Resume(now_ns, command_id, "test", "looked at"))

    async def flatten(self) -> CommandAnswered:
        return await self.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "test", "enough"))

    async def signal(
        self, asset: str, side: Side = Side.LONG, venue: str = "", amount_usd: float = AMOUNT_USD
    ) -> CommandAnswered:
        """An outside signal; it trades where the asset trades, or on the named venue."""
        venues, number = ((venue,) if venue else ()), next(self._signals)
        return await self.command(
            lambda now_ns, command_id: Signal(
                now_ns, command_id, "test", ARBITRAGE, asset, amount_usd, Mode.TEST, side, f"s{number}", None, venues
            )
        )

    async def read(self) -> None:
        """Every venue is open and was read, every price is known."""
        room = self.host.gate.live_venues if self.host.gate is not None else None
        assert room is not None
        await self.until(lambda: room.is_open == set(room.accounts))
        await self.until(lambda: self.engine.market.assets["XRP"].price is not None)
        await self.until(lambda: not self.engine.risk.venue_notices.in_the_way)

    async def ready(self) -> None:
        """Every venue was read; armed."""
        await self.read()
        answer = await self.arm()
        assert answer.ok, answer.sentence

    async def enter(self, asset: str, side: Side = Side.LONG, venue: str = "") -> str:
        """A signal that is taken; the trade's id. Coins are not sold short: a test that would is not theirs."""
        if side is Side.SHORT and venue and self.config.venues[venue].spot_products:
            pytest.skip("coins are not sold short")
        answer = await self.signal(asset, side, venue)
        assert answer.ok and answer.trade_id is not None, answer.sentence
        return answer.trade_id

    async def open_trade(self, asset: str, side: Side = Side.LONG, venue: str = "") -> TradeRecord:
        """A trade that is open, its stop resting and its targets too, but on spot: they are watched there."""
        trade_id = await self.enter(asset, side, venue)
        await self.until(lambda: self.trade(trade_id).stop_rests_on_venue and self._has_targets(trade_id))
        return self.trade(trade_id)

    def _has_targets(self, trade_id: str) -> bool:
        trade = self.trade(trade_id)
        if self.config.venues[trade.venue].instruments[trade.asset].is_spot:
            return trade.open_qty > 0
        targets = self.engine.book._orders.of_trade(trade_id, OrderRole.TARGET)
        return bool(targets) and all(target.venue_order_id for target in targets)

    def move(self, asset: str, by_bps: float) -> None:
        """The market moves."""
        self.world.set_price(asset, self.world.prices[asset] * (1 + by_bps / 10_000))

    # What is seen.

    def trade(self, trade_id: str) -> TradeRecord:
        """A trade as it stands."""
        return self.host.recent.trades[trade_id]

    def closed(self, trade_id: str) -> bool:
        return self.trade(trade_id).phase in OVER

    @property
    def state(self) -> EngineState:
        return self.engine.risk.state

    async def until(self, holds: Callable[[], object], within_s: float = 60.0) -> None:
        """Wait for it, in the world's time."""
        began_s = self.world.loop.time()
        while not holds():
            if self.world.loop.time() - began_s > within_s:
                said = "\n".join(list(self.screen.lines)[-40:])
                raise AssertionError(f"expected it within {within_s:g} s, was not; the screen's last lines:\n{said}")
            await asyncio.sleep(POLL_EVERY_S)

    def saw(self, words: str) -> bool:
        """Whether the screen has shown these words; `…` is anything."""
        self.screen.draw()
        return self.screen.saw(words)

    def missed(self, number: int) -> list[str]:
        """The words that this row of the matrix promises and nobody was shown."""
        return [words for words in FAULTS[number].seen if not self.saw(words)]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The journal's rows, read with nothing of ours in between, once everything is written."""
        assert self.host.journal.flush(10.0)
        with closing(sqlite3.connect(self.home / "journal.sqlite")) as connection:
            return connection.execute(query).fetchall()

    # What must hold.

    def is_bare(self, venue: TradingVenue) -> bool:
        """No position and no order there."""
        return not venue.positions and not venue.open_orders and not venue.algo_orders

    def longest_naked_s(self) -> float:
        return max(venue.watch.longest_naked_s() for venue in self.world.venues.values())

    async def flat(self, within_s: float = 60.0) -> None:
        """Flatten; then both venues are bare and the engine knows it."""
        assert (await self.flatten()).ok
        await self.until(lambda: self.state is EngineState.HALTED, within_s)
        for name, venue in self.world.venues.items():
            assert self.is_bare(venue), (name, venue.positions, venue.open_orders, venue.algo_orders)
        assert not self.engine.book.trades


@asynccontextmanager
async def staged(home: Path, *overrides: str, ready: bool = True) -> AsyncIterator[Stage]:
    """A stage from start to end. At its end nothing in the engine may have failed."""
    async with world() as made:
        mark_what_belongs(made.loop)
        stage = Stage(made, home, real_config(*overrides))
        await stage.begin()
        try:
            if ready:
                await stage.ready()
            yield stage
        finally:
            await stage.generation.stop()
        assert stage.host.faults == 0, stage.host.last_fault
        for venue in made.venues.values():
            assert not venue.watch.doubled, "an id was given to two orders"
            assert not venue.watch.flips

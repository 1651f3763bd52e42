"""`cockpit` as processes against trading venues on loopback: the engine in test mode, and whatever else one types."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cockpit.client.address import local
from cockpit.client.http import EngineClient
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET, TradingVenue
from tests.patience import patient_s

ROOT = Path(__file__).resolve().parents[2]
PRICES = {"BTC": 100_000.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 150.0}
TICKS = {"BTC": 0.1, "ETH": 0.01, "SOL": 0.01, "XRP": 0.0001}
ARBITRAGE = "Cross-Exchange Arbitrage"
WITHIN_S = patient_s(30.0)
START_WITHIN_S = patient_s(60.0)
SOUND = ("aave.required=false", "modes.test.max_exposure_usd=200")
"""No wallet is watched, and there is room for a trade or two."""


class RealStage:
    """Two venues whose market never stands still, and the command line beside them."""

    def __init__(self, home: Path, binance: BinanceTradingVenue, okx: OkxTradingVenue) -> None:
        self.home = home
        self.binance = binance
        self.okx = okx
        self.printed = ""
        self.program = "cockpit"
        """The module that is run."""
        self.prices = dict(PRICES)
        self.environ = {
            "COCKPIT_BINANCEUSDM_REST_URL": binance.rest_url,
            "COCKPIT_BINANCEUSDM_WS_URL": binance.ws_url,
            "COCKPIT_OKX_REST_URL": okx.rest_url,
            "COCKPIT_OKX_WS_URL": okx.ws_url,
            "COCKPIT_JITO_URL": f"{okx.rest_url}/nowhere",
            "COCKPIT_SOLANA_URL": f"{okx.rest_url}/nowhere",
            "COCKPIT_OKX_API_KEY": KEY,
            "COCKPIT_OKX_SECRET": SECRET,
            "COCKPIT_OKX_PASSWORD": PASSWORD,
        }
        self._engine: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    # -- the command line

    async def run(self, *arguments: str, without: tuple[str, ...] = ()) -> tuple[int, str]:
        """One command to its end: its exit code and all it printed."""
        process = await self._start(arguments, without)
        async with _not_left_behind(process), asyncio.timeout(START_WITHIN_S):
            said, _ = await process.communicate()
        assert process.returncode is not None
        self.printed += said.decode()
        return process.returncode, said.decode()

    async def engine(self, *more: str, mode: str = "test", overrides: tuple[str, ...] = SOUND) -> None:
        """The engine, up and ready."""
        settings = [word for override in overrides for word in ("--set", override)]
        climbs = ("--override-way-up", "a test of the road") if mode != "paper" else ()
        arguments = ("engine", "--feed", "live", "--mode", mode, "--port", "0", *climbs, *settings, *more)
        process = await self._start(arguments)
        assert process.stdout is not None
        began = len(self.printed)
        async with _not_left_behind(process), asyncio.timeout(START_WITHIN_S):
            while True:
                line = (await process.stdout.readline()).decode()
                self.printed += line
                assert line, f"the engine ended: {self.printed[began:]}"
                if line.startswith("ready"):
                    break
        self._engine = process
        self._reader = asyncio.create_task(self._read(process))

    async def kill(self) -> None:
        """As a crash does."""
        assert self._engine is not None
        self._engine.kill()
        await self._gone()

    def send(self, number: signal.Signals) -> None:
        """A signal, and no more."""
        assert self._engine is not None
        self._engine.send_signal(number)

    async def terminate(self) -> int:
        """As a service manager does."""
        assert self._engine is not None
        self._engine.send_signal(signal.SIGTERM)
        return await self._gone()

    async def _gone(self) -> int:
        assert self._engine is not None and self._reader is not None
        async with asyncio.timeout(WITHIN_S):
            code = await self._engine.wait()
            await self._reader
        self._engine = None
        return code

    async def stop(self) -> None:
        if self._engine is not None:
            await self.kill()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.printed += line.decode()

    async def _start(self, arguments: tuple[str, ...], without: tuple[str, ...] = ()) -> asyncio.subprocess.Process:
        environ = {**os.environ, **self.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", self.program, "--home", str(self.home), *arguments),
            cwd=ROOT,
            env={name: value for name, value in environ.items() if name not in without},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    # -- the engine's API

    @property
    def client(self) -> EngineClient:
        return EngineClient(local(self.home / "engine.sock"), "test", WITHIN_S)

    async def until(self, holds: Callable[[Any], bool], within_s: float = WITHIN_S) -> Any:
        """The first snapshot that it holds for."""
        try:
            async with asyncio.timeout(within_s), self.client as client:
                while True:
                    snapshot = await client.snapshot()
                    if holds(snapshot):
                        return snapshot
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"it never held; the engine said:\n{self.printed[-4_000:]}") from None

    async def arm(self) -> str:
        async with self.client as client:
            return await client.arm()

    # -- the market

    async def market(self) -> None:
        """Both venues speak ten times a second of every asset."""
        while True:
            for asset, price in self.prices.items():
                ask = round(price + TICKS[asset], 4)
                for venue in (self.binance, self.okx):
                    await venue.move(asset, price, ask, price)
            await asyncio.sleep(0.1)


def sound_account(venue: TradingVenue) -> None:
    """Isolated margin, five times leverage."""
    for symbol in venue.core.rules:
        venue.core.leverage[symbol] = 5
        venue.core.isolated[symbol] = True


@asynccontextmanager
async def _not_left_behind(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Where a test fails while it waits for a process, that ends too."""
    try:
        yield
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        raise


@asynccontextmanager
async def real_stage(home: Path) -> AsyncIterator[RealStage]:
    async with BinanceTradingVenue() as binance, OkxTradingVenue() as okx:
        for venue in (binance, okx):
            sound_account(venue)
        stage = RealStage(home, binance, okx)
        for asset, price in PRICES.items():
            for venue in (binance, okx):
                venue.set_price(asset, price, round(price + TICKS[asset], 4), price)
        market = asyncio.create_task(stage.market())
        try:
            yield stage
        finally:
            market.cancel()
            await asyncio.gather(market, return_exceptions=True)
            await stage.stop()

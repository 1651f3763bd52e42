"""A host on a market that the test plays, with a real engine, paper venue, journal and recording."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import AnyCommand, Arm, Signal
from cockpit.domain.events import AnyEvent, FundingRate, OpenInterest, Positioning, Top, Trade
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import TaskView
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.engine.machine import Engine
from cockpit.journal.page_check import EVERY_S
from cockpit.journal.recordings import RecordingHeader, RecordingWriter
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.host import Host
from cockpit.runtime.market_source import Put
from tests.patience import patient_s

START_NS = 1_760_875_200_000_000_000
PRICES = {"BTC": 108_402.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
WAIT_S = patient_s(10.0)


class PlayedMarket:
    """Hands over what the test says; its time is that of the last event, unless `runs_on` lets it go on by itself."""

    kind = FeedKind.SIMULATED
    name = "played"

    def __init__(self, speed: float = 1.0, can_wait: bool = True) -> None:
        self.speed = speed
        self.can_wait = can_wait
        self.time_ns = START_NS
        self.runs_on = False
        self.runs = 0
        self._events: asyncio.Queue[AnyEvent | Exception] = asyncio.Queue()
        self._numbers = 0

    def workers(self) -> tuple[TaskView, ...]:
        return ()

    def problems(self) -> tuple[str, ...]:
        return ()

    def utc_ns(self) -> int:
        return self.time_ns

    def now_ns(self) -> int:
        if self.runs_on:
            self.time_ns += NS_PER_S
        return self.time_ns

    async def run(self, put: Put) -> None:
        self.runs += 1
        while True:
            event = await self._events.get()
            if isinstance(event, Exception):
                raise event
            await put("market", event)

    def play(self, *events: AnyEvent | Exception) -> None:
        for event in events:
            self._events.put_nowait(event)

    def quote(self, asset: str, price: float) -> None:
        """The book is around this price, and a print is on it."""
        self.time_ns += NS_PER_MS
        self._numbers += 1
        ns = self.time_ns
        self.play(Top(ns, ns, "binance", asset, price, 1_000.0, round(price * 1.00001, 4), 1_000.0))
        self.play(Trade(ns, ns, "binance", asset, price, 5.0, True, self._numbers))

    def calm(self) -> None:
        """Every reading is fresh and harmless."""
        for asset, price in PRICES.items():
            self.play(Positioning(self.time_ns, asset, "test", 50.0, 50.0))
            self.play(*(FundingRate(self.time_ns, asset, venue, 0.1) for venue in ("binance", "okx")))
            self.play(OpenInterest(self.time_ns, asset, "test", 0.0))
            self.quote(asset, price)

    def pass_ms(self, ms: int, **prices: float) -> None:
        """Time passes at these prices, in steps long enough for a request to reach its venue."""
        for _ in range(0, ms, 60):
            self.time_ns += 60 * NS_PER_MS
            for asset, price in (prices or {"BTC": PRICES["BTC"]}).items():
                self.quote(asset, price)


class Stage:
    """The host, and what tests ask of it."""

    def __init__(self, host: Host, market: PlayedMarket, home: Path) -> None:
        self.host = host
        self.market = market
        self.home = home

    async def command(self, make: Callable[[int, str], AnyCommand]) -> CommandAnswered:
        return await self.host.command(make)

    async def arm(self) -> None:
        assert (await self.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))).ok

    async def signal(self, asset: str = "ETH") -> CommandAnswered:
        strategy = "Cross-Exchange Arbitrage"
        return await self.command(
            lambda now_ns, command_id: Signal(now_ns, command_id, "test", strategy, asset, 50.0, Mode.PAPER)
        )

    async def open_trade(self) -> TradeRecord:
        """A long ETH trade, filled and with its stop at the venue."""
        self.market.calm()
        await self.until(lambda: self.host.engine.market.assets["XRP"].price is not None)
        await self.arm()
        answer = await self.signal()
        assert answer.ok, answer.sentence
        self.market.pass_ms(300, ETH=PRICES["ETH"])
        await self.until(lambda: any(trade.record.stop_rests_on_venue for trade in self.host.engine.book.trades))
        return self.host.engine.book.trades[0].record

    async def until(self, holds: Callable[[], object], within_s: float = WAIT_S) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(0.002)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.home / "journal.sqlite") as connection:
            found = connection.execute(query).fetchall()
        connection.close()
        return found


@asynccontextmanager
async def staged(
    home: Path,
    config: CockpitConfig,
    market: PlayedMarket | None = None,
    starts: bool = True,
    pages_every_s: float = EVERY_S,
) -> AsyncIterator[Stage]:
    """A host from start to stop."""
    played = market or PlayedMarket()
    journal = Journal(home / "journal.sqlite", pages_every_s=pages_every_s)
    journal.begin(SessionInfo(1, START_NS, FeedKind.SIMULATED, Mode.PAPER, "digest", "test"))
    header = RecordingHeader(
        created_ns=START_NS,
        origin="engine",
        source="played",
        config_json=config.model_dump_json(by_alias=True),
        mode=Mode.PAPER,
        start_ns=START_NS,
    )
    recording = RecordingWriter(home / "a.rec", header)
    host = Host(config, Engine(config, START_NS), played, journal, recording)
    if starts:
        host.start()
    try:
        yield Stage(host, played, home)
    finally:
        await host.stop()


def without_context(config: CockpitConfig) -> CockpitConfig:
    """The shipped rules without the market context: only what a test says is known."""
    return config.model_copy(update={"market_context": type(config.market_context)()})

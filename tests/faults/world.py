"""The venues on this machine, the market they trade at, and the accounts on them: everything outside the engine."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

from ccxt.base.exchange import BaseExchange

from cockpit.config.jsonfile import read_object
from cockpit.config.load import check, parse_override
from cockpit.config.model import CockpitConfig
from cockpit.domain.events import AnyEvent, FundingRate, MarkPrice, OpenInterest, Positioning, Top, Trade
from cockpit.domain.stream import TaskView
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.account import VenueAccount
from cockpit.exchanges.base.steady_clock import SteadyClock
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.registry import account_for
from cockpit.journal.sessions import FeedKind
from cockpit.runtime.market_source import Put
from tests import venue_pairs
from tests.conftest import SHIPPED_CONFIG
from tests.execution.account_stage import keys_of, moved
from tests.faults.jumping_loop import JumpingLoop
from tests.loopback.bybit_trading import rules as bybit_rules
from tests.loopback.coinbase_spot import LEAST_USD
from tests.loopback.coinbase_spot import rules as spot_rules
from tests.loopback.coinbase_trading import SMALL
from tests.loopback.coinbase_trading import rules as coinbase_rules
from tests.loopback.exchange_bybit import FINE
from tests.loopback.hyperliquid_trading import rules as hyperliquid_rules
from tests.loopback.krakenfutures_trading import rules as kraken_rules
from tests.loopback.matching_terms import Rules
from tests.loopback.trading_venue import TradingVenue
from tests.venue_pairs import venue_kind

PRICES = {"BTC": 108_402.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
TICKS = {"BTC": 0.1, "ETH": 0.01, "SOL": 0.01, "XRP": 0.0001}
LEVERAGE = 5
CERTIFICATES = ssl.create_default_context()
"""Nobody asks for them on this machine; loading them anew takes longer than a session."""
WALLET_USD = 830.0
"""On each of the two venues: together the hot wallet."""


OWN_GRIDS: Mapping[str, tuple[Callable[[str], Rules], float]] = {
    venue_pairs.WITH_SPOT: (spot_rules, float(LEAST_USD)),
    "bybit": (lambda base: bybit_rules(base, FINE), 5.0),
    "hyperliquid": (hyperliquid_rules, 10.0),
    "krakenfutures": (kraken_rules, 0.0),
    "coinbase": (lambda base: coinbase_rules(base, SMALL[base]), 0.0),
}
"""How a venue's rules are told, and its least order in USD; spot's by the name of its pair."""


def real_config(*overrides: str) -> CockpitConfig:
    """The shipped rules, trading on both venues, without the market context: only what a test says is known."""
    raw, second = read_object(SHIPPED_CONFIG), venue_pairs.second()
    if second not in raw["venues"]:
        raw["venues"][second] = raw["venues"]["binance"] | {"instruments": _listed(raw, second)}
    traded = {"BTC": "binance", "ETH": "binance", "SOL": second, "XRP": second}
    said = (*(f"assets.{asset}.trade_on={venue}" for asset, venue in traded.items()), "aave.required=false", *overrides)
    config = check(raw, str(SHIPPED_CONFIG), [parse_override(text) for text in said])
    return config.model_copy(update={"market_context": type(config.market_context)()})


def _listed(raw: Mapping[str, Any], venue: str) -> Mapping[str, Any]:
    """The venue's own grids where the shipped rules do not name it."""
    if venue_pairs.is_spot():
        rules_of, least_usd = OWN_GRIDS[venue_pairs.WITH_SPOT]
        return {base: {**_grid(rules_of(base), least_usd), "spot_product": f"{base}-USD"} for base in PRICES}
    if venue in OWN_GRIDS:
        rules_of, least_usd = OWN_GRIDS[venue]
        return {base: _grid(rules_of(base), least_usd) for base in PRICES}
    listed: Mapping[str, Any] = raw["venues"][venue]["instruments"]
    return listed


def _grid(rules: Rules, least_usd: float) -> dict[str, Any]:
    lots = {"lot": rules.lot * rules.unit, "min_qty": rules.min_qty * rules.unit}
    sizes = {**lots, "tick_usd": rules.tick, "min_notional_usd": least_usd}
    return {key: float(value) for key, value in sizes.items()}


class World:
    """Both venues at one price; `okx` is the second one, whichever it is. `market` is what the feed hears of it.

    `wall_ahead_s`: how far this machine's clock is from the venues'; `venues_tell_time`: whether a start learns theirs.
    """

    def __init__(self, loop: JumpingLoop) -> None:
        self.loop = loop
        self.prices = dict(PRICES)
        self.wall_ahead_s = 0.0
        self.venues_give_time = True
        self.session = self.steady_clock()
        self.binance: Any = venue_kind("binance")(self.now_ms, WALLET_USD)
        self.okx: Any = venue_kind(venue_pairs.second())(self.now_ms, WALLET_USD)
        self.venues: dict[str, TradingVenue] = {"binance": self.binance, venue_pairs.second(): self.okx}
        for venue in self.venues.values():
            venue.core.clock_ns = loop.now_ns
            venue.core.leverage = dict.fromkeys(venue.core.rules, LEVERAGE)
            venue.core.isolated = dict.fromkeys(venue.core.rules, True)
        self.market = WorldMarket(self)
        for asset, price in PRICES.items():
            self.set_price(asset, price)

    def now_ms(self) -> int:
        return self.loop.now_ns() // NS_PER_MS

    def wall_ns(self) -> int:
        """What this machine's clock says."""
        return self.loop.now_ns() + round(self.wall_ahead_s * NS_PER_S)

    def steady_clock(self) -> SteadyClock:
        """A clock as an engine that starts now has it."""
        return SteadyClock(self.wall_ns, self.loop.now_ns)

    def set_price(self, asset: str, price: float) -> None:
        """The market moves, on the venues and in the feed."""
        self.prices[asset] = price = round(round(price / TICKS[asset]) * TICKS[asset], 6)
        for venue in self.venues.values():
            venue.set_price(asset, price, round(price + TICKS[asset], 6), price)
        self.market.quote(asset)

    def accounts(self, config: CockpitConfig, names: Collection[str]) -> Mapping[str, VenueAccount]:
        """Unopened accounts with the keys that the venues know."""
        timing = Timing(self.session.now_ns)
        return {
            name: account_for(name, config, keys_of(name), moved(name, self.venues[name]), timing) for name in names
        }


class WorldMarket:
    """The engine's live feed of this world: a quote of every asset each second, every reading each minute, all calm.

    While it `is_mute` it brings nothing.
    """

    kind = FeedKind.LIVE
    name = "this machine's venues"
    speed = 1.0
    can_wait = False

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = 0
        self._events: list[AnyEvent] = []
        self._something = asyncio.Event()
        self.is_mute = False

    def workers(self) -> tuple[TaskView, ...]:
        return ()

    def problems(self) -> tuple[str, ...]:
        return ()

    def utc_ns(self) -> int:
        return self._world.loop.now_ns()

    def now_ns(self) -> int:
        return self._world.session.now_ns()

    def settle(self) -> None:
        """A new session begins, at the venues' time where they are heard."""
        self._world.session = self._world.steady_clock()
        if self._world.venues_give_time:
            self.begin_at(self._world.loop.now_ns())

    def begin_at(self, now_ns: int) -> None:
        self._world.session.begin_at(now_ns)

    async def run(self, put: Put) -> None:
        reading = asyncio.create_task(self._read())
        try:
            while True:
                events, self._events = [] if self.is_mute else self._events, []
                self._something.clear()
                for event in events:
                    await put("market", event)
                await self._something.wait()
        finally:
            reading.cancel()

    async def _read(self) -> None:
        seconds = 0
        while True:
            for asset in self._world.prices:
                self.quote(asset)
                if seconds % 60 == 0:
                    self._readings(asset)
            await asyncio.sleep(1.0)
            seconds += 1

    def everything(self) -> list[AnyEvent]:
        """A quote and every reading of every asset, now."""
        self._events = []
        for asset in self._world.prices:
            self.quote(asset)
            self._readings(asset)
        return self._events

    def quote(self, asset: str) -> None:
        """Its book and a print."""
        ns, price = self.now_ns(), self._world.prices[asset]
        self._numbers += 1
        ask = round(price + TICKS[asset], 6)
        self._events.append(Top(ns, ns, "binance", asset, price, 1_000.0, ask, 1_000.0))
        self._events.append(MarkPrice(ns, ns, "binance", asset, price, price))
        self._events.append(Trade(ns, ns, "binance", asset, price, 5.0, True, self._numbers))
        self._something.set()

    def _readings(self, asset: str) -> None:
        ns = self.now_ns()
        self._events.append(Positioning(ns, asset, "test", 50.0, 50.0))
        self._events += [FundingRate(ns, asset, venue, 0.1) for venue in ("binance", "okx")]
        self._events.append(OpenInterest(ns, asset, "test", 0.0))


@contextmanager
def machines_time(made: World) -> Iterator[None]:
    """The client library reads the world's machine's clock, and the authorities' certificates once for all."""
    clock = staticmethod(lambda: made.wall_ns() // NS_PER_MS)
    with (
        patch.object(BaseExchange, "milliseconds", clock),
        patch.object(ssl, "create_default_context", lambda *_, **__: CERTIFICATES),
    ):
        yield


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Both venues, open."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    made = World(loop)
    with machines_time(made):
        async with made.binance, made.okx:
            yield made

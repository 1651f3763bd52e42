"""A real account on a loopback venue, through the real client library; one desk for both exchanges."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from cockpit.config.model import CockpitConfig
from cockpit.config.secrets import VenueKeys
from cockpit.config.venues import Venue
from cockpit.domain.kinds import OrderRole, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account import (
    FundingUpdate,
    OrderUpdate,
    PositionUpdate,
    StreamUpdate,
    VenueAccount,
    VenueOrder,
)
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.registry import account_for
from tests.loopback.coinbase_tokens import KEY_NAME, PEM
from tests.loopback.hyperliquid_trading import ACCOUNT, AGENT_KEY
from tests.loopback.krakenfutures_feeds import B64_SECRET
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET, TradingVenue
from tests.patience import patient_s
from tests.venue_pairs import venue_kind

WITHIN_S = patient_s(20.0)
VARIABLES = {
    "binance": "COCKPIT_BINANCEUSDM",
    "okx": "COCKPIT_OKX",
    "krakenfutures": "COCKPIT_KRAKENFUTURES",
    "bybit": "COCKPIT_BYBIT",
    "hyperliquid": "COCKPIT_HYPERLIQUID",
    "coinbase": "COCKPIT_COINBASE",
}
KEYS = {"hyperliquid": ACCOUNT, "coinbase": KEY_NAME}
SECRETS = {"krakenfutures": B64_SECRET, "hyperliquid": AGENT_KEY, "coinbase": PEM}
"""As a venue writes its secrets, where that is not just a text."""
BID, ASK = 100_000.0, 100_000.1


def with_krakenfutures(config: CockpitConfig) -> CockpitConfig:
    """The same config with that venue in it, on the terms of another one."""
    return with_venue(config, "krakenfutures")


def with_venue(config: CockpitConfig, name: str) -> CockpitConfig:
    """The same config with a venue in it that the shipped one has not, on the terms of another one."""
    section = Venue.model_validate(config.venues["binance"].model_dump())
    return config.model_copy(update={"venues": {**config.venues, name: section}})


def keys_of(venue: str, api_key: str = "", secret: str = "", password: str = PASSWORD) -> VenueKeys:
    return VenueKeys(
        venue,
        SecretStr(api_key or KEYS.get(venue, KEY)),
        SecretStr(secret or SECRETS.get(venue, SECRET)),
        SecretStr(password),
    )


def moved(venue: str, server: TradingVenue) -> dict[str, str]:
    """The environment that sends a venue's calls to this machine."""
    name = VARIABLES[venue]
    return {f"{name}_REST_URL": server.rest_url, f"{name}_WS_URL": server.ws_url}


def entry(order_id: str = "e1", qty: float = 0.002, side: Side = Side.LONG, price: float | None = None) -> OrderRequest:
    return _order(order_id, side, OrderRole.ENTRY, qty, price)


def close(order_id: str = "c1", qty: float = 0.002, side: Side = Side.SHORT) -> OrderRequest:
    return _order(order_id, side, OrderRole.CLOSE, qty, None)


def target(order_id: str = "x1", qty: float = 0.002, price: float = 101_000.0, side: Side = Side.SHORT) -> OrderRequest:
    return _order(order_id, side, OrderRole.TARGET, qty, price)


def stop(order_id: str = "s1", qty: float = 0.002, trigger: float = 99_000.0, side: Side = Side.SHORT) -> OrderRequest:
    return _order(order_id, side, OrderRole.STOP, qty, None, trigger)


def _order(
    order_id: str, side: Side, role: OrderRole, qty: float, price: float | None, trigger: float | None = None
) -> OrderRequest:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return OrderRequest(
        order_id=order_id,
        trade_id="t000001",
        venue="venue",
        asset="BTC",
        side=side,
        role=role,
        order_type=kind if trigger is None else OrderType.STOP_MARKET,
        qty=qty,
        reduce_only=role is not OrderRole.ENTRY,
        decided_ns=0,
        decision_price=BID,
        limit_price=price,
        trigger_price=trigger,
    )


class AccountStage:
    """`venue` is the server, `account` ours; `updates` what the private stream said, `links` how it stood."""

    def __init__(self, name: str, venue: Any, account: VenueAccount, config: CockpitConfig) -> None:
        self.name = name
        self.venue = venue
        self.account = account
        self.config = config
        self.updates: list[StreamUpdate] = []
        self.links: list[tuple[bool, str]] = []
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def another(self) -> AsyncIterator[VenueAccount]:
        """A second account with the same keys, not opened."""
        account = real_account(self.name, self.venue, self.config)
        try:
            yield account
        finally:
            await account.close()

    async def follow(self) -> None:
        """Read the private stream from now on; returns once it stands."""
        self._task = asyncio.create_task(self.account.follow(self._received, self._linked))
        await self.until(lambda: bool(self.links) and self.links[-1][0])

    async def stop_following(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _received(self, word: StreamUpdate) -> None:
        self.updates.append(word)

    def _linked(self, stands: bool, why: str) -> None:
        self.links.append((stands, why))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something makes it hold."""
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                await asyncio.sleep(0.002)

    # -- what the stream said

    def orders_of(self, client_id: str) -> list[VenueOrder]:
        return [
            word.order for word in self.updates if isinstance(word, OrderUpdate) and word.order.client_id == client_id
        ]

    def fills_of(self, client_id: str) -> list[Any]:
        """Executions, each once: a word may come twice."""
        words = [word for word in self.updates if isinstance(word, OrderUpdate) and word.order.client_id == client_id]
        return list({word.fill.fill_id: word.fill for word in words if word.fill is not None}.values())

    def position_updates(self) -> list[PositionUpdate]:
        return [word for word in self.updates if isinstance(word, PositionUpdate)]

    def payments(self) -> list[FundingUpdate]:
        return [word for word in self.updates if isinstance(word, FundingUpdate)]


def real_account(
    name: str, server: TradingVenue, config: CockpitConfig, keys: VenueKeys | None = None, timing: Timing | None = None
) -> VenueAccount:
    return account_for(name, config, keys or keys_of(name), moved(name, server), timing)


@asynccontextmanager
async def account_stage(
    name: str, config: CockpitConfig, keys: VenueKeys | None = None, timing: Timing | None = None
) -> AsyncIterator[AccountStage]:
    """A venue with 1,660 USD and a BTC market at 100,000, and an open account on it."""
    async with venue_kind(name)() as server:
        if name == "okx":
            server.core.isolated = dict.fromkeys(server.core.rules, True)
        server.set_price("BTC", BID, ASK)
        stage = AccountStage(name, server, real_account(name, server, config, keys, timing), config)
        try:
            await stage.account.open()
            yield stage
        finally:
            await stage.stop_following()
            await stage.account.close()


class StagedAccount:
    """What is tested at one desk: subclass it with the venue's `name`."""

    name: str

    @pytest.fixture
    async def stage(self, shipped_config: CockpitConfig):
        async with account_stage(self.name, shipped_config) as stage:
            yield stage

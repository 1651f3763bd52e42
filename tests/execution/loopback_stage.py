"""A loopback venue, the real client library on it, and one vocabulary for both venues' orders."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_clients import connected
from tests.patience import patient_s

SYMBOL = "BTC/USDT:USDT"
VENUES = [BinanceTradingVenue, OkxTradingVenue]
WITHIN_S = patient_s(20.0)


class FrameContent:
    """Every message of the client's sockets, before the library deals with it."""

    def __init__(self, client: Any) -> None:
        self.messages: list[Any] = []
        self._changed = asyncio.Condition()
        self._jobs: set[asyncio.Task[None]] = set()
        handle = client.handle_message

        def receive(socket: Any, message: Any) -> None:
            self.messages.append(message)
            job = asyncio.get_running_loop().create_task(self._notify())
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)
            handle(socket, message)

        client.handle_message = receive

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until a message makes it hold."""
        async with asyncio.timeout(WITHIN_S), self._changed:
            await self._changed.wait_for(holds)


@dataclass
class Stage:
    """BTC at 100,000; quantities in base coins."""

    venue: Any
    client: Any
    content: FrameContent

    @property
    def on_binance(self) -> bool:
        return bool(self.venue.symbol("BTC") == "BTCUSDT")

    @property
    def margin(self) -> dict[str, str]:
        """OKX's orders say their margin mode; the library's own choice is cross."""
        is_isolated = self.venue.core.isolated[self.venue.symbol("BTC")]
        return {} if self.on_binance else {"marginMode": "isolated" if is_isolated else "cross"}

    def amount(self, qty: float) -> float:
        return float(self.venue.units("BTC", qty))

    async def market(self, side: str, qty: float, client_id: str, **params: Any) -> Any:
        params = {"clientOrderId": client_id, **self.margin, **params}
        return await self.client.create_order(SYMBOL, "market", side, self.amount(qty), None, params)

    async def limit(self, side: str, qty: float, price: float, client_id: str, **params: Any) -> Any:
        params = {"clientOrderId": client_id, **self.margin, **params}
        return await self.client.create_order(SYMBOL, "limit", side, self.amount(qty), price, params)

    async def stop(self, side: str, qty: float, price: float, client_id: str) -> Any:
        params: dict[str, Any] = {"stopLossPrice": price, "reduceOnly": True, **self.margin}
        if self.on_binance:
            params |= {"clientOrderId": client_id, "workingType": "MARK_PRICE"}
        else:
            params |= {"algoClOrdId": client_id, "slTriggerPxType": "mark"}
        return await self.client.create_order(SYMBOL, "market", side, self.amount(qty), None, params)

    async def open_stops(self) -> list[Any]:
        kind = {} if self.on_binance else {"ordType": "conditional"}
        found: list[Any] = await self.client.fetch_open_orders(SYMBOL, params={"trigger": True, **kind})
        return found

    async def fetch_order(self, client_id: str, **params: Any) -> Any:
        return await self.client.fetch_order(None, SYMBOL, {"clientOrderId": client_id, **params})

    async def cancel(self, client_id: str, **params: Any) -> Any:
        return await self.client.cancel_order(None, SYMBOL, {"clientOrderId": client_id, **params})

    async def listen(self) -> "list[asyncio.Task[Any]]":
        """Open the account's streams and keep somebody waiting on each."""
        watched = [self.client.watch_orders(SYMBOL), self.client.watch_positions()]
        if not self.on_binance:
            watched.append(self.client.watch_orders(SYMBOL, params={"trigger": True}))
        tasks = [asyncio.ensure_future(each) for each in watched]
        channels = 1 if self.on_binance else 3
        async with asyncio.timeout(WITHIN_S):
            await self.venue.until(lambda: len(self._subscriptions()) >= channels)
        return tasks

    def _subscriptions(self) -> list[str]:
        topics = [topic for socket in self.venue.private_sockets() for topic in socket.topics]
        return [topic for topic in topics if topic != "logged in"]


@asynccontextmanager
async def staged(kind: type[Any], **options: Any) -> AsyncIterator[Stage]:
    """The venue with a price, and a client with keys and markets."""
    async with kind() as venue:
        venue.set_price("BTC", 100_000, 100_000.1, mark=100_000)
        async with connected(venue, **options) as client:
            yield Stage(venue, client, FrameContent(client))


async def ended(tasks: "list[asyncio.Task[Any]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

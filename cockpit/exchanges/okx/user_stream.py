"""OKX's private channels: one socket for orders and positions, another for conditional orders."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from cockpit.domain.bounded import Recent
from cockpit.exchanges.base.account import OrderUpdate, StreamUpdate
from cockpit.exchanges.base.private_stream import DIAL_WITHIN_S, Asked, PrivateStream
from cockpit.exchanges.okx.parsing import OkxParser

CHANNELS = {"private": ("orders", "positions"), "business": ("orders-algo",)}
WAITERS = "account"


class OkxStream(PrivateStream):
    """The library logs in, and says ping."""

    def __init__(self, account: Asked, parser: OkxParser) -> None:
        super().__init__(account)
        self.parser = parser
        self._spoken: Recent[str] = Recent(500)

    async def _dial(self) -> Iterable[Awaitable[Any]]:
        client = self.account.client
        self.expect_confirmed(channel for channels in CHANNELS.values() for channel in channels)
        waiting = [await self._subscribe(client, access, channels) for access, channels in CHANNELS.items()]
        await self.until_confirmed(waiting)
        return waiting

    async def _subscribe(self, client: Any, access: str, channels: Iterable[str]) -> asyncio.Future[Any]:
        login = asyncio.ensure_future(client.authenticate({"access": access}))
        try:
            await self.within(DIAL_WITHIN_S, [login], "to be logged in")
        finally:
            login.cancel()
        asked = {"op": "subscribe", "args": [{"channel": channel, "instType": "SWAP"} for channel in channels]}
        waiting: asyncio.Future[Any] = client.watch(self._url(client, access), WAITERS, asked, WAITERS)
        return waiting

    def _url(self, client: Any, access: str) -> str:
        return str(client.get_url("orders", access))

    async def _hang_up(self) -> None:
        client = self.account.client
        for access in CHANNELS if client is not None else ():
            await self.drop(self._url(client, access))

    def _read(self, message: Any) -> list[StreamUpdate] | None:
        if not isinstance(message, dict):
            return None
        if message.get("event") == "subscribe":
            self.confirm(message["arg"]["channel"])
            return []
        if "data" not in message or "arg" not in message:
            return None
        updates: list[StreamUpdate] = []
        for row in message["data"]:
            try:
                update = self._update(message["arg"]["channel"], row)
            except Exception as error:
                # One odd row loses no other; what it said is asked for once the link is made anew.
                self.break_off(f"unreadable message: {type(error).__name__}")
                continue
            updates += [] if update is None else [update]
        return updates

    def _update(self, channel: str, row: Any) -> StreamUpdate | None:
        match channel:
            case "orders":
                self._spoken.add(str(row["ordId"]))
                return self.parser.order_update(row)
            case "orders-algo":
                return self._algo(row)
            case "positions":
                return self.parser.position_update(row)
        return None

    def _algo(self, row: Any) -> OrderUpdate | None:
        """A triggered stop that already speaks as the order it became is not spoken for by its trigger any more."""
        order_id = self.parser.triggered_as(row)
        return None if order_id and order_id in self._spoken else self.parser.algo_update(row)

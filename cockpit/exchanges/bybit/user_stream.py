"""Bybit's private stream: one socket, a login that is signed by the venue's clock, and three topics.

An order's topic says how it stands, that of executions what was executed, in no agreed order. The fill that ends an
order is told by whichever comes first.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Iterable
from typing import Any

from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.kinds import OrderStatus
from cockpit.exchanges.base.account import Ambiguous, KeysLost, OrderUpdate, StreamUpdate
from cockpit.exchanges.base.private_stream import DIAL_WITHIN_S, Asked, PrivateStream
from cockpit.exchanges.bybit.client import TOPICS, private_url
from cockpit.exchanges.bybit.parsing import BybitParser

WAITERS = "account"
SIGNED_FOR_MS = 10_000
ORDERS_KEPT = 500


class BybitStream(PrivateStream):
    """`takes` reads what the venue says of the login and of the topics too: each is waited for before the next."""

    def __init__(self, account: Asked, parser: BybitParser) -> None:
        super().__init__(account)
        self.parser = parser
        self._executed: BoundedMap[str, tuple[float, float]] = BoundedMap(ORDERS_KEPT)
        self._counted: Recent[str] = Recent(2_000)
        self._filled: Recent[str] = Recent(ORDERS_KEPT)
        self._reply: asyncio.Future[None] | None = None

    async def _dial(self) -> Iterable[Awaitable[Any]]:
        url = private_url(self.account.client)
        waiting = await self._confirm(url, self._login(), "to be logged in")
        asked = {"op": "subscribe", "req_id": WAITERS, "args": sorted(TOPICS)}
        await self._confirm(url, asked, "its topics confirmed")
        return [waiting]

    async def _confirm(self, url: str, frame: Any, what: str) -> asyncio.Future[Any]:
        """Send a frame and wait until the venue has said yes to it. Raises what it said instead."""
        self._reply = asyncio.get_running_loop().create_future()
        waiting: asyncio.Future[Any] = self.account.client.watch(url, WAITERS, frame, frame["op"])
        try:
            await self.within(DIAL_WITHIN_S, [self._reply, waiting], what)
        finally:
            self._reply.cancel()
        return waiting

    def _login(self) -> dict[str, Any]:
        client, until = self.account.client, str(self.account.venue_ms() + SIGNED_FOR_MS)
        signature = client.hmac(client.encode(f"GET/realtime{until}"), client.encode(client.secret), hashlib.sha256)
        self.secrets = [signature]
        return {"op": "auth", "args": [client.apiKey, until, signature]}

    async def _hang_up(self) -> None:
        if self.account.client is not None:
            await self.drop(private_url(self.account.client))

    def _read(self, message: Any) -> list[StreamUpdate] | None:
        if not isinstance(message, dict):
            return None
        if message.get("op") in ("auth", "subscribe"):
            self._answered(message)
            return []
        if message.get("topic") not in TOPICS:
            return None
        updates: list[StreamUpdate] = []
        for row in message["data"]:
            try:
                update = self._update(message["topic"], row)
            except Exception as error:
                # One odd row loses no other; what it said is asked for once the link is made anew.
                self.break_off(f"unreadable message: {type(error).__name__}")
                continue
            updates += [] if update is None else [update]
        return updates

    def _answered(self, message: Any) -> None:
        """The venue's word on the login or the subscription."""
        if self._reply is None or self._reply.done():
            return
        if message.get("success") and str(message.get("retCode") or 0) == "0":
            self._reply.set_result(None)
            return
        said = f"{message.get('retCode', '')} {message.get('ret_msg') or message.get('retMsg') or ''}".strip()
        sentence = f"{self.account.venue} stream: expected {message['op']} confirmed, was {said or 'not'}"
        self._reply.set_exception(KeysLost(sentence) if message["op"] == "auth" else Ambiguous(sentence))

    def _update(self, topic: str, row: Any) -> StreamUpdate | None:
        match topic:
            case "order":
                return self._order(row)
            case "execution":
                return self._execution(row)
        return self.parser.position_update(row)

    def _order(self, row: Any) -> OrderUpdate | None:
        """An order's own word, but for an end by executions that these have told already."""
        update = self.parser.order_update(row)
        return update if update.order.status is not OrderStatus.FILLED or self._is_news(update) else None

    def _execution(self, row: Any) -> OrderUpdate | None:
        fill = self.parser.fill(row)
        if fill is None:
            self.funding_is_due()
            return None
        qty, quote_usd = self._executed.get(fill.venue_order_id) or (0.0, 0.0)
        if fill.fill_id not in self._counted:
            self._counted.add(fill.fill_id)
            qty, quote_usd = qty + fill.qty, quote_usd + fill.qty * fill.price
            self._executed[fill.venue_order_id] = qty, quote_usd
        order = self.parser.order_of(row, fill, quote_usd / qty if qty else fill.price)
        update = OrderUpdate(order, fill, fill.ts_ns)
        if order.status is not OrderStatus.FILLED or self._is_news(update):
            return update
        return update._replace(order=order._replace(status=OrderStatus.PARTLY_FILLED))

    def _is_news(self, update: OrderUpdate) -> bool:
        """Whether it is the first word that the order is filled."""
        order_id = update.order.venue_order_id
        if order_id in self._filled:
            return False
        self._filled.add(order_id)
        return True

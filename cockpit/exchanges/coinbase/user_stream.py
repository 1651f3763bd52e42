"""Coinbase's user channel: one socket, a token that is signed for each subscription, orders as they stand by now.

It tells no executions: what of an order was executed shows in how much of it is filled, and which executions those were
is asked for. Positions are in it only where the venue has switched them on. Its heartbeats, one a second, prove that
the connection lives, however long the account has nothing to tell.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.units import seconds_to_ns
from cockpit.exchanges.base.account import (
    Ambiguous,
    OrderUpdate,
    StreamUpdate,
    VenueFailure,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.call_kind import for_exits
from cockpit.exchanges.base.private_stream import Asked, PrivateStream
from cockpit.exchanges.coinbase.parsing import CoinbaseParser
from cockpit.exchanges.coinbase.stamps import stamp_ns

USER, HEARTBEATS = "user", "heartbeats"
WAITERS = "account"
ORDERS_KEPT = 500
FILLS_AT_S = (0.0, 0.2, 0.5, 1.0, 2.0)
"""When the executions of an order that grew are asked for; what is not listed by then is looked up by others."""
HEARTBEAT_LATE_S = 10.0


class AsksExecutions(Asked, Protocol):
    """What this stream needs of its account beside the usual."""

    async def fills_of(self, order: VenueOrder) -> tuple[VenueFill, ...]:
        """Every execution of it."""


class CoinbaseStream(PrivateStream):
    """The library keeps the socket, and answers pings."""

    account: AsksExecutions

    def __init__(self, account: AsksExecutions, parser: CoinbaseParser) -> None:
        super().__init__(account)
        self.parser = parser
        self._orders: BoundedMap[str, VenueOrder] = BoundedMap(ORDERS_KEPT)
        self._asked_for: BoundedMap[str, float] = BoundedMap(ORDERS_KEPT)
        self._grown: set[str] = set()
        self._emitted: Recent[str] = Recent(2_000)
        self._grew = asyncio.Event()
        self._beat_ns: int | None = None

    def knows(self, order: VenueOrder) -> None:
        """The venue's REST told of an order: what the channel leaves out of it is known from now on."""
        before = self._orders.get(order.venue_order_id)
        if before is None or not before.status.is_final:
            self._orders[order.venue_order_id] = order

    @property
    def _url(self) -> str:
        return str(self.account.client.urls["api"]["ws"])

    async def _dial(self) -> Iterable[Awaitable[Any]]:
        client, self._beat_ns = self.account.client, None
        self.expect_confirmed({USER, HEARTBEATS})
        waiting = []
        self.secrets = []
        for channel in (USER, HEARTBEATS):
            token = client.create_auth_token(client.seconds())
            self.secrets.append(token)
            frame = {"type": "subscribe", "channel": channel, "jwt": token}
            waiting.append(client.watch(self._url, WAITERS, frame, channel))
        await self.until_confirmed(waiting)
        return waiting

    async def _hang_up(self) -> None:
        await self.drop(self._url)

    async def _keep_alive(self) -> None:
        """Ask for the executions of what grew, and see that the heart beats."""
        self._grew.set()
        asking, beating = asyncio.ensure_future(self._ask_executions()), asyncio.ensure_future(self._watch_heart())
        try:
            await asyncio.gather(asking, beating)
        finally:
            asking.cancel()
            beating.cancel()

    def _read(self, message: Any) -> list[StreamUpdate] | None:
        if not isinstance(message, dict):
            return None
        if message.get("type") == "error":
            self.break_off(f"the venue said {message.get('message')!r}")
            return []
        match message.get("channel"):
            case "subscriptions":
                for event in message["events"]:
                    for channel in event["subscriptions"]:
                        self.confirm(str(channel))
                return []
            case "heartbeats":
                self._beat_ns = self.account.timing.clock()
                return []
            case "user":
                ts_ns = stamp_ns(message["timestamp"])
                return [update for event in message["events"] for update in self._event(event, ts_ns)]
        return None

    def _event(self, event: Any, ts_ns: int) -> Iterable[StreamUpdate]:
        """Of the past (a snapshot's orders) nothing is told that was told before."""
        for row in event.get("orders") or ():
            order_id = str(row["order_id"])
            order = self.parser.streamed_order(row, self._orders.get(order_id))
            self._remember(order)
            yield OrderUpdate(order, None, ts_ns)
        positions = event.get("positions") or {}
        for row in positions.get("expiring_futures_positions") or ():
            yield self.parser.streamed_position(row, ts_ns)

    def _remember(self, order: VenueOrder) -> None:
        before = self._orders.get(order.venue_order_id)
        if before is None or (order.filled_qty >= before.filled_qty and not before.status.is_final):
            self._orders[order.venue_order_id] = order
        if order.filled_qty > self._asked_for.get(order.venue_order_id, 0.0):
            self._grown.add(order.venue_order_id)
            self._grew.set()

    # -- executions

    async def _ask_executions(self) -> NoReturn:
        while True:
            await self._grew.wait()
            self._grew.clear()
            grown, self._grown = self._grown, set()
            with for_exits():
                await asyncio.gather(*(self._executions_of(order_id) for order_id in sorted(grown)))

    async def _executions_of(self, order_id: str) -> None:
        """Until as much is listed as is known to be filled."""
        for at_s in FILLS_AT_S:
            order = self._orders.get(order_id)
            if order is None or self._asked_for.get(order_id, 0.0) >= order.filled_qty:
                return
            await self.account.timing.sleep(at_s)
            with suppress(VenueFailure):
                fills = await self.account.fills_of(order._replace(is_conditional=False))
                self._asked_for[order_id] = sum(fill.qty for fill in fills) + 1e-9
                for fill in fills:
                    if fill.fill_id not in self._emitted:
                        self._emitted.add(fill.fill_id)
                        self._emit(OrderUpdate(self._orders.get(order_id) or order, fill, fill.ts_ns))

    async def _watch_heart(self) -> NoReturn:
        """Only of a connection whose heart was heard: a venue may have none."""
        while True:
            await self.account.timing.sleep(HEARTBEAT_LATE_S / 5)
            beat_ns, now_ns = self._beat_ns, self.account.timing.clock()
            if beat_ns is not None and now_ns - beat_ns > seconds_to_ns(HEARTBEAT_LATE_S):
                raise Ambiguous(f"{self.account.venue} stream: expected a heartbeat a second, was none for 10 s")

"""Hyperliquid's feeds of an account: they are public, and name it; its state and fills come with the subscription."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from tests.loopback import hyperliquid_bodies as bodies
from tests.loopback.exchange_hyperliquid import HyperliquidVenue, topic
from tests.loopback.matching_terms import Algo, Execution, Order, Position, Status
from tests.loopback.trading_venue import TradingVenue
from tests.loopback.venue_server import Socket


class HyperliquidFeeds(HyperliquidVenue, TradingVenue):
    """The sockets of an account; `HyperliquidTradingVenue` is the rest of it."""

    user: str

    @abstractmethod
    def state(self, positions: Mapping[str, Position]) -> dict[str, Any]: ...

    async def greet(self, socket: Socket, asked: dict[str, Any]) -> None:
        """The account's state and its fills of before come with their subscriptions."""
        if asked.get("user") != self.user.lower():
            await super().greet(socket, asked)
        elif asked["type"] == "clearinghouseState":
            await self._send_frame(socket, self._state_frame())
        elif asked["type"] == "userFills":
            rows = [bodies.fill_row(one, self.core, self.user) for one in self.core.listed_executions]
            data = {"isSnapshot": True, "user": self.user, "fills": rows}
            await self._send_frame(socket, {"channel": "userFills", "data": data})

    def private_sockets(self) -> list[Socket]:
        name = self._topic("orderUpdates")
        return [socket for socket in self.sockets if name in socket.topics]

    def _topic(self, kind: str) -> str:
        return topic({"type": kind, "user": self.user.lower()})

    def _emit(self, kind: str, data: Any) -> None:
        self.user_stream.put(self._topic(kind), json.loads(json.dumps({"channel": kind, "data": data})))

    def _order_update(self, row: dict[str, Any], status: str, at_ms: int) -> None:
        self._emit("orderUpdates", [{"order": bodies.basic(row), "status": status, "statusTimestamp": at_ms}])

    def order_changed(self, order: Order, execution: Execution | None) -> None:
        """A fill tells of itself; the order's own word comes where it rests, or rests no more."""
        if execution is not None:
            rows = [bodies.fill_row(execution, self.core, self.user)]
            self._emit("userFills", {"user": self.user, "fills": rows})
        takes = order.kind == "market" or order.algo_id is not None
        if order.owner == "venue" or (takes and order.works):
            return
        status = bodies.order_status(order.status, order)
        self._order_update(bodies.order_row(order, self.core), status, order.updated_ms)

    def algo_changed(self, algo: Algo) -> None:
        if algo.status in (Status.TRIGGERED, Status.FINISHED):
            return  # TRIGGERING said so, and its end is that of its order
        self._order_update(bodies.stop_row(algo), bodies.STATUS[algo.status], algo.updated_ms)

    def account_changed(self, symbol: str | None, reason: str) -> None:
        self._emit("clearinghouseState", self._state_frame()["data"])

    def _state_frame(self) -> dict[str, Any]:
        data = {"dex": "", "user": self.user, "clearinghouseState": self.state(self.core.positions)}
        return {"channel": "clearinghouseState", "data": data}

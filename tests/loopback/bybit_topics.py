"""Bybit's private topics: a login that is signed, and what they say of orders, executions, positions and the wallet."""

import hashlib
import hmac
import json
from typing import Any

from tests.loopback import bybit_bodies as bodies
from tests.loopback.exchange_bybit import BybitVenue
from tests.loopback.matching_terms import Algo, Execution, Order, Status
from tests.loopback.trading_venue import KEY, SECRET, TradingVenue
from tests.loopback.venue_server import Socket

TOPICS = ("order", "execution", "position", "wallet")
LOGGED_IN = "logged in"


def signed(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


class BybitTopics(BybitVenue, TradingVenue):
    """The sockets of an account; `BybitTradingVenue` is the rest of it."""

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """A login, and topics for who is logged in; the public ones as ever."""
        if not socket.path.endswith("/private") or frame["op"] == "ping":
            await super().on_frame(socket, frame)
        elif frame["op"] == "auth":
            await self._send_frame(socket, self._login(socket, frame["args"]))
        elif LOGGED_IN not in socket.topics or not set(frame["args"]) <= set(TOPICS):
            refused = {"success": False, "ret_msg": "Request not authorized", "conn_id": "a1", "op": frame["op"]}
            await self._send_frame(socket, refused)
        else:
            socket.topics |= set(frame["args"])
            await self._send_frame(socket, self._ack(frame))

    def _login(self, socket: Socket, args: list[Any]) -> dict[str, Any]:
        key, until, signature = args
        if self.key_revoked or key != KEY:
            return {"success": False, "ret_msg": "API key is invalid.", "op": "auth", "conn_id": "a1", "retCode": 10003}
        if int(until) <= self.now_ms():
            return {"success": False, "ret_msg": "Params Error", "op": "auth", "conn_id": "a1"}
        if signature != signed(f"GET/realtime{until}"):
            return {"success": False, "ret_msg": "Error sign", "op": "auth", "conn_id": "a1", "retCode": 10004}
        socket.topics.add(LOGGED_IN)
        return {"success": True, "ret_msg": "", "op": "auth", "conn_id": "cejreaspqfm9se7usbrg-2xh"}

    def private_sockets(self) -> list[Socket]:
        return [socket for socket in self.sockets if socket.path.endswith("/private")]

    def _emit(self, topic: str, row: dict[str, Any]) -> None:
        frame = {"id": f"{topic}-{self.now_ms()}", "topic": topic, "creationTime": self.now_ms(), "data": [row]}
        self.user_stream.put(topic, json.loads(json.dumps(frame)))

    def order_changed(self, order: Order, execution: Execution | None) -> None:
        """A market order is not told of before its first execution."""
        if execution is not None:
            self._emit("execution", bodies.execution(execution, self.core))
        if order.kind != "market" or order.status is not Status.NEW:
            self._emit("order", bodies.order(order, self.core))

    def algo_changed(self, algo: Algo) -> None:
        """Once it has become an order that one speaks, under the same ids."""
        if algo.status not in (Status.TRIGGERED, Status.FINISHED):
            self._emit("order", bodies.stop(algo))

    def account_changed(self, symbol: str | None, reason: str) -> None:
        if symbol is not None:
            self._emit("position", bodies.position(symbol, self.core))
        elif reason == "FUNDING_FEE":
            self._emit("execution", bodies.funding_execution(self.core.income[-1]))
        self._emit("wallet", bodies.wallet(self.core))

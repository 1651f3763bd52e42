"""Kraken Futures' private feeds: a challenge that is signed, three subscriptions that carry it, and what they say."""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable
from typing import Any

from tests.loopback import krakenfutures_bodies as bodies
from tests.loopback.exchange_krakenfutures import KrakenFuturesVenue
from tests.loopback.matching_terms import Algo, Execution, Order, Status
from tests.loopback.trading_venue import KEY, SECRET, TradingVenue
from tests.loopback.venue_server import Socket

B64_SECRET = base64.b64encode(SECRET.encode()).decode()
"""The venue's secrets are written so."""
FEEDS = ("open_orders", "fills", "open_positions")
CHALLENGED = "logged in"


def signed(text: str) -> str:
    """SHA-256, then HMAC-SHA-512 with the secret."""
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b64encode(hmac.new(base64.b64decode(B64_SECRET), digest, hashlib.sha512).digest()).decode()


class KrakenFuturesFeeds(KrakenFuturesVenue, TradingVenue):
    """The sockets of an account; `KrakenFuturesTradingVenue` is the rest of it."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__(now_ms)
        self._challenges = itertools.count(1)

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """A challenge, signed subscriptions; the public ones as ever."""
        if frame.get("event") == "challenge":
            socket.topics.add(CHALLENGED)
            if self.key_revoked or frame["api_key"] != KEY:
                await self._send_frame(socket, {"event": "error", "message": "Invalid api key"})
                return
            socket.challenge = f"226aee50-88fc-4618-a42a-{next(self._challenges):012d}"  # type: ignore[attr-defined]
            await self._send_frame(socket, {"event": "challenge", "message": socket.challenge})  # type: ignore[attr-defined]
        elif frame.get("feed") not in FEEDS:
            await super().on_frame(socket, frame)
        elif frame.get("signed_challenge") != signed(getattr(socket, "challenge", "")):
            await self._send_frame(socket, {"event": "alert", "message": "Failed to subscribe to authenticated feed"})
        else:
            await self._subscribe(socket, frame["feed"])

    async def _subscribe(self, socket: Socket, feed: str) -> None:
        """Acknowledged; how things stand follows at once."""
        await self._send_frame(socket, {"event": "subscribed", "feed": feed})
        if feed == "open_positions":
            await self._send_frame(socket, self._positions_frame())
        elif feed == "fills":
            await self._send_frame(socket, {"feed": "fills_snapshot", "account": "406142dd", "fills": []})
        else:
            orders = [bodies.feed_order(order, self.core) for order in self.core.open_orders()]
            orders += [bodies.feed_stop(algo) for algo in self.core.algos.open()]
            await self._send_frame(socket, {"feed": "open_orders_snapshot", "account": "406142dd", "orders": orders})
        socket.topics.add(feed)

    def private_sockets(self) -> list[Socket]:
        return [socket for socket in self.sockets if CHALLENGED in socket.topics]

    def _emit(self, frame: dict[str, Any]) -> None:
        self.user_stream.put(frame["feed"], json.loads(json.dumps(frame)))

    def _ended(self, order_id: str, client_id: str, reason: str) -> None:
        names = {"order_id": order_id, "cli_ord_id": client_id}
        self._emit({"feed": "open_orders", **names, "is_cancel": True, "reason": reason})

    def order_changed(self, order: Order, execution: Execution | None) -> None:
        if execution is not None:
            fill = bodies.feed_fill(execution, order, self.core)
            self._emit({"feed": "fills", "username": "loopback", "fills": [fill]})
        if order.kind == "market":
            return
        if order.works:
            reason = "new_placed_order_by_user" if execution is None else "partial_fill"
            self._emit(
                {
                    "feed": "open_orders",
                    "order": bodies.feed_order(order, self.core),
                    "is_cancel": False,
                    "reason": reason,
                }
            )
        else:
            self._ended(
                *bodies.names(order, self.core), "full_fill" if order.status is Status.FILLED else "cancelled_by_user"
            )

    def algo_changed(self, algo: Algo) -> None:
        reasons = {
            Status.TRIGGERED: "stop_order_triggered",
            Status.CANCELED: "cancelled_by_user",
            Status.EXPIRED: "cancelled_by_user",
            Status.REJECTED: "would_not_reduce_position",
        }
        if algo.status is Status.NEW:
            stop = {"order": bodies.feed_stop(algo), "is_cancel": False, "reason": "new_placed_order_by_user"}
            self._emit({"feed": "open_orders", **stop})
        elif algo.status in reasons:
            self._ended(str(algo.algo_id), algo.client_id, reasons[algo.status])

    def account_changed(self, symbol: str | None, reason: str) -> None:
        if symbol is not None:
            self._emit(self._positions_frame())

    def _positions_frame(self) -> dict[str, Any]:
        """All that is open, each time."""
        rows = [bodies.feed_position(symbol, self.core) for symbol in self.positions]
        stamp = self.now_ms()
        return {"feed": "open_positions", "account": "406142dd", "positions": rows, "seq": 0, "timestamp": stamp}

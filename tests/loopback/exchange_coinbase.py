"""Coinbase Advanced Trade on 127.0.0.1, in the shapes of the real one: REST v3 and its WebSocket as captured.

Messages are numbered through on each connection; prints come newest first; the word that a subscription stands comes
after its first data.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiohttp import web

from tests.loopback.bars import bars_between
from tests.loopback.venue_server import Socket, VenueServer

API = "/api/v3/brokerage"
EXPIRY = "20DEC30-CDE"
CHANNELS = {"market_trades": "market_trades", "ticker": "ticker", "level2": "l2_data", "heartbeats": "heartbeats"}
"""What a subscription's messages call themselves."""


class Contract(NamedTuple):
    """A perpetual-style future: its code, its size in coins, its price step."""

    code: str
    size: str
    tick: str


NANO = {
    "BTC": Contract("BIP", "0.01", "5"),
    "ETH": Contract("ETP", "0.1", "0.5"),
    "SOL": Contract("SLP", "5", "0.01"),
    "XRP": Contract("XPP", "500", "0.0001"),
}
"""As the venue lists them."""


def product(base: str) -> str:
    return f"{NANO[base].code}-{EXPIRY}"


def iso(ms: int) -> str:
    """A time as its REST writes it."""
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class CoinbaseVenue(VenueServer):
    """Its rates and sessions are plain attributes: set them, and the next answer says so.

    `session` replaces the keys of every product's session block.
    """

    def __init__(self, now_ms: Callable[[], int], contracts: Mapping[str, Contract] = NANO) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.contracts = dict(contracts)
        self.bases = list(self.contracts)
        self.funding_rate: dict[str, str] = {}
        self.open_interest: dict[str, str] = {}
        self.session: dict[str, Any] = {}
        self.last: dict[str, float] = {}
        self._top: dict[str, dict[str, str]] = {}
        self._skip = 0

    # -- REST

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """The public endpoints."""
        answer = self.public(path, query)
        if answer is None:
            return web.json_response({"error": "NOT_FOUND", "error_details": "", "message": "Not found"}, status=404)
        return web.json_response(answer)

    def public(self, path: str, query: Mapping[str, str]) -> dict[str, Any] | None:
        match path.removeprefix(API).split("/")[1:]:
            case ["time"]:
                ms = self.now_ms()
                return {"iso": iso(ms), "epochSeconds": str(ms // 1_000), "epochMillis": str(ms)}
            case ["market", "products"]:
                rows = [self.future(base) for base in self.bases] if query.get("product_type") == "FUTURE" else []
                return {"products": rows, "num_products": len(rows)}
            case ["market", "products", _, "candles"]:
                bars = bars_between(int(query["start"]) * 1_000, int(query["end"]) * 1_000, self.now_ms(), 350)
                return {"candles": [bar.named("start", f"{bar.start_ms // 1_000}") for bar in reversed(bars)]}
            case ["market", "products", product_id]:
                base = next((base for base in self.bases if product(base) == product_id), None)
                return None if base is None else self.future(base)
        return None

    def future(self, base: str) -> dict[str, Any]:
        """A product as the venue lists a perpetual-style future."""
        contract, price = self.contracts[base], self.last_of(product(base))
        interest = self.open_interest.get(base, "183283")
        return {
            "product_id": product(base),
            "price": f"{price:g}",
            "volume_24h": "678476",
            "base_increment": "1",
            "quote_increment": "0.01",
            "quote_min_size": "0",
            "quote_max_size": "100000000",
            "base_min_size": "1",
            "base_max_size": "500000",
            "base_name": "",
            "quote_name": "US Dollar",
            "is_disabled": False,
            "status": "",
            "cancel_only": False,
            "limit_only": False,
            "post_only": False,
            "trading_disabled": False,
            "auction_mode": False,
            "product_type": "FUTURE",
            "quote_currency_id": "USD",
            "base_currency_id": "",
            "fcm_trading_session_details": self.session_details(),
            "mid_market_price": f"{price:g}",
            "alias": "",
            "alias_to": [],
            "price_increment": contract.tick,
            "display_name": f"{base} PERP",
            "product_venue": "FCM",
            "future_product_details": {
                "venue": "cde",
                "contract_code": contract.code,
                "contract_expiry": "2030-12-20T16:00:00Z",
                "contract_size": contract.size,
                "contract_root_unit": base,
                "risk_managed_by": "MANAGED_BY_FCM",
                "contract_expiry_type": "EXPIRING",
                "perpetual_details": {"open_interest": interest, "funding_rate": "", "funding_time": None},
                "contract_display_name": f"{base} PERP",
                "twenty_four_by_seven": True,
                "funding_interval": "3600s",
                "open_interest": interest,
                "funding_rate": self.funding_rate.get(base, "0.000013"),
                "funding_time": iso(self.now_ms() // 3_600_000 * 3_600_000),
                "intraday_margin_rate": {"long_margin_rate": "0.1000185", "short_margin_rate": "0.1000008"},
                "overnight_margin_rate": {"long_margin_rate": "0.245625", "short_margin_rate": "0.306375"},
                "settlement_price": f"{price:g}",
                "index_price": f"{price:g}",
            },
        }

    def session_details(self) -> dict[str, Any]:
        now_ms = self.now_ms()
        return {
            "is_session_open": True,
            "open_time": iso(now_ms - 3_600_000),
            "close_time": iso(now_ms + 23 * 3_600_000),
            "session_state": "FCM_TRADING_SESSION_STATE_OPEN",
            "after_hours_order_entry_disabled": False,
            "closed_reason": "FCM_TRADING_SESSION_CLOSED_REASON_UNDEFINED",
            "maintenance": None,
            **self.session,
        }

    def last_of(self, product_id: str) -> float:
        return self.last.get(product_id, 100.0)

    # -- stream

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """Subscriptions: their first data, then the word that they stand, with all that stand."""
        channel, ids = frame["channel"], frame.get("product_ids") or [channel_itself(frame["channel"])]
        for product_id in ids:
            name = topic(channel, product_id)
            if frame["type"] == "unsubscribe":
                socket.topics.discard(name)
                continue
            socket.topics.add(name)
            if channel == "level2" and not self.stalled:
                await self._send(socket, self.snapshot(product_id))
        if not self.stalled:
            await self._send(socket, self._standing(socket))

    def _standing(self, socket: Socket) -> dict[str, Any]:
        standing: dict[str, list[str]] = {}
        for name in sorted(socket.topics):
            channel, _, product_id = name.partition(":")
            standing.setdefault(channel, []).append(product_id)
        return self.message("subscriptions", [{"subscriptions": standing}])

    async def _send(self, socket: Socket, message: dict[str, Any]) -> None:
        await socket.send(json.dumps(self.numbered(socket, message), separators=(",", ":")))

    async def push(self, topic: str, *frames: Any) -> int:
        """The same message carries another number on each connection."""
        if self.stalled:
            return 0
        reached = [socket for socket in self.sockets if topic in socket.topics]
        for socket in reached:
            for frame in frames:
                text = frame if isinstance(frame, str) else json.dumps(self.numbered(socket, frame))
                for _ in range(2 if self.twice else 1):
                    await socket.send(text)
        return len(reached)

    def numbered(self, socket: Socket, message: dict[str, Any]) -> dict[str, Any]:
        number = getattr(socket, "sequence_num", -1) + 1 + self._skip
        self._skip = 0
        socket.sequence_num = number  # type: ignore[attr-defined]
        return {**message, "sequence_num": number}

    def message(self, channel: str, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {"channel": channel, "client_id": "", "timestamp": iso(self.now_ms()), "events": list(events)}

    def snapshot(self, product_id: str) -> dict[str, Any]:
        """The book as a subscription's first message has it."""
        levels = {"bid": (("100.0", 5.0), ("99.0", 7.0)), "offer": (("100.1", 4.0), ("101.0", 6.0))}
        rows = [
            level(side, price, f"{qty / self.size_of(product_id):.10g}")
            for side, found in levels.items()
            for price, qty in found
        ]
        return self.message("l2_data", [{"type": "snapshot", "product_id": product_id, "updates": rows}])

    def size_of(self, product_id: str) -> float:
        return next((float(self.contracts[base].size) for base in self.bases if product(base) == product_id), 1.0)

    async def depth(self, symbol: str, bids: Sequence[list[str]], asks: Sequence[list[str]], skip: int = 0) -> None:
        """One message with the levels that changed; with `skip` as many before it never arrived."""
        rows = [level("bid", price, qty) for price, qty in bids] + [level("offer", price, qty) for price, qty in asks]
        self._skip = skip
        event = {"type": "update", "product_id": symbol, "updates": rows}
        await self.push(topic("level2", symbol), self.message("l2_data", [event]))

    async def trade(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> None:
        await self.push(topic("market_trades", symbol), self.trade_frame(symbol, trade_id, price, qty, buyer))

    def trade_frame(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> dict[str, Any]:
        """One print, stamped now; its quantity is contracts."""
        row = {
            "trade_id": str(trade_id),
            "product_id": symbol,
            "price": f"{price}",
            "size": f"{qty:.10g}",
            "side": "BUY" if buyer else "SELL",
            "time": iso(self.now_ms()),
        }
        return self.message("market_trades", [{"type": "update", "trades": [row]}])

    async def top(self, symbol: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        row = {
            "type": "ticker",
            "product_id": symbol,
            "price": f"{ask}",
            "volume_24_h": "15328",
            "best_bid": f"{bid}",
            "best_bid_quantity": f"{bid_qty:.10g}",
            "best_ask": f"{ask}",
            "best_ask_quantity": f"{ask_qty:.10g}",
        }
        await self.push(topic("ticker", symbol), self.message("ticker", [{"type": "update", "tickers": [row]}]))

    async def heartbeat(self) -> None:
        """As it comes once a second."""
        for base in self.bases:
            event = {"current_time": iso(self.now_ms()), "heartbeat_counter": 1}
            if await self.push(topic("heartbeats", product(base)), self.message("heartbeats", [event])):
                return

    async def mark(self, symbol: str, mark: float, index: float) -> None:
        """The stream tells none; its heartbeat comes in its place."""
        await self.heartbeat()


def topic(channel: str, product_id: str) -> str:
    """How a subscription is remembered."""
    return f"{channel}:{product_id}"


def channel_itself(channel: str) -> str:
    """What a subscription to no product in particular stands under."""
    return channel


def level(side: str, price: str, qty: str) -> dict[str, str]:
    return {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": price, "new_quantity": qty}

"""Hyperliquid on 127.0.0.1, in the shapes of the real one: `info` and the WebSocket as documented and captured."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from tests.loopback.bars import bars_between
from tests.loopback.venue_server import Socket, VenueServer

COINS = {"BTC": (5, 40), "ETH": (4, 25), "SOL": (2, 20), "XRP": (0, 20)}
"""Decimals of a size and most leverage, in the order of the venue's numbers."""
VAULT = "0x2e3d94f0562703b25c83308a05046ddaf9a8dd14"
"""Takes over what is liquidated at last; anybody may follow its fills."""
BUYER, SELLER = "0x3c7a9f4b7ec840b1879c28acb8b02371b8db7b2d", "0x8d4aedc569f341b5f7d829332f1777cb9f38d366"


def listed(coin: str) -> dict[str, Any]:
    """A row of the universe."""
    decimals, leverage = COINS[coin]
    return {"szDecimals": decimals, "name": coin, "maxLeverage": leverage, "marginTableId": leverage}


def topic(subscription: dict[str, Any]) -> str:
    """How a subscription is remembered."""
    return f"{subscription['type']}:{subscription.get('coin') or subscription.get('user', '')}"


def text(number: float) -> str:
    """A number as the venue writes it."""
    return str(float(number))


class HyperliquidVenue(VenueServer):
    """Its marks and rates are plain attributes: set them, and the next answer says so."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.bases = list(COINS)
        self.asked_info: list[Mapping[str, Any]] = []
        self.hourly_rates: dict[str, float] = {}
        self.marks: dict[str, float] = {}
        self._books: dict[str, dict[str, dict[float, float]]] = {}
        self._tids = itertools.count(700_000_000_000_001)

    # -- REST

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """The questions that nobody needs a key for."""
        asked = json.loads(body or "{}")
        self.asked_info.append(asked)
        answer = self.public(asked.get("type"), asked) if path == "/info" else None
        if answer is None:
            return web.Response(status=422, text="Failed to deserialize the JSON body into the target type")
        return web.json_response(answer)

    def public(self, kind: str, asked: Mapping[str, Any] | None = None) -> Any:
        meta = {"universe": [listed(coin) for coin in self.bases], "marginTables": [], "collateralToken": 0}
        match kind:
            case "meta":
                return meta
            case "metaAndAssetCtxs":
                return [meta, [self.context(coin) for coin in self.bases]]
            case "allMids":
                return {coin: text(self.mark_of(coin)) for coin in self.bases}
            case "candleSnapshot" if asked is not None:
                return self._candles(**asked["req"])
            case "exchangeStatus":
                return {"specialStatuses": None, "time": self.now_ms()}
        return None

    def _candles(self, coin: str, interval: str, startTime: int, endTime: int) -> list[dict[str, Any]]:
        bars = bars_between(startTime, endTime, self.now_ms(), 5_000)
        return [
            {
                "t": bar.start_ms, "T": bar.start_ms + 59_999, "s": coin, "i": interval, "o": bar.open, "h": bar.high,
                "l": bar.low, "c": bar.close, "v": bar.volume, "n": 9,
            }
            for bar in bars
        ]  # fmt: skip

    def context(self, coin: str, mark: float | None = None, oracle: float | None = None) -> dict[str, Any]:
        mark = self.mark_of(coin) if mark is None else mark
        return {
            "funding": f"{self.hourly_rates.get(coin, 0.0000125):.10f}",
            "openInterest": "38485.06546",
            "prevDayPx": "64299.0",
            "dayNtlVlm": "1692146864.1761949062",
            "premium": "-0.0003293628",
            "oraclePx": text(mark if oracle is None else oracle),
            "markPx": text(mark),
            "midPx": text(mark),
            "impactPxs": [text(mark), text(mark)],
            "dayBaseVlm": "26501.0297399999",
        }

    def mark_of(self, coin: str) -> float:
        return self.marks.get(coin, 100.0)

    # -- stream

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """Subscriptions, one a message, each acknowledged; the book comes with its subscription."""
        if frame.get("method") == "ping":
            await self._send_frame(socket, {"channel": "pong"})
            return
        asked = frame["subscription"]
        name, wants = topic(asked), frame["method"] == "subscribe"
        if self.stalled:
            if wants:
                socket.topics.add(name)
            return
        if (name in socket.topics) == wants:
            fault_answer = f"Already {frame['method']}d: {json.dumps(asked)}"
            await self._send_frame(socket, {"channel": "error", "data": fault_answer})
            return
        (socket.topics.add if wants else socket.topics.discard)(name)
        await self._send_frame(socket, {"channel": "subscriptionResponse", "data": frame})
        if wants:
            await self.greet(socket, asked)

    async def greet(self, socket: Socket, asked: dict[str, Any]) -> None:
        """What a subscription's first message says."""
        if asked["type"] == "l2Book":
            await self._send_frame(socket, self.book_frame(asked["coin"]))
        if asked["type"] == "userFills":
            frame = {"isSnapshot": True, "user": asked["user"], "fills": [self.old_fill()]}
            await self._send_frame(socket, {"channel": "userFills", "data": frame})

    def old_fill(self) -> dict[str, Any]:
        """A forced fill of long ago: history, whoever asks."""
        return self.fill_row("BTC", 1.0, 1.0, True) | {"time": self.now_ms() - 60_000}

    async def _send_frame(self, socket: Socket, frame: dict[str, Any]) -> None:
        await socket.send(json.dumps(frame, separators=(",", ":")))

    def _book(self, coin: str) -> dict[str, dict[float, float]]:
        start: dict[str, dict[float, float]] = {"bids": {100.0: 5.0, 99.0: 7.0}, "asks": {100.1: 4.0, 101.0: 6.0}}
        return self._books.setdefault(coin, start)

    def book_frame(self, coin: str) -> dict[str, Any]:
        """The whole book, every time."""
        book = self._book(coin)
        sides = (sorted(book["bids"].items(), reverse=True), sorted(book["asks"].items()))
        levels = [[{"px": text(price), "sz": text(qty), "n": 1} for price, qty in side] for side in sides]
        return {"channel": "l2Book", "data": {"coin": coin, "time": self.now_ms(), "levels": levels}}

    async def depth(self, coin: str, bids: Sequence[list[str]], asks: Sequence[list[str]], skip: int = 0) -> None:
        """The book after a change; those before it are not needed to follow it."""
        for side, levels in (("bids", bids), ("asks", asks)):
            self._book(coin)[side].update({float(price): float(qty) for price, qty in levels})
        await self.push(f"l2Book:{coin}", self.book_frame(coin))

    async def trade(self, coin: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> None:
        await self.push(f"trades:{coin}", self.trade_frame(coin, trade_id, price, qty, buyer))

    def trade_frame(
        self, coin: str, trade_id: int, price: float, qty: float, buyer: bool = True, users: Sequence[str] = ()
    ) -> dict[str, Any]:
        """One print, stamped now. `users` are buyer and seller."""
        row = {
            "coin": coin,
            "side": "B" if buyer else "A",
            "px": text(price),
            "sz": text(qty),
            "time": self.now_ms(),
            "hash": f"0x{trade_id:064x}",
            "tid": trade_id,
            "users": list(users) or [BUYER, SELLER],
        }
        return {"channel": "trades", "data": [row]}

    def fill_row(self, coin: str, price: float, qty: float, long: bool, liquidated: str = SELLER) -> dict[str, Any]:
        """The vault's side of a forced order: it buys what a long loses."""
        return {
            "coin": coin,
            "px": text(price),
            "sz": text(qty),
            "side": "B" if long else "A",
            "time": self.now_ms(),
            "startPosition": "0.0",
            "dir": "Open Long" if long else "Open Short",
            "closedPnl": "0.0",
            "hash": "0xc0de326d5c05d659c2570433b86b0f02040d0052f708f52b64a6ddc01b09b044",
            "oid": 298_509_207_410,
            "crossed": False,
            "fee": "0.0",
            "tid": next(self._tids),
            "liquidation": {"liquidatedUser": liquidated, "markPx": text(price), "method": "backstop"},
            "feeToken": "USDC",
            "twapId": None,
        }

    def liquidation_frame(self, coin: str, price: float, qty: float, long: bool) -> dict[str, Any]:
        fills = [self.fill_row(coin, price, qty, long)]
        return {"channel": "userFills", "data": {"user": VAULT, "fills": fills}}

    async def top(self, coin: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        sides = [{"px": text(price), "sz": text(qty), "n": 1} for price, qty in ((bid, bid_qty), (ask, ask_qty))]
        await self.push(f"bbo:{coin}", {"channel": "bbo", "data": {"coin": coin, "time": self.now_ms(), "bbo": sides}})

    async def mark(self, coin: str, mark: float, index: float) -> None:
        data = {"coin": coin, "ctx": self.context(coin, mark, index)}
        await self.push(f"activeAssetCtx:{coin}", {"channel": "activeAssetCtx", "data": data})

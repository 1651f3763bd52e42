"""Kraken Futures on 127.0.0.1, in the shapes of the real one: REST v3 and WebSocket v1 as documented and captured."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.loopback.bars import bars_between
from tests.loopback.venue_server import Socket, VenueServer

API, HISTORY, CHARTS = "/derivatives/api/v3", "/api/history", "/api/charts/v1"
PRODUCTS = {"BTC": ("XBT", 1, 4), "ETH": ("ETH", 0.1, 3), "SOL": ("SOL", 0.01, 2), "XRP": ("XRP", 0.0001, 0)}
"""The venue's coin, tick, and decimals of a quantity, by base coin."""
ALREADY = "Already subscribed to feed, re-requesting"
FEES_UID = "97ae0cc8-2964-43ea-91e9-d8e720b02b19"


def product(base: str) -> str:
    return f"PF_{PRODUCTS[base][0]}USD"


def iso(ms: int) -> str:
    """A time as its REST writes it."""
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instrument(base: str) -> dict[str, Any]:
    """A multi-collateral perpetual as the instruments endpoint lists it."""
    coin, tick, decimals = PRODUCTS[base]
    return {
        "symbol": product(base),
        "pair": f"{coin}:USD",
        "base": coin,
        "quote": "USD",
        "type": "flexible_futures",
        "tickSize": tick,
        "contractSize": 1,
        "contractValueTradePrecision": decimals,
        "tradeable": True,
        "impactMidSize": 1,
        "maxPositionSize": 1_000_000,
        "openingDate": "2022-03-22T15:19:30.000Z",
        "marginLevels": [{"numNonContractUnits": 0, "initialMargin": 0.02, "maintenanceMargin": 0.01}],
        "fundingRateCoefficient": 8,
        "maxRelativeFundingRate": 0.0025,
        "postOnly": False,
        "feeScheduleUid": FEES_UID,
        "category": "Layer 1",
        "tags": [],
    }


def fee_schedules() -> list[dict[str, Any]]:
    tiers = [
        {"makerFee": 0.02, "takerFee": 0.05, "usdVolume": 0},
        {"makerFee": 0.015, "takerFee": 0.04, "usdVolume": 10_000_000},
    ]
    return [{"uid": FEES_UID, "name": "MTF Linear Rebate Fees", "tiers": tiers}]


def topic(feed: str, symbol: str) -> str:
    """How a subscription is remembered."""
    return f"{feed}:{symbol}"


class KrakenFuturesVenue(VenueServer):
    """Its marks and rates are plain attributes: set them, and the next answer says so."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.bases = list(PRODUCTS)
        self.instruments: list[dict[str, Any]] | None = None
        self.usd_an_hour: dict[str, float] = {}
        self.marks: dict[str, float] = {}
        self._sequence: dict[str, int] = {}
        self._forced_seq: dict[str, int] = {}
        self._tops: dict[str, tuple[float, float, float, float]] = {}
        self._marks: dict[str, tuple[float, float]] = {}

    # -- REST

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """The public endpoints; the venue answers 200 to almost everything: `result` says the rest."""
        answer = self._candles(query) if path.startswith(CHARTS) else self.public(path)
        if answer is None:
            return web.json_response({"result": "error", "error": "notFound", "serverTime": iso(self.now_ms())})
        return web.json_response(self.success(answer))

    def success(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"result": "success", **body, "serverTime": iso(self.now_ms())}

    def public(self, path: str) -> dict[str, Any] | None:
        match path.removeprefix(API).split("/")[1:]:
            case ["instruments"]:
                return {"instruments": self.instruments or [instrument(base) for base in self.bases]}
            case ["feeschedules"]:
                return {"feeSchedules": fee_schedules()}
            case ["tickers", symbol]:
                return {"ticker": self.ticker(symbol.upper())}
        return None

    def _candles(self, query: dict[str, str]) -> dict[str, Any]:
        first_ms, last_ms = int(query["from"]) * 1_000, int(query["to"]) * 1_000
        bars = bars_between(first_ms, last_ms, self.now_ms(), 2_000)
        return {"candles": [bar.named("time", bar.start_ms) for bar in bars], "more_candles": False}

    def ticker(self, symbol: str) -> dict[str, Any]:
        mark = self.mark_of(symbol)
        return {
            "symbol": symbol,
            "last": mark,
            "lastTime": iso(self.now_ms()),
            "tag": "perpetual",
            "markPrice": mark,
            "bid": mark,
            "bidSize": 10,
            "ask": mark,
            "askSize": 10,
            "vol24h": 1_696,
            "openInterest": 72_513.0,
            "fundingRate": self.usd_an_hour.get(symbol, 0.001),
            "fundingRatePrediction": 0.001,
            "suspended": False,
            "indexPrice": mark,
            "postOnly": False,
        }

    def mark_of(self, symbol: str) -> float:
        return self.marks.get(symbol, 100.0)

    # -- stream

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """Subscriptions, each acknowledged by itself; a snapshot follows where the feed has one."""
        if self.stalled:
            for symbol in frame.get("product_ids", ()):
                socket.topics.add(topic(frame["feed"], symbol))
            return
        for symbol in frame["product_ids"]:
            name, feed = topic(frame["feed"], symbol), frame["feed"]
            if frame["event"] == "unsubscribe":
                socket.topics.discard(name)
                continue
            if name in socket.topics:
                await self._send_frame(socket, {"event": "alert", "message": ALREADY})
            socket.topics.add(name)
            await self._send_frame(socket, {"event": "subscribed", "feed": feed, "product_ids": [symbol]})
            if feed == "book":
                await self._send_frame(socket, self.snapshot(symbol))
            if feed == "trade":
                await self._send_frame(socket, {"feed": "trade_snapshot", "product_id": symbol, "trades": []})

    async def _send_frame(self, socket: Socket, frame: dict[str, Any]) -> None:
        await socket.send(json.dumps(frame, separators=(",", ":")))

    def snapshot(self, symbol: str) -> dict[str, Any]:
        """The book as a subscription's first message has it."""
        levels = {"bids": ((100.0, 5.0), (99.0, 7.0)), "asks": ((100.1, 4.0), (101.0, 6.0))}
        rows = {side: [{"price": price, "qty": qty} for price, qty in found] for side, found in levels.items()}
        seq = self._sequence.setdefault(symbol, 326_072_249)
        stamp = self.now_ms()
        return {"feed": "book_snapshot", "product_id": symbol, "timestamp": stamp, "seq": seq, "tickSize": None, **rows}

    async def depth(self, symbol: str, bids: Sequence[list[str]], asks: Sequence[list[str]], skip: int = 0) -> None:
        """A message for each level that changed; with `skip` the one before never arrived."""
        self._sequence[symbol] += skip
        for side, levels in (("buy", bids), ("sell", asks)):
            for price, qty in levels:
                self._sequence[symbol] += 1
                frame = {
                    "feed": "book",
                    "product_id": symbol,
                    "side": side,
                    "seq": self._sequence[symbol],
                    "price": float(price),
                    "qty": float(qty),
                    "timestamp": self.now_ms(),
                }
                await self.push(topic("book", symbol), frame)

    async def trade(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> None:
        await self.push(topic("trade", symbol), self.trade_frame(symbol, trade_id, price, qty, buyer))

    def trade_frame(
        self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True, kind: str = "fill"
    ) -> dict[str, Any]:
        """One trade, stamped now; its sequence number is the product's."""
        self._forced_seq[symbol] = max(trade_id, self._forced_seq.get(symbol, 0))
        return {
            "feed": "trade",
            "product_id": symbol,
            "uid": f"05af78ac-a774-478c-a50c-{trade_id:012d}",
            "side": "buy" if buyer else "sell",
            "type": kind,
            "seq": trade_id,
            "time": self.now_ms(),
            "qty": qty,
            "price": price,
        }

    def liquidation_frame(self, symbol: str, price: float, qty: float, long: bool) -> dict[str, Any]:
        """A print among the others, whose kind says that nobody wanted it."""
        seq = self._forced_seq.get(symbol, 0) + 1
        return self.trade_frame(symbol, seq, price, qty, buyer=not long, kind="liquidation")

    async def top(self, symbol: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        self._tops[symbol] = (bid, bid_qty, ask, ask_qty)
        await self._push_ticker(symbol)

    async def mark(self, symbol: str, mark: float, index: float) -> None:
        self._marks[symbol] = (mark, index)
        await self._push_ticker(symbol)

    async def _push_ticker(self, symbol: str) -> None:
        """Top and mark come in one message, as they were last."""
        bid, bid_qty, ask, ask_qty = self._tops.get(symbol, (100.0, 5.0, 100.1, 4.0))
        frame: dict[str, Any] = {
            "feed": "ticker",
            "product_id": symbol,
            "time": self.now_ms(),
            "bid": bid,
            "bid_size": bid_qty,
            "ask": ask,
            "ask_size": ask_qty,
            "volume": 1_000.0,
            "dtm": 0,
            "leverage": "50x",
            "tag": "perpetual",
            "suspended": False,
            "openInterest": 72_513.0,
        }
        if symbol in self._marks:
            mark, index = self._marks[symbol]
            frame |= {"markPrice": mark, "index": index, "premium": 0.0, "funding_rate": 0.001}
        await self.push(topic("ticker", symbol), frame)

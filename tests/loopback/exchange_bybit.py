"""Bybit on 127.0.0.1, in the shapes of the real one: REST and WebSocket v5 as documented and captured."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from tests.loopback.bars import bars_between
from tests.loopback.venue_server import Socket, VenueServer

API = "/v5"
CONTRACTS = {"BTC": ("0.1", "0.001"), "ETH": ("0.01", "0.01"), "SOL": ("0.01", "0.1"), "XRP": ("0.0001", "0.1")}
"""Tick and step, by base coin."""
FINE = {**CONTRACTS, "ETH": ("0.01", "0.001"), "SOL": ("0.01", "0.01")}
"""Steps in which the sums of the fault tests are many lots, as they are elsewhere."""
MINUTES_5_MS = 300_000


def instrument(base: str, contracts: Mapping[str, tuple[str, str]] = CONTRACTS) -> dict[str, Any]:
    """A perpetual as instruments-info lists it."""
    tick, step = contracts[base]
    return {
        "symbol": f"{base}USDT",
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": base,
        "quoteCoin": "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": "1999999.80", "tickSize": tick},
        "lotSizeFilter": {
            "maxOrderQty": "1190.000",
            "minOrderQty": step,
            "qtyStep": step,
            "postOnlyMaxOrderQty": "1190.000",
            "maxMktOrderQty": "119.000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": "USDT",
        "copyTrading": "both",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
    }


def topic(channel: str, symbol: str) -> str:
    """How it is subscribed to."""
    return f"{channel}.{symbol}"


def print_id(trade_id: int) -> str:
    """The id of a print as the venue writes it."""
    return f"20f43950-d8dd-5b31-9112-{trade_id:012d}"


class BybitVenue(VenueServer):
    """Its marks, ratios and rates are plain attributes: set them, and the next answer says so."""

    contracts: Mapping[str, tuple[str, str]] = CONTRACTS

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.bases = list(CONTRACTS)
        self.instruments: list[dict[str, Any]] | None = None
        self.rates: dict[str, str] = {}
        self.interval_h: dict[str, int] = {}
        self.marks: dict[str, float] = {}
        self.short_share: dict[str, float] = {}
        self.interest: dict[str, list[float]] = {}
        self.pings = 0
        self._updates: dict[str, int] = {}
        self._sequences = itertools.count(760_580_211_302)
        self._tops: dict[str, tuple[float, float, float, float]] = {}

    # -- REST

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """The public endpoints. The venue answers 200 to almost everything: `retCode` says the rest."""
        answer = self.public(path, query)
        if answer is None:
            return web.json_response(self.envelope({}, 10_017, "Route not found"))
        return web.json_response(self.envelope(answer))

    def envelope(self, result: Any, code: int = 0, message: str = "OK") -> dict[str, Any]:
        return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": self.now_ms()}

    def public(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        symbol = query.get("symbol", "")
        match path.removeprefix(f"{API}/market/"):
            case "time":
                now_ms = self.now_ms()
                return {"timeSecond": str(now_ms // 1_000), "timeNano": str(now_ms * 1_000_000)}
            case "instruments-info":
                listed = self.instruments or [instrument(base, self.contracts) for base in self.bases]
                is_usual = query["category"] == "linear" and "status" not in query and "cursor" not in query
                return {"category": query["category"], "list": listed if is_usual else [], "nextPageCursor": ""}
            case "tickers":
                return {"category": "linear", "list": [self.ticker(symbol)]}
            case "kline":
                bars = bars_between(int(query["start"]), self.now_ms(), self.now_ms(), int(query["limit"]))
                rows = [[str(bar.start_ms), *bar[1:], "250.0"] for bar in reversed(bars)]
                return {"symbol": symbol, "category": "linear", "list": rows}
            case "account-ratio":
                return {"list": self._ratios(symbol, int(query.get("limit", "50"))), "nextPageCursor": ""}
            case "open-interest":
                rows = self._interest_history(query)
                return {"symbol": symbol, "category": "linear", "list": rows, "nextPageCursor": ""}
        return None

    def mark_of(self, symbol: str) -> float:
        return self.marks.get(symbol, 100.0)

    def ticker(self, symbol: str) -> dict[str, str]:
        mark, interval_ms = self.mark_of(symbol), self.interval_h.get(symbol, 8) * 3_600_000
        coins = self.interest.get(symbol, [1_000_000.0])[-1]
        return {
            "symbol": symbol,
            "tickDirection": "ZeroMinusTick",
            "price24hPcnt": "-0.00506",
            "lastPrice": f"{mark}",
            "prevPrice24h": f"{mark}",
            "highPrice24h": f"{mark}",
            "lowPrice24h": f"{mark}",
            "prevPrice1h": f"{mark}",
            "markPrice": f"{mark}",
            "indexPrice": f"{mark}",
            "openInterest": f"{coins}",
            "openInterestValue": f"{coins * mark}",
            "turnover24h": "3947254153.7179",
            "volume24h": "61874.6390",
            "fundingIntervalHour": str(self.interval_h.get(symbol, 8)),
            "fundingCap": "0.005",
            "nextFundingTime": str((self.now_ms() // interval_ms + 1) * interval_ms),
            "fundingRate": self.rates.get(symbol, "0.0001"),
            "bid1Price": f"{mark}",
            "bid1Size": "6.907",
            "ask1Price": f"{mark}",
            "ask1Size": "2.750",
        }

    def _ratios(self, symbol: str, limit: int) -> list[dict[str, str]]:
        """Newest first, bars that ended, stamped at their start."""
        shorts = self.short_share.get(symbol, 0.5)
        newest_ms = (self.now_ms() // MINUTES_5_MS - 1) * MINUTES_5_MS
        row = {"symbol": symbol, "buyRatio": f"{1.0 - shorts:.4f}", "sellRatio": f"{shorts:.4f}"}
        return [{**row, "timestamp": str(newest_ms - at * MINUTES_5_MS)} for at in range(limit)]

    def _interest_history(self, query: dict[str, str]) -> list[dict[str, str]]:
        """Newest first."""
        values = self.interest.get(query["symbol"], [1_000_000.0] * 300)
        newest_ms = self.now_ms() // MINUTES_5_MS * MINUTES_5_MS
        rows = [
            {"openInterest": f"{value}", "timestamp": str(newest_ms - MINUTES_5_MS * at)}
            for at, value in enumerate(reversed(values))
        ]
        earliest_ms, latest_ms = int(query.get("startTime", "0")), int(query.get("endTime", str(newest_ms + 1)))
        inside = [row for row in rows if earliest_ms <= int(row["timestamp"]) <= latest_ms]
        return inside[: min(200, int(query.get("limit", "50")))]

    # -- stream

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """Pings, and subscriptions: one acknowledgement for all of a frame, then the snapshots."""
        if frame["op"] == "ping":
            self.pings += 1
            if not self.stalled:
                await self._send_frame(socket, self._ack(frame, "pong"))
            return
        if frame["op"] == "unsubscribe":
            socket.topics -= set(frame["args"])
            await self._send_frame(socket, self._ack(frame))
            return
        twice = [name for name in frame["args"] if name in socket.topics]
        if twice:
            await self._send_frame(
                socket, {**self._ack(frame, f"error:already subscribed {twice[0]}"), "success": False}
            )
            return
        socket.topics |= set(frame["args"])
        if self.stalled:
            return
        await self._send_frame(socket, self._ack(frame))
        for name in frame["args"]:
            snapshot = self._snapshot(name)
            if snapshot is not None:
                await self._send_frame(socket, snapshot)

    @staticmethod
    def _ack(frame: Any, message: str = "") -> dict[str, Any]:
        body = {"success": True, "ret_msg": message, "conn_id": "d9avsh3fo0jvsls9d82g-5m9jh", "op": frame["op"]}
        return {**body, "req_id": str(frame["req_id"])} if "req_id" in frame else body

    async def _send_frame(self, socket: Socket, frame: dict[str, Any]) -> None:
        await socket.send(json.dumps(frame, separators=(",", ":")))

    def _snapshot(self, name: str) -> dict[str, Any] | None:
        channel, _, symbol = name.rpartition(".")
        if channel == "tickers":
            if symbol not in self.marks:
                return None
            body = {"type": "snapshot", "data": self.ticker(symbol), "cs": next(self._sequences)}
            return {"topic": name, **body, "ts": self.now_ms()}
        if channel == "orderbook.50":
            self._updates.setdefault(symbol, 18_521_288)
            return self._book(symbol, "snapshot", [["100", "5"], ["99", "7"]], [["100.1", "4"], ["101", "6"]])
        if channel == "orderbook.1" and symbol in self._tops:
            return self._top_frame(symbol)
        return None

    def _book(self, symbol: str, kind: str, bids: Sequence[Any], asks: Sequence[Any]) -> dict[str, Any]:
        data = {"s": symbol, "b": bids, "a": asks, "u": self._updates[symbol], "seq": next(self._sequences)}
        stamp = self.now_ms()
        return {"topic": topic("orderbook.50", symbol), "type": kind, "ts": stamp, "data": data, "cts": stamp}

    async def depth(self, symbol: str, bids: Sequence[list[str]], asks: Sequence[list[str]], skip: int = 0) -> None:
        """One change to the book; with `skip` the ones before it never arrived."""
        self._updates[symbol] += 1 + skip
        await self.push(topic("orderbook.50", symbol), self._book(symbol, "delta", bids, asks))

    async def trade(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> None:
        await self.push(topic("publicTrade", symbol), self.trade_frame(symbol, trade_id, price, qty, buyer))

    def trade_frame(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> dict[str, Any]:
        """One print, stamped now; its number is the cross sequence."""
        row = {
            "T": self.now_ms(),
            "s": symbol,
            "S": "Buy" if buyer else "Sell",
            "v": f"{qty}",
            "p": f"{price}",
            "L": "PlusTick",
            "i": print_id(trade_id),
            "BT": False,
            "RPI": False,
            "seq": trade_id,
        }
        return {"topic": topic("publicTrade", symbol), "type": "snapshot", "ts": self.now_ms(), "data": [row]}

    def liquidation_frame(self, symbol: str, price: float, qty: float, long: bool) -> dict[str, Any]:
        """A forced order; `S` names the position."""
        row = {"T": self.now_ms(), "s": symbol, "S": "Buy" if long else "Sell", "v": f"{qty}", "p": f"{price}"}
        return {"topic": topic("allLiquidation", symbol), "type": "snapshot", "ts": self.now_ms(), "data": [row]}

    async def top(self, symbol: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        """The whole top where there was none, else what of it has changed."""
        before, now = self._tops.get(symbol), (bid, bid_qty, ask, ask_qty)
        self._tops[symbol] = now
        if before is None:
            await self.push(topic("orderbook.1", symbol), self._top_frame(symbol))
            return
        changes = [_level_change(before[at : at + 2], now[at : at + 2]) for at in (0, 2)]
        if any(changes):
            await self.push(topic("orderbook.1", symbol), self._top_frame(symbol, "delta", *changes))
        else:
            await self.push(topic("orderbook.1", symbol), self._top_frame(symbol))

    def _top_frame(self, symbol: str, kind: str = "snapshot", bids: Any = None, asks: Any = None) -> dict[str, Any]:
        bid, bid_qty, ask, ask_qty = self._tops[symbol]
        if kind == "snapshot":
            bids, asks = [[f"{bid}", f"{bid_qty}"]], [[f"{ask}", f"{ask_qty}"]]
        data = {"s": symbol, "b": bids, "a": asks, "u": next(self._sequences), "seq": next(self._sequences)}
        return {"topic": topic("orderbook.1", symbol), "type": kind, "ts": self.now_ms(), "data": data}

    async def mark(self, symbol: str, mark: float, index: float) -> None:
        """A whole ticker where there was none, else only what of it has changed."""
        is_first = symbol not in self.marks
        self.marks[symbol] = mark
        whole = {**self.ticker(symbol), "indexPrice": f"{index}"}
        changed = {"symbol": symbol, "markPrice": f"{mark}", "indexPrice": f"{index}"}
        body = {"type": "snapshot" if is_first else "delta", "data": whole if is_first else changed}
        frame = {"topic": topic("tickers", symbol), **body, "cs": next(self._sequences), "ts": self.now_ms()}
        await self.push(topic("tickers", symbol), frame)


def _level_change(before: Sequence[float], now: Sequence[float]) -> list[list[str]]:
    """A best price that moved is gone, and another one is there."""
    if before == now:
        return []
    gone = [] if before[0] == now[0] else [[f"{before[0]}", "0"]]
    return [*gone, [f"{now[0]}", f"{now[1]}"]]

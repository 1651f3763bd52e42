"""Binance's USD-M futures on 127.0.0.1, in the shapes of the real one (checked against captures of it)."""

import itertools
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.loopback.bars import bars_between
from tests.loopback.venue_server import Socket, VenueServer

STEPS = {"BTC": ("0.10", "0.001", "100"), "ETH": ("0.01", "0.001", "20"), "SOL": ("0.01", "0.01", "5")}
STEPS["XRP"] = ("0.0001", "0.1", "5")
"""Tick, lot and least notional by base coin."""
MINUTES_5_MS = 300_000


def instrument(base: str) -> dict[str, Any]:
    """A perpetual as exchangeInfo lists it."""
    tick, lot, notional = STEPS[base]
    return {
        "symbol": f"{base}USDT",
        "pair": f"{base}USDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 4,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012000",
        "marketTakeBound": "0.30",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4529764", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "1000", "stepSize": lot},
            {"filterType": "MARKET_LOT_SIZE", "minQty": lot, "maxQty": "120", "stepSize": lot},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
            {"filterType": "MIN_NOTIONAL", "notional": notional},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


class BinanceVenue(VenueServer):
    """Its books, ratios and rates are plain attributes: set them, and the next answer says so.

    `now_ms` is its clock. `books` hold the REST snapshot by symbol; a depth message goes on from its lastUpdateId.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self.now_ms = now_ms
        self.bases = list(STEPS)
        self.exchange_info: dict[str, Any] | None = None
        self.books: dict[str, dict[str, Any]] = {}
        self.premium: dict[str, dict[str, str]] = {}
        self.next_funding_ms: int | None = None
        self.intervals: dict[str, int] = {}
        self.short_share: dict[str, float] = {}
        self.interest: dict[str, list[float]] = {}
        self.klines: dict[str, list[list[Any]]] = {}
        self._sequences = itertools.count(1_000)

    # -- REST

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """The public endpoints that the feeds ask."""
        answer = self._answers().get(path)
        if answer is None:
            return web.json_response({"code": -5000, "msg": f"Path {path} is invalid"}, status=404)
        symbol = query.get("symbol")
        if symbol is not None and symbol.removesuffix("USDT") not in self.bases:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        return web.json_response(answer(query))

    def _answers(self) -> dict[str, Callable[[dict[str, str]], Any]]:
        return {
            "/fapi/v1/exchangeInfo": lambda _: self.exchange_info or self._exchange_info(),
            "/fapi/v1/time": lambda _: {"serverTime": self.now_ms()},
            "/fapi/v1/depth": lambda query: self.book(query["symbol"]),
            "/fapi/v1/premiumIndex": lambda query: self._premium(query["symbol"]),
            "/fapi/v1/fundingInfo": lambda _: self._funding_info(),
            "/fapi/v1/openInterest": lambda query: self._open_interest(query["symbol"]),
            "/fapi/v1/klines": self._klines,
            "/futures/data/openInterestHist": self._open_interest_history,
            "/futures/data/globalLongShortAccountRatio": self._ratio,
        }

    def _exchange_info(self) -> dict[str, Any]:
        return {
            "timezone": "UTC",
            "serverTime": self.now_ms(),
            "futuresType": "U_MARGINED",
            "rateLimits": [
                {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
                {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
                {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
            ],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [instrument(base) for base in self.bases],
        }

    def book(self, symbol: str) -> dict[str, Any]:
        """The REST snapshot of a book; one level a side where none was set."""
        return self.books.setdefault(
            symbol,
            {
                "lastUpdateId": next(self._sequences),
                "E": self.now_ms(),
                "T": self.now_ms(),
                "bids": [["100.0", "5.000"], ["99.0", "7.000"]],
                "asks": [["100.1", "4.000"], ["101.0", "6.000"]],
            },
        )

    def _premium(self, symbol: str) -> dict[str, Any]:
        usual = {"markPrice": "100.05", "indexPrice": "100.00", "lastFundingRate": "0.00010000"}
        next_ms = self.next_funding_ms or (self.now_ms() // 28_800_000 + 1) * 28_800_000
        return {
            "symbol": symbol,
            "estimatedSettlePrice": "100.01",
            "interestRate": "0.00010000",
            "nextFundingTime": next_ms,
            "time": self.now_ms(),
            **usual,
            **self.premium.get(symbol, {}),
        }

    def _funding_info(self) -> list[dict[str, Any]]:
        """Only symbols whose terms are not the usual ones are listed."""
        caps = {"adjustedFundingRateCap": "0.02500000", "adjustedFundingRateFloor": "-0.02500000"}
        return [
            {"symbol": symbol, **caps, "fundingIntervalHours": hours, "disclaimer": False}
            for symbol, hours in self.intervals.items()
        ]

    def _open_interest(self, symbol: str) -> dict[str, Any]:
        amount = self.interest.get(symbol, [10_000.0])[-1]
        return {"symbol": symbol, "openInterest": f"{amount:.3f}", "time": self.now_ms()}

    def _open_interest_history(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Oldest first; `interest` holds the values of the 5 minute bars up to the newest."""
        symbol = query["symbol"]
        values = self.interest.get(symbol, [10_000.0] * 300)
        newest_ms = self.now_ms() // MINUTES_5_MS * MINUTES_5_MS
        earliest_ms, latest_ms = int(query.get("startTime", "0")), int(query.get("endTime", f"{newest_ms}"))
        rows = [
            {
                "symbol": symbol,
                "sumOpenInterest": f"{value:.8f}",
                "sumOpenInterestValue": f"{value * 100.0:.8f}",
                "CMCCirculatingSupply": "20080771.00000000",
                "timestamp": newest_ms - MINUTES_5_MS * (len(values) - 1 - at),
            }
            for at, value in enumerate(values)
        ]
        inside = [row for row in rows if earliest_ms <= row["timestamp"] <= latest_ms]
        return inside[-int(query.get("limit", "30")) :]

    def _klines(self, query: dict[str, str]) -> list[list[Any]]:
        """Bars around one price, each with a trade, up to the one that runs."""
        if query["symbol"] in self.klines:
            return self.klines[query["symbol"]]
        if query["interval"] == "1m":
            bars = bars_between(int(query["startTime"]), self.now_ms(), self.now_ms(), int(query["limit"]))
            return [[bar.start_ms, *bar[1:], bar.start_ms + 59_999, "250.0", 9, "1.5", "150.0", "0"] for bar in bars]
        newest_ms = self.now_ms() // MINUTES_5_MS * MINUTES_5_MS
        opens_ms = [newest_ms - MINUTES_5_MS * back for back in range(int(query.get("limit", "500")))]
        prices = ["100.0", "101.0", "99.0", "100.0"]
        return [
            [open_ms, *prices, "10.0", open_ms + MINUTES_5_MS - 1, "1000.0", 1, "5.0", "500.0", "0"]
            for open_ms in reversed(opens_ms)
        ]

    def _ratio(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """The last bar that ended, stamped at its start."""
        short = self.short_share.get(query["symbol"], 0.5)
        return [
            {
                "symbol": query["symbol"],
                "longAccount": f"{1.0 - short:.4f}",
                "longShortRatio": f"{(1.0 - short) / short:.4f}",
                "shortAccount": f"{short:.4f}",
                "timestamp": (self.now_ms() // MINUTES_5_MS - 1) * MINUTES_5_MS,
            }
        ]

    # -- stream

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """SUBSCRIBE and UNSUBSCRIBE, acknowledged."""
        if frame["method"] == "SUBSCRIBE":
            socket.topics.update(frame["params"])
        elif frame["method"] == "UNSUBSCRIBE":
            socket.topics.difference_update(frame["params"])
        if not self.stalled:
            await socket.send(f'{{"result":null,"id":{frame["id"]}}}')

    async def trade(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> None:
        """One aggTrade, stamped now."""
        await self.push(f"{symbol.lower()}@aggTrade", self.trade_frame(symbol, trade_id, price, qty, buyer))

    def trade_frame(self, symbol: str, trade_id: int, price: float, qty: float, buyer: bool = True) -> dict[str, Any]:
        """An aggTrade."""
        ids = {"a": trade_id, "f": trade_id, "l": trade_id}
        stamps = {"E": self.now_ms(), "T": self.now_ms()}
        return {"e": "aggTrade", "s": symbol, "p": f"{price}", "q": f"{qty}", "m": not buyer, **ids, **stamps}

    async def top(self, symbol: str, bid: float, bid_qty: float, ask: float, ask_qty: float) -> None:
        """One bookTicker."""
        sizes = {"b": f"{bid}", "B": f"{bid_qty}", "a": f"{ask}", "A": f"{ask_qty}"}
        stamps = {"u": next(self._sequences), "T": self.now_ms(), "E": self.now_ms()}
        await self.push(f"{symbol.lower()}@bookTicker", {"e": "bookTicker", "s": symbol, **sizes, **stamps})

    async def depth(self, symbol: str, bids: list[list[str]], asks: list[list[str]], skip: int = 0) -> None:
        """One change to the book, following on the last; with `skip` the message before it never arrived."""
        book = self.book(symbol)
        before = book["lastUpdateId"] + skip
        after = before + 1
        frame = {
            "e": "depthUpdate",
            "E": self.now_ms(),
            "T": self.now_ms(),
            "s": symbol,
            "U": after,
            "u": after,
            "pu": before,
            "b": bids,
            "a": asks,
        }
        book["lastUpdateId"] = after
        await self.push(f"{symbol.lower()}@depth@100ms", frame)

    async def mark(self, symbol: str, mark: float, index: float) -> None:
        """One markPriceUpdate."""
        frame = {
            "e": "markPriceUpdate",
            "E": self.now_ms(),
            "s": symbol,
            "p": f"{mark}",
            "ap": f"{mark}",
            "P": f"{mark}",
            "i": f"{index}",
            "r": "0.00010000",
            "T": (self.now_ms() // 28_800_000 + 1) * 28_800_000,
        }
        await self.push(f"{symbol.lower()}@markPrice@1s", frame)

    def liquidation_frame(self, symbol: str, price: float, qty: float, long: bool) -> dict[str, Any]:
        """A forced order; a long is closed by a sale."""
        order = {
            "s": symbol,
            "S": "SELL" if long else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": f"{qty}",
            "p": f"{price * 0.99:.2f}",
            "ap": f"{price}",
            "X": "FILLED",
            "l": f"{qty}",
            "z": f"{qty}",
            "T": self.now_ms(),
        }
        return {"e": "forceOrder", "E": self.now_ms(), "o": order}

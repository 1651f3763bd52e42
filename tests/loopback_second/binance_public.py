"""Binance USD-M public data: exchangeInfo, time, depth, tickers, premiumIndex, open interest, ratios, klines.

Sources: recorded exchangeInfo and depth (wire/BINANCE_FUTURES*), premiumIndex, openInterestHist and ratio bodies
(fixtures/binance_usdm_rest_live.json: an unknown symbol is -1121 on premiumIndex, an empty list on /futures/data/*);
the venue notes 2-4. Filters: exchangeInfo as parsed by ccxt 4.5.90. Odd rows are those real lists had: a pre-open
contract, a USDC-quoted one, a dated one, fields nobody knows.
"""

from typing import Any

from tests.loopback_second.amounts import padded, text
from tests.loopback_second.binance_codes import BinanceError, missing
from tests.loopback_second.clock import Clock
from tests.loopback_second.instruments import Instrument
from tests.loopback_second.market import Book, Market

ORDER_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]
BAR_MS = 300_000
PERPETUAL_MS = 4_133_404_800_000
ODD = {
    "pre-open": {"symbol": "NEWUSDT", "status": "PENDING_TRADING", "baseAsset": "NEW", "filters": []},
    "usdc": {"symbol": "BTCUSDC", "baseAsset": "BTC", "quoteAsset": "USDC", "marginAsset": "USDC"},
    "dated": {
        "symbol": "BTCUSDT_270326",
        "baseAsset": "BTC",
        "contractType": "CURRENT_QUARTER",
        "deliveryDate": 1_806_019_200_000,
    },
    "unknown-fields": {"symbol": "DOGEUSDT", "baseAsset": "DOGE", "someNewThing": {"a": [1, None]}, "interval": None},
}


class BinancePublic:
    def __init__(self, clock: Clock, market: Market) -> None:
        self.clock = clock
        self.market = market
        self.long_share = 0.55
        self.open_interest = {one: 100_000.0 for one in market.instruments}
        self.odd_rows: set[str] = set()

    def book(self, params: dict[str, str]) -> Book:
        symbol = params.get("symbol")
        if not symbol:
            raise missing("symbol")
        if symbol not in self.market.books:
            raise BinanceError(-1121, "Invalid symbol.")
        return self.market.books[symbol]

    def time(self, params: dict[str, str]) -> Any:
        return {"serverTime": self.clock.ms()}

    def ping(self, params: dict[str, str]) -> Any:
        return {}

    def exchange_info(self, params: dict[str, str]) -> Any:
        rows = [self._symbol(one) for one in self.market.instruments.values()]
        rows += [
            self._symbol(next(iter(self.market.instruments.values()))) | ODD[name] for name in sorted(self.odd_rows)
        ]
        return {
            "timezone": "UTC",
            "serverTime": self.clock.ms(),
            "futuresType": "U_MARGINED",
            "rateLimits": [
                {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
                {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
                {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
            ],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": rows,
        }

    def _symbol(self, one: Instrument) -> dict[str, Any]:
        return {
            "symbol": one.id,
            "pair": one.id,
            "contractType": "PERPETUAL",
            "deliveryDate": PERPETUAL_MS,
            "onboardDate": 1_569_398_400_000,
            "status": "TRADING" if one.is_live else "SETTLING",
            "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000",
            "baseAsset": one.base,
            "quoteAsset": one.quote,
            "marginAsset": one.quote,
            "pricePrecision": max(0, -one.tick.as_tuple().exponent),  # type: ignore[operator]
            "quantityPrecision": max(0, -one.lot.as_tuple().exponent),  # type: ignore[operator]
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "underlyingSubType": ["PoW"],
            "triggerProtect": "0.0500",
            "liquidationFee": "0.012500",
            "marketTakeBound": "0.05",
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": text(one.tick),
                    "maxPrice": "4529764",
                    "tickSize": text(one.tick),
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": text(one.min_qty),
                    "maxQty": text(one.max_qty),
                    "stepSize": text(one.lot),
                },
                {
                    "filterType": "MARKET_LOT_SIZE",
                    "minQty": text(one.min_qty),
                    "maxQty": text(one.max_market_qty),
                    "stepSize": text(one.lot),
                },
                {"filterType": "MAX_NUM_ORDERS", "limit": 200},
                {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
                {"filterType": "MIN_NOTIONAL", "notional": text(one.min_notional)},
                {
                    "filterType": "PERCENT_PRICE",
                    "multiplierUp": "1.0500",
                    "multiplierDown": "0.9500",
                    "multiplierDecimal": "4",
                },
            ],
            "orderTypes": ORDER_TYPES,
            "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        }

    def depth(self, params: dict[str, str]) -> Any:
        book = self.book(params)
        limit = int(params.get("limit", "500"))
        tick, lot = book.instrument.tick, book.instrument.lot
        now_ms = self.clock.ms()
        return {
            "lastUpdateId": book.sequence,
            "E": now_ms,
            "T": now_ms,
            "bids": [[padded(price, tick), padded(qty, lot)] for price, qty in book.bids()[:limit]],
            "asks": [[padded(price, tick), padded(qty, lot)] for price, qty in book.asks()[:limit]],
        }

    def book_ticker(self, params: dict[str, str]) -> Any:
        book = self.book(params)
        depth = text(book.depth)
        return {
            "symbol": book.instrument.id,
            "bidPrice": text(book.bid),
            "bidQty": depth,
            "askPrice": text(book.ask),
            "askQty": depth,
            "time": self.clock.ms(),
            "lastUpdateId": book.sequence,
        }

    def price_ticker(self, params: dict[str, str]) -> Any:
        book = self.book(params)
        return {"symbol": book.instrument.id, "price": text(book.price), "time": self.clock.ms()}

    def premium_index(self, params: dict[str, str]) -> Any:
        if "symbol" not in params:
            return [self._premium(book) for book in self.market.books.values()]
        return self._premium(self.book(params))

    def _premium(self, book: Book) -> dict[str, Any]:
        now_ms = self.clock.ms()
        step = book.instrument.interval_h * 3_600_000
        return {
            "symbol": book.instrument.id,
            "markPrice": f"{book.mark:.8f}",
            "indexPrice": f"{book.index:.8f}",
            "estimatedSettlePrice": f"{book.mark:.8f}",
            "lastFundingRate": f"{book.funding:.8f}",
            "interestRate": "0.00010000",
            "nextFundingTime": (now_ms // step + 1) * step,
            "time": now_ms,
        }

    def funding_info(self, params: dict[str, str]) -> Any:
        """Only contracts whose interval or caps were changed."""
        return [
            {
                "symbol": one.id,
                "adjustedFundingRateCap": "0.02",
                "adjustedFundingRateFloor": "-0.02",
                "fundingIntervalHours": one.interval_h,
                "disclaimer": False,
            }
            for one in self.market.instruments.values()
            if one.interval_h != 8
        ]

    def interest(self, params: dict[str, str]) -> Any:
        one = self.book(params).instrument.id
        return {"openInterest": f"{self.open_interest[one]:.3f}", "symbol": one, "time": self.clock.ms()}

    def _bars(self, params: dict[str, str], most: int) -> list[int]:
        count = min(int(params.get("limit", "30")), most)
        last = self.clock.ms() // BAR_MS * BAR_MS
        return [last - BAR_MS * step for step in reversed(range(count))]

    def interest_history(self, params: dict[str, str]) -> Any:
        symbol = params.get("symbol", "")
        if symbol not in self.market.books:
            return []
        size, price = self.open_interest[symbol], float(self.market.books[symbol].price)
        return [
            {
                "symbol": symbol,
                "sumOpenInterest": f"{size:.8f}",
                "sumOpenInterestValue": f"{size * price:.8f}",
                "CMCCirculatingSupply": "20080771.00000000",
                "timestamp": at_ms,
            }
            for at_ms in self._bars(params, 500)
        ]

    def ratio(self, params: dict[str, str]) -> Any:
        symbol = params.get("symbol", "")
        if symbol not in self.market.books:
            return []
        share = self.long_share
        return [
            {
                "symbol": symbol,
                "longAccount": f"{share:.4f}",
                "longShortRatio": f"{share / (1 - share):.4f}",
                "shortAccount": f"{1 - share:.4f}",
                "timestamp": at_ms,
            }
            for at_ms in self._bars(params, 500)
        ]

    def klines(self, params: dict[str, str]) -> Any:
        book = self.book(params)
        price = text(book.price)
        return [
            [at_ms, price, price, price, price, "10", at_ms + BAR_MS - 1, text(book.price * 10), 5, "5", "1", "0"]
            for at_ms in self._bars({"limit": params.get("limit", "500")}, 1500)
        ]

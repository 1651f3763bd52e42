"""OKX public data: instruments, time, books, tickers, mark price, funding, open interest, the ratio of accounts.

Sources: recorded instruments (wire/OKX.0.gz; nautilus_trader test_data http_get_instruments_swap), venue notes 2-4
for the shapes of funding-rate, open-interest and rubik rows. Pre-open instruments carry little but their name (ccxt
4.5.90, parse_market); their sizes are empty text.
"""

from typing import Any

from tests.loopback_second.amounts import padded, text
from tests.loopback_second.clock import Clock
from tests.loopback_second.instruments import Instrument
from tests.loopback_second.market import Book, Level, Market
from tests.loopback_second.okx_codes import OkxError, empty

Row = dict[str, Any]
BAR_MS = 300_000
EMPTY_SIZES = dict.fromkeys(
    ("ctVal", "lotSz", "minSz", "tickSz", "ctMult", "lever", "settleCcy", "uly", "instFamily"), ""
)
ODD: dict[str, Row] = {
    "pre-open": {"instId": "NEW-USDT-SWAP", "state": "preopen", **EMPTY_SIZES},
    "nameless": {"instId": "", "state": "preopen", **EMPTY_SIZES},
    "usdc": {"instId": "BTC-USDC-SWAP", "settleCcy": "USDC", "uly": "BTC-USDC", "instFamily": "BTC-USDC"},
    "unknown-fields": {"instId": "DOGE-USDT-SWAP", "uly": "DOGE-USDT", "someNewThing": [None, {"a": 1}], "lever": ""},
    "dated": {"instId": "BTC-USDT-270326", "instType": "FUTURES", "expTime": "1806019200000", "alias": "quarter"},
}


def ladder(levels: list[Level], one: Instrument) -> list[list[str]]:
    return [[padded(price, one.tick), padded(qty, one.lot), "0", "4"] for price, qty in levels]


class OkxPublic:
    def __init__(self, clock: Clock, market: Market) -> None:
        self.clock = clock
        self.market = market
        self.long_short_ratio = 1.2
        self.open_interest = {one: 2_000_000.0 for one in market.instruments}
        self.odd_rows: set[str] = set()
        self.gives_next_funding = True

    def book(self, params: Row) -> Book:
        instrument = params.get("instId")
        if not instrument:
            raise empty("instId")
        if instrument not in self.market.books:
            raise OkxError("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return self.market.books[instrument]

    def _now(self) -> str:
        return str(self.clock.ms())

    def time(self, params: Row) -> list[Row]:
        return [{"ts": self._now()}]

    def instruments(self, params: Row) -> list[Row]:
        if params.get("instType") != "SWAP":
            return []
        wanted = params.get("instId")
        rows = [self._instrument(one) for one in self.market.instruments.values() if wanted in (None, one.id)]
        first = self._instrument(next(iter(self.market.instruments.values())))
        return rows + [first | ODD[name] for name in sorted(self.odd_rows)]

    def _instrument(self, one: Instrument) -> Row:
        family = f"{one.base}-{one.quote}"
        return {
            "alias": "",
            "auctionEndTime": "",
            "baseCcy": "",
            "category": "1",
            "ctMult": "1",
            "ctType": "linear",
            "ctVal": text(one.contract),
            "ctValCcy": one.base,
            "contTdSwTime": "",
            "expTime": "",
            "futureSettlement": False,
            "instFamily": family,
            "instId": one.id,
            "instIdCode": 10_459,
            "instType": "SWAP",
            "lever": str(one.max_leverage),
            "listTime": "1573557408000",
            "lotSz": text(one.lot),
            "maxIcebergSz": text(one.max_qty),
            "maxLmtAmt": "20000000",
            "maxLmtSz": text(one.max_qty),
            "maxMktAmt": "",
            "maxMktSz": text(one.max_market_qty),
            "maxStopSz": text(one.max_market_qty),
            "maxTriggerSz": text(one.max_qty),
            "maxTwapSz": text(one.max_qty),
            "minSz": text(one.min_qty),
            "optType": "",
            "quoteCcy": "",
            "ruleType": "normal",
            "settleCcy": one.quote,
            "state": "live" if one.is_live else "suspend",
            "stk": "",
            "tickSz": text(one.tick),
            "uly": family,
        }

    def books(self, params: Row) -> list[Row]:
        book = self.book(params)
        count = int(params.get("sz", "1"))
        one = book.instrument
        row = {"asks": ladder(book.asks()[:count], one), "bids": ladder(book.bids()[:count], one), "ts": self._now()}
        return [row]

    def ticker(self, params: Row) -> list[Row]:
        return [self.ticker_row(self.book(params))]

    def ticker_row(self, book: Book) -> Row:
        price = text(book.price)
        return {
            "instType": "SWAP",
            "instId": book.instrument.id,
            "last": price,
            "lastSz": text(book.instrument.lot),
            "askPx": text(book.ask),
            "askSz": text(book.depth),
            "bidPx": text(book.bid),
            "bidSz": text(book.depth),
            "open24h": price,
            "high24h": price,
            "low24h": price,
            "sodUtc0": price,
            "sodUtc8": price,
            "volCcy24h": "1000",
            "vol24h": "100000",
            "ts": self._now(),
        }

    def mark_price(self, params: Row) -> list[Row]:
        wanted = params.get("instId")
        books = [self.book(params)] if wanted else list(self.market.books.values())
        return [self.mark_row(book) for book in books]

    def mark_row(self, book: Book) -> Row:
        return {"instType": "SWAP", "instId": book.instrument.id, "markPx": text(book.mark), "ts": self._now()}

    def index_row(self, book: Book) -> Row:
        price = text(book.index)
        name = f"{book.instrument.base}-{book.instrument.quote}"
        frame = dict.fromkeys(("high24h", "low24h", "open24h", "sodUtc0", "sodUtc8"), price)
        return {"instId": name, "idxPx": price, **frame, "ts": self._now()}

    def funding_rate(self, params: Row) -> list[Row]:
        wanted = params.get("instId")
        books = list(self.market.books.values()) if wanted == "ANY" else [self.book(params)]
        return [self.funding_row(book) for book in books]

    def funding_row(self, book: Book) -> Row:
        step = book.instrument.interval_h * 3_600_000
        next_ms = (self.clock.ms() // step + 1) * step
        return {
            "formulaType": "withRate",
            "fundingRate": text(book.funding),
            "fundingTime": str(next_ms),
            "impactValue": "20000",
            "instId": book.instrument.id,
            "instType": "SWAP",
            "interestRate": "0.0001",
            "maxFundingRate": "0.00375",
            "method": "current_period",
            "minFundingRate": "-0.00375",
            "nextFundingRate": "",
            "nextFundingTime": str(next_ms + step) if self.gives_next_funding else "",
            "premium": "0.0001",
            "settFundingRate": text(book.funding),
            "settState": "settled",
            "ts": self._now(),
        }

    def interest(self, params: Row) -> list[Row]:
        wanted = params.get("instId")
        books = [self.book(params)] if wanted else list(self.market.books.values())
        rows = []
        for book in books:
            contracts = self.open_interest[book.instrument.id]
            base = contracts * float(book.instrument.contract)
            row = {"instId": book.instrument.id, "instType": "SWAP", "oi": f"{contracts:.2f}", "oiCcy": f"{base:.4f}"}
            rows.append(row | {"oiUsd": f"{base * float(book.price):.4f}", "ts": self._now()})
        return rows

    def _bars(self, params: Row) -> list[int]:
        """Newest first."""
        count = min(int(params.get("limit", "100")), 100)
        last = self.clock.ms() // BAR_MS * BAR_MS
        return [last - BAR_MS * step for step in range(count)]

    def ratio(self, params: Row) -> list[list[str]]:
        self.book(params)
        return [[str(at_ms), f"{self.long_short_ratio:.4f}"] for at_ms in self._bars(params)]

    def interest_history(self, params: Row) -> list[list[str]]:
        (row,) = self.interest(params)
        return [[str(at_ms), row["oi"], row["oiCcy"], row["oiUsd"]] for at_ms in self._bars(params)]

    def candles(self, params: Row) -> list[list[str]]:
        price = text(self.book(params).price)
        return [[str(at_ms), price, price, price, price, "10", "1", "60000", "1"] for at_ms in self._bars(params)]

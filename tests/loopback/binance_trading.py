"""Binance's USD-M futures with an account on them: signed calls, the user stream, and the venue's own error codes.

    async with BinanceTradingVenue(wallet_usd=1_660) as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.faults.add(dropped_after(), roles={"entry"})

Real trading rules come from the exchange info it serves. Everything else a test needs: see `TradingVenue`.
"""

import hashlib
import hmac
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.loopback.binance_account import BinanceAccount
from tests.loopback.binance_bodies import account_update, algo_update, order_update, text
from tests.loopback.binance_codes import CODES, REFUSALS, SAYINGS
from tests.loopback.binance_orders import BinanceOrders
from tests.loopback.exchange_binance import BinanceVenue, instrument
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Execution, Order, Position, Refused, Rules
from tests.loopback.trading_faults import Fault, FaultAnswer
from tests.loopback.trading_venue import KEY, SECRET, Answer, Call, TradingVenue, VenueError
from tests.loopback.venue_server import Socket

USER = "user"
WEIGHTS = {"/fapi/v3/positionRisk": 5, "/fapi/v3/account": 5, "/fapi/v1/allOrders": 5}
READS = {
    "/fapi/v1/openOrders": "open_orders",
    "/fapi/v1/openAlgoOrders": "open_stops",
    "/fapi/v1/allOrders": "history",
    "/fapi/v1/allAlgoOrders": "history",
    "/fapi/v1/userTrades": "history",
    "/fapi/v1/income": "history",
    "/fapi/v2/positionRisk": "positions",
    "/fapi/v3/positionRisk": "positions",
    "/fapi/v3/account": "account",
    "/fapi/v2/account": "account",
    "/fapi/v3/balance": "account",
    "/fapi/v2/balance": "account",
    "/fapi/v1/time": "time",
}


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def rules(base: str) -> Rules:
    """The trading rules in the exchange info it serves."""
    filters = {row["filterType"]: row for row in instrument(base)["filters"]}
    lot, market = filters["LOT_SIZE"], filters["MARKET_LOT_SIZE"]
    return Rules(
        base,
        tick=Decimal(filters["PRICE_FILTER"]["tickSize"]),
        lot=Decimal(lot["stepSize"]),
        min_qty=Decimal(lot["minQty"]),
        max_qty=Decimal(lot["maxQty"]),
        max_market_qty=Decimal(market["maxQty"]),
        min_notional_usd=Decimal(filters["MIN_NOTIONAL"]["notional"]),
    )


class BinanceTradingVenue(BinanceVenue, TradingVenue):
    """`weight_limit`: beyond this used weight in a minute it answers 429. `now_ms` is its clock before the skew."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms)
        self.now_ms = lambda: now_ms() + self.clock_skew_ms
        self.weight_limit: int | None = None
        self.listen_key: str | None = None
        self._keys = itertools.count(1)
        self._used: Counter[int] = Counter()
        self.open_account(MatchingCore({f"{base}USDT": rules(base) for base in self.bases}, wallet_usd, self.now_ms))
        self.orders = BinanceOrders(self.core)
        self.account = BinanceAccount(self)

    def symbol(self, asset: str) -> str:
        return f"{asset}USDT"

    def _premium(self, symbol: str) -> dict[str, Any]:
        """The mark that orders and stops are judged by, once one was set."""
        quote = self.core.quotes.get(symbol)
        marks = {"markPrice": text(quote.mark), "indexPrice": text(quote.mark)} if quote is not None else {}
        return {**super()._premium(symbol), **marks}

    def book(self, symbol: str) -> dict[str, Any]:
        """Its best prices are those that orders fill at, once a price was set."""
        book = super().book(symbol)
        quote = self.core.quotes.get(symbol)
        if quote is not None:
            book |= {"bids": [[text(quote.bid), "50.000"]], "asks": [[text(quote.ask), "50.000"]]}
        return book

    # -- a call

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        path = request.path
        params = {**query, **dict(parse_qsl(body, keep_blank_values=True))}
        role = self._role(request.method, path, params)
        raw = request.rel_url.raw_query_string + body
        return Call(request.method, path, params, role, time.monotonic_ns(), raw, dict(request.headers))

    def _role(self, method: str, path: str, params: Mapping[str, str]) -> str:
        if path in READS:
            return READS[path]
        if "countdownCancelAll" in path:
            return "dead_man"
        if path.endswith("/listenKey"):
            return "stream"
        algo = "lgo" in path
        if path in ("/fapi/v1/order", "/fapi/v1/algoOrder", "/fapi/v1/batchOrders", "/fapi/v1/openOrder"):
            if method == "DELETE":
                return "cancel_stop" if algo else "cancel"
            if method == "GET":
                return "lookup_stop" if algo else "lookup"
            return "stop" if algo else _placing(params)
        if path in ("/fapi/v1/allOpenOrders", "/fapi/v1/algoOpenOrders"):
            return "cancel_stop" if algo else "cancel"
        signed = "signature" in params
        return "setup" if signed else "public"

    def check(self, call: Call) -> None:
        """The key, then the clock, then the signature, as the venue does."""
        if call.role == "time":
            return
        self._weigh(call)
        if self.key_revoked or call.headers.get("X-MBX-APIKEY") != KEY:
            raise VenueError("-2015", "Invalid API-key, IP, or permissions for action.", 401)
        if call.role == "stream":
            return
        sent_ms, window_ms = int(call.params.get("timestamp", 0)), int(call.params.get("recvWindow", 5_000))
        if sent_ms > self.now_ms() + 1_000 or sent_ms < self.now_ms() - window_ms:
            raise self.named("-1021")
        signed, _, signature = call.raw.rpartition("&signature=")
        if hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest() != signature:
            raise self.named("-1022")

    def _weigh(self, call: Call) -> None:
        minute = self.now_ms() // 60_000
        everything = call.role in ("open_orders", "open_stops") and "symbol" not in call.params
        self._used[minute] += 40 if everything else WEIGHTS.get(call.path, 1)
        if self.weight_limit is not None and self._used[minute] > self.weight_limit:
            raise VenueError("-1003", "Too many requests.", 429)

    def use_weight(self, weight: int) -> None:
        """Somebody else on the same address used so much of this minute's allowance."""
        self._used[self.now_ms() // 60_000] += weight

    def answer_headers(self, call: Call) -> dict[str, str]:
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._used[self.now_ms() // 60_000])}
        if call.role in ("entry", "close", "target", "stop"):
            placed = len(self.called("entry", "close", "target", "stop"))
            headers |= {"X-MBX-ORDER-COUNT-10S": str(placed), "X-MBX-ORDER-COUNT-1M": str(placed)}
        return headers

    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        if call.path == "/fapi/v1/time":
            return {"serverTime": self.now_ms()}
        if self.hedge_refuses(call):
            raise self.named("-4061")
        for service in (self.orders, self.account):
            answer = service.handle(call.method, call.path, call.params, positions)
            if answer is not None:
                return answer
        raise VenueError("-5000", f"Path {call.path}, Method {call.method} is invalid", 404)

    def hedge_refuses(self, call: Call) -> bool:
        """An order says a side of the position in hedge mode, and only there."""
        if call.role not in ("entry", "close", "target", "stop") or "batchOrders" in call.params:
            return False
        names_no_side: bool = call.params.get("positionSide", "BOTH") == "BOTH"
        return self.core.hedge_mode == names_no_side

    # -- errors

    def error(self, error: VenueError, call: Call) -> Answer:
        return Answer({"code": int(error.code), "msg": error.message}, error.status, self.answer_headers(call))

    def refusal(self, refused: Refused, call: Call) -> Answer:
        return self.error(self.named(REFUSALS[refused.reason]), call)

    def named(self, code: str) -> VenueError:
        message, status = CODES.get(code, ("Refused.", 400))
        return VenueError(code, message, status)

    def malformed(self, parameter: str) -> VenueError:
        return VenueError("-1102", f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")

    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        return VenueError(*SAYINGS[answer_as])

    def nothing(self, call: Call) -> Answer:
        if call.role in ("lookup", "lookup_stop"):
            return self.error(self.named("-2013"), call)
        return self.done(call, {}) if call.role == "account" else Answer([])

    # -- the user stream

    def new_listen_key(self) -> str:
        """The one that is alive, or a new one."""
        if self.listen_key is None:
            self.listen_key = f"listenkey{next(self._keys)}"
        return self.listen_key

    def expire_listen_key(self) -> None:
        """It dies with a word, and the socket stays open and silent, as on the real venue."""
        key, self.listen_key = self.listen_key, None
        frame = {"e": "listenKeyExpired", "E": self.now_ms(), "listenKey": key}
        self.user_stream.put(f"{USER}:{key}", frame)

    def on_open(self, socket: Socket, query: dict[str, str]) -> None:
        if "/private" in socket.path and "listenKey" in query:
            socket.topics.add(f"{USER}:{query['listenKey']}")

    def private_sockets(self) -> list[Socket]:
        return [socket for socket in self.sockets if "/private" in socket.path]

    def _emit(self, frame: Any) -> None:
        if self.listen_key is not None:
            self.user_stream.put(f"{USER}:{self.listen_key}", json.loads(json.dumps(frame)))

    def order_changed(self, order: Order, execution: Execution | None) -> None:
        self._emit(order_update(order, execution, self.now_ms()))

    def algo_changed(self, algo: Algo) -> None:
        self._emit(algo_update(algo, self.core, self.now_ms()))

    def account_changed(self, symbol: str | None, reason: str) -> None:
        self._emit(account_update(self.core, symbol, reason, self.now_ms()))


def _placing(params: Mapping[str, str]) -> str:
    if "batchOrders" in params:
        return _placing(json.loads(params["batchOrders"])[0])
    if str(params.get("reduceOnly", "")).lower() != "true":
        return "entry"
    return "close" if params.get("type") == "MARKET" else "target"

"""OKX's swaps with an account on them: signed calls, the private channels, and the venue's own error codes.

    async with OkxTradingVenue(wallet_usd=1_660) as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.faults.add(dropped_after(), roles={"entry"})

Sizes are contracts: 0.01 BTC each. Everything else a test needs: see `TradingVenue`.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback import matching_hands
from tests.loopback.binance_bodies import text
from tests.loopback.exchange_okx import OkxVenue, instrument
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Execution, Order, Position, Reason, Refused, Rules, Status
from tests.loopback.okx_account import OkxAccount
from tests.loopback.okx_bodies import OTHER_MODE, algo_body, balance_body, listed, order_body, position_body
from tests.loopback.okx_codes import CODES, REFUSALS, SAYINGS
from tests.loopback.okx_orders import OkxOrders, refused_row
from tests.loopback.trading_faults import Fault, FaultAnswer
from tests.loopback.trading_venue import KEY, PASSWORD, SECRET, Answer, Call, TradingVenue, VenueError
from tests.loopback.venue_server import Socket

MOST_AGE_MS = 30_000
LOGGED_IN = "logged in"
ROLES = {
    ("GET", "trade/order"): "lookup",
    ("GET", "trade/order-algo"): "lookup_stop",
    ("GET", "trade/orders-pending"): "open_orders",
    ("GET", "trade/orders-algo-pending"): "open_stops",
    ("GET", "trade/orders-history"): "history",
    ("GET", "trade/orders-algo-history"): "history",
    ("GET", "trade/fills"): "history",
    ("GET", "trade/fills-history"): "history",
    ("GET", "account/bills"): "history",
    ("GET", "account/positions"): "positions",
    ("GET", "account/balance"): "account",
    ("GET", "public/time"): "time",
    ("POST", "trade/order-algo"): "stop",
    ("POST", "trade/cancel-order"): "cancel",
    ("POST", "trade/cancel-batch-orders"): "cancel",
    ("POST", "trade/cancel-algos"): "cancel_stop",
    ("POST", "trade/cancel-all-after"): "dead_man",
    ("POST", "trade/close-position"): "close",
}
WRITES = ("entry", "close", "target", "stop", "cancel", "cancel_stop")


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def rules(base: str) -> Rules:
    """The trading rules in the instruments it serves."""
    row = instrument(base)
    return Rules(
        base,
        tick=Decimal(row["tickSz"]),
        lot=Decimal(row["lotSz"]),
        min_qty=Decimal(row["minSz"]),
        max_qty=Decimal(row["maxLmtSz"]),
        max_market_qty=Decimal(row["maxMktSz"]),
        unit=Decimal(row["ctVal"]),
    )


class OkxTradingVenue(OkxVenue, TradingVenue):
    """`now_ms` is its clock before the skew."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms)
        self.now_ms = lambda: now_ms() + self.clock_skew_ms
        symbols = {self.symbol(base): rules(base) for base in self.bases}
        symbols |= {f"{symbol}{OTHER_MODE}": known for symbol, known in symbols.items()}
        self._channels: dict[str, dict[str, str]] = {}
        self.open_account(MatchingCore(symbols, wallet_usd, self.now_ms))
        self.core.takes_crossing_makers = True
        self.core.reserves, self.core.trims, self.core.checks_grid_first = False, True, False
        self.orders = OkxOrders(self.core)
        self.account = OkxAccount(self)

    def symbol(self, asset: str) -> str:
        return f"{asset}-USDT-SWAP"

    def set_price(self, asset: str, bid: float, ask: float, mark: float | None = None) -> None:
        """Both margin modes have one market."""
        super().set_price(asset, bid, ask, mark)
        self.core.set_price(f"{self.symbol(asset)}{OTHER_MODE}", bid, ask, mark)

    def trade_in_other_mode(self, asset: str, side: str, qty: float) -> Order:
        """Somebody trades the same swap in the other margin mode; `qty` in base coins."""
        symbol = f"{self.symbol(asset)}{OTHER_MODE}"
        return matching_hands.trade_by_hand(self.core, symbol, side, float(self.units(asset, qty)))

    def _answers(self) -> dict[str, Callable[[dict[str, str]], Any]]:
        answers = super()._answers()
        usual = answers["/api/v5/public/mark-price"]

        def mark(query: dict[str, str]) -> Any:
            """The one that orders and stops are judged by, once one was set."""
            quote = self.core.quotes.get(query["instId"])
            return usual(query) if quote is None else [{"instId": query["instId"], "markPx": text(quote.mark)}]

        return {**answers, "/api/v5/public/mark-price": mark}

    # -- a call

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        params = json.loads(body) if body else query
        role = self._role(request.method, request.path.removeprefix("/api/v5/"), params)
        raw = request.method + request.raw_path + body
        return Call(request.method, request.path, params, role, time.monotonic_ns(), raw, dict(request.headers))

    def _role(self, method: str, name: str, params: Any) -> str:
        if (method, name) in ROLES:
            return ROLES[method, name]
        if name in ("trade/order", "trade/batch-orders"):
            order = params[0] if isinstance(params, list) else params
            if str(order.get("reduceOnly", "")).lower() != "true":
                return "entry"
            return "close" if order["ordType"] == "market" else "target"
        return "setup" if name.startswith(("account/", "trade/")) else "public"

    def check(self, call: Call) -> None:
        """The key, the passphrase, the clock, the signature."""
        if call.role == "time":
            return
        headers = call.headers
        if self.key_revoked or headers.get("OK-ACCESS-KEY") != KEY:
            raise self.named("50111")
        if headers.get("OK-ACCESS-PASSPHRASE") != PASSWORD:
            raise self.named("50105")
        stamp = headers.get("OK-ACCESS-TIMESTAMP", "")
        sent_ms = datetime.fromisoformat(stamp).timestamp() * 1_000
        if abs(sent_ms - self.now_ms()) > MOST_AGE_MS:
            raise self.named("50102")
        if _signature(stamp + call.raw) != headers.get("OK-ACCESS-SIGN"):
            raise self.named("50113")

    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        for service in (self.orders, self.account):
            rows = service.handle(call.method, call.path, call.params, positions)
            if rows is not None:
                return _envelope(rows)
        raise VenueError("404", "Not Found", 404)

    # -- errors

    def error(self, error: VenueError, call: Call) -> Answer:
        if error.status == 200 and call.role in WRITES:
            asked = call.params if isinstance(call.params, list) else [call.params]
            return Answer(_envelope([{**refused_row(error.code, row), "sMsg": error.message} for row in asked]))
        return Answer({"code": error.code, "msg": error.message, "data": []}, error.status)

    def refusal(self, refused: Refused, call: Call) -> Answer:
        code = REFUSALS.get(refused.reason, "51280" if refused.reason is Reason.WOULD_TRIGGER else "51000")
        return self.error(self.named(code), call)

    def named(self, code: str) -> VenueError:
        return VenueError(code, *CODES.get(code, ("Refused.", 200)))

    def malformed(self, parameter: str) -> VenueError:
        return VenueError("50014", f"Parameter {parameter} can not be empty", 400)

    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        return self.named(SAYINGS[answer_as])

    def nothing(self, call: Call) -> Answer:
        if call.role in ("lookup", "lookup_stop"):
            return self.error(self.named("51603"), call)
        return self.done(call, {}) if call.role == "account" else Answer(_envelope([]))

    # -- the private channels

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """Logins and subscriptions of the account's sockets; the public ones as ever."""
        if frame == "ping" or socket not in self.private_sockets():
            await super().on_frame(socket, frame)
        elif frame["op"] == "login":
            await socket.send(json.dumps(self._login(socket, frame["args"][0])))
        elif LOGGED_IN not in socket.topics:
            await socket.send(json.dumps({"event": "error", "code": "60011", "msg": "Please log in", "connId": "a1"}))
        else:
            for arg in frame["args"]:
                await self._subscribe(socket, frame["op"], arg)

    def _login(self, socket: Socket, arg: Mapping[str, str]) -> dict[str, str]:
        if self.key_revoked or arg["apiKey"] != KEY or arg["passphrase"] != PASSWORD:
            return {"event": "error", "code": "60005", "msg": "Invalid apiKey", "connId": "a1"}
        if _signature(arg["timestamp"] + "GET" + "/users/self/verify") != arg["sign"]:
            return {"event": "error", "code": "60007", "msg": "Invalid sign", "connId": "a1"}
        socket.topics.add(LOGGED_IN)
        return {"event": "login", "code": "0", "msg": "", "connId": "a1"}

    async def _subscribe(self, socket: Socket, op: str, arg: dict[str, str]) -> None:
        """Acknowledged; positions and money follow at once."""
        name = json.dumps(arg, sort_keys=True)
        if op == "subscribe":
            socket.topics.add(name)
            self._channels.setdefault(name, arg)
        else:
            socket.topics.discard(name)
        await socket.send(json.dumps({"event": op, "arg": arg, "connId": "a1"}))
        if op == "subscribe" and arg["channel"] == "positions":
            rows = [position_body(self.core.positions[symbol], self.core) for symbol in self.positions]
            self.user_stream.put(name, {"arg": arg, "data": rows})
        if op == "subscribe" and arg["channel"] == "account":
            self.user_stream.put(name, {"arg": arg, "data": [balance_body(self.core, self.now_ms())]})

    def private_sockets(self) -> list[Socket]:
        return [socket for socket in self.sockets if socket.path.endswith(("/private", "/business"))]

    def _emit(self, channel: str, symbol: str | None, row: Any) -> None:
        for name, arg in self._channels.items():
            if arg["channel"] == channel and (symbol is None or arg.get("instId") in (None, symbol)):
                self.user_stream.put(name, json.loads(json.dumps({"arg": arg, "data": [row]})))

    def order_changed(self, order: Order, execution: Execution | None) -> None:
        self._emit("orders", listed(order.symbol), order_body(order, self.core, execution))

    def algo_changed(self, algo: Algo) -> None:
        """TRIGGERING and FINISHED have no word of their own here."""
        if algo.status not in (Status.TRIGGERING, Status.FINISHED):
            self._emit("orders-algo", listed(algo.asked.symbol), algo_body(algo, self.core))

    def account_changed(self, symbol: str | None, reason: str) -> None:
        if symbol is not None:
            self._emit("positions", listed(symbol), position_body(self.core.positions[symbol], self.core))
        self._emit("account", None, balance_body(self.core, self.now_ms()))


def _signature(text: str) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _envelope(rows: list[Any]) -> dict[str, Any]:
    """Code 0 where all went well, 1 where nothing did, 2 in between."""
    failed = [row for row in rows if row.get("sCode", "0") != "0"]
    if failed and len(failed) == len(rows):
        return {"code": "1", "msg": "All operations failed", "data": rows}
    return {"code": "2" if failed else "0", "msg": "", "data": rows}

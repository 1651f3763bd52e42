"""Bybit with a unified account on it: signed calls, the private topics, and the venue's own error codes.

    async with BybitTradingVenue(wallet_usd=1_660) as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.faults.add(dropped_after(), roles={"entry"})

`restart` forgets what has ended, which then is in its history alone. `elsewhere` are positions and `orders_elsewhere`
orders in other categories, by the scope they are listed in; `forbidden` are those the key may not look into. Everything
else a test needs: see `TradingVenue`.
"""

import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback import bybit_bodies as bodies
from tests.loopback.bybit_codes import CODES, REFUSALS, SAYINGS
from tests.loopback.bybit_topics import BybitTopics, signed
from tests.loopback.exchange_bybit import API, CONTRACTS, FINE, instrument
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import (
    Algo,
    Order,
    OrderAsked,
    Position,
    Reason,
    Refused,
    Rules,
    StopAsked,
)
from tests.loopback.trading_faults import Fault, FaultAnswer
from tests.loopback.trading_venue import KEY, Answer, Call, VenueError

AHEAD_MS = 1_000
HOME = ("linear", "USDT")
ROLES = {
    ("GET", "order/history"): "history",
    ("GET", "execution/list"): "history",
    ("GET", "account/transaction-log"): "history",
    ("GET", "account/wallet-balance"): "account",
    ("GET", "market/time"): "time",
    ("POST", "order/disconnected-cancel-all"): "dead_man",
}


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def rules(base: str, contracts: Mapping[str, tuple[str, str]] = CONTRACTS) -> Rules:
    row = instrument(base, contracts)
    sizes = row["lotSizeFilter"]
    return Rules(
        base,
        tick=Decimal(row["priceFilter"]["tickSize"]),
        lot=Decimal(sizes["qtyStep"]),
        min_qty=Decimal(sizes["minOrderQty"]),
        max_qty=Decimal(sizes["maxOrderQty"]),
        max_market_qty=Decimal(sizes["maxMktOrderQty"]),
        min_notional_usd=Decimal(sizes["minNotionalValue"]),
    )


class BybitTradingVenue(BybitTopics):
    """`rights`, `rates_known` and `margin_kind` are what it says of the key and the account."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms)
        self.now_ms = lambda: now_ms() + self.clock_skew_ms
        self.rights = bodies.rights()
        self.rates_known = True
        self.unified_status = 5
        self.elsewhere: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.orders_elsewhere: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.forbidden: set[str] = set()
        self._restarted_ms = 0
        symbols = {self.symbol(base): rules(base, self.contracts) for base in self.bases}
        self.open_account(MatchingCore(symbols, wallet_usd, self.now_ms))
        self.core.takes_crossing_makers = True
        self.core.reserves, self.core.trims, self.core.checks_grid_first = False, True, False

    def symbol(self, asset: str) -> str:
        return f"{asset}USDT"

    def mark_of(self, symbol: str) -> float:
        quote = self.core.quotes.get(symbol)
        return super().mark_of(symbol) if quote is None else float(quote.mark)

    def restart(self) -> None:
        """What has ended by now is in the history alone."""
        self._restarted_ms = self.now_ms() + 1

    # -- a call

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        params = json.loads(body) if body else query
        role = self._role(request.method, request.path.removeprefix(f"{API}/"), params)
        raw = body if request.method == "POST" else request.rel_url.raw_query_string
        return Call(request.method, request.path, params, role, time.monotonic_ns(), raw, dict(request.headers))

    def _role(self, method: str, name: str, params: Mapping[str, Any]) -> str:
        if (method, name) in ROLES:
            return ROLES[method, name]
        if name == "order/create":
            return _kind_of_order(params)
        if name == "order/cancel":
            return "cancel_stop" if isinstance(self._asked_for(params), Algo) else "cancel"
        if name == "order/realtime":
            is_lookup = "orderLinkId" in params or "orderId" in params
            return "lookup" if is_lookup else self._list_role(params, "open_orders")
        if name == "position/list":
            return "setup" if "symbol" in params else self._list_role(params, "positions")
        return "public" if name.startswith("market/") else "setup"

    @staticmethod
    def _list_role(params: Mapping[str, Any], role: str) -> str:
        """A list of another category is another list."""
        is_home = "symbol" in params or (params.get("category"), params.get("settleCoin")) == HOME
        return role if is_home else f"{role}_elsewhere"

    def check(self, call: Call) -> None:
        """The key, the clock, the signature over time, key, window and what was sent."""
        if call.role == "time":
            return
        headers = call.headers
        if self.key_revoked or headers.get("X-BAPI-API-KEY") != KEY:
            raise self.named("10003")
        stamp, window = headers.get("X-BAPI-TIMESTAMP", ""), headers.get("X-BAPI-RECV-WINDOW", "")
        age_ms = self.now_ms() - int(stamp)
        if not -AHEAD_MS < age_ms <= int(window):
            raise self.named("10002")
        if signed(stamp + KEY + window + call.raw) != headers.get("X-BAPI-SIGN"):
            raise self.named("10004")

    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        params = call.params
        answers: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "market/time"): lambda: self.public(call.path, params),
            ("POST", "order/create"): lambda: self._create(params),
            ("POST", "order/cancel"): lambda: self._cancel(params),
            ("GET", "order/realtime"): lambda: self._realtime(params),
            ("GET", "order/history"): lambda: self._page(self._known(params["orderLinkId"]), params),
            ("GET", "execution/list"): lambda: self._executions(params),
            ("GET", "position/list"): lambda: self._positions(params, positions),
            ("GET", "account/wallet-balance"): lambda: {"list": [bodies.wallet(self.core)]},
            ("GET", "account/info"): self._info,
            ("GET", "account/fee-rate"): lambda: self._fee_rate(params),
            ("GET", "account/transaction-log"): lambda: self._log(params),
            ("GET", "user/query-api"): lambda: self.rights,
        }
        answer = answers.get((call.method, call.path.removeprefix(f"{API}/")))
        if answer is None:
            raise self.named("10017")
        return self.envelope(answer())

    # -- orders

    def _create(self, params: Mapping[str, Any]) -> dict[str, str]:
        symbol, side, link_id = params["symbol"], params["side"].lower(), params.get("orderLinkId", "")
        index = int(params.get("positionIdx", 0))
        if params["category"] != "linear" or symbol not in self.core.rules:
            raise Refused(Reason.UNKNOWN_SYMBOL)
        if (index == 0) == self.core.hedge_mode:
            raise VenueError("10001", "position idx not match position mode", 200)
        if any(order["orderLinkId"] == link_id for order in self._open(symbol)):
            raise Refused(Reason.DUPLICATE_CLIENT_ID)
        reduces = params.get("reduceOnly") is True
        qty = Decimal(params["qty"])
        if qty == 0:
            if not (reduces and params.get("closeOnTrigger") is True):
                raise Refused(Reason.BELOW_MINIMUM)
            qty = abs(self.core.positions[symbol].qty)
        if "triggerPrice" in params:
            order_id = self._place_stop(params, symbol, side, qty, link_id, reduces)
        else:
            price = Decimal(params["price"]) if params["orderType"] == "Limit" else None
            tif = "GTX" if params.get("timeInForce") == "PostOnly" else "GTC"
            kind = "market" if price is None else "limit"
            asked = OrderAsked(
                symbol,
                side,
                kind,
                qty,
                client_id=link_id,
                price=price,
                tif=tif,
                reduce_only=reduces,
            )
            order_id = self.core.place(asked).order_id
        return {"orderId": str(order_id), "orderLinkId": link_id}

    def _place_stop(
        self, params: Mapping[str, Any], symbol: str, side: str, qty: Decimal, link_id: str, reduces: bool
    ) -> int:
        falls = int(params["triggerDirection"]) == 2
        asked = StopAsked(
            symbol,
            side,
            "stop" if falls == (side == "sell") else "take_profit",
            Decimal(params["triggerPrice"]),
            qty,
            client_id=link_id,
            reduce_only=reduces,
            working="mark" if params.get("triggerBy") == "MarkPrice" else "last",
        )
        return self.core.algos.place(asked).algo_id

    def _asked_for(self, params: Mapping[str, Any]) -> Order | Algo | None:
        """The newest order or stop of that id of ours or of the venue's."""
        link_id, order_id = params.get("orderLinkId"), params.get("orderId")
        for stop in reversed(self.core.algos.all.values()):
            if stop.client_id == link_id or str(stop.algo_id) == order_id:
                return stop if stop.works else self.core.orders.get(stop.order_id or 0) or stop
        for order in reversed(self.core.orders.values()):
            if order.algo_id is None and (order.client_id == link_id or str(order.order_id) == order_id):
                return order
        return None

    def _cancel(self, params: Mapping[str, Any]) -> dict[str, str]:
        found = self._asked_for(params)
        if found is None or not found.works or params["symbol"] not in self.core.rules:
            raise Refused(Reason.UNKNOWN_ORDER)
        if isinstance(found, Algo):
            self.core.algos.cancel(found)
            return {"orderId": str(found.algo_id), "orderLinkId": found.client_id}
        self.core.cancel(found)
        order_id, link_id = bodies.names(found, self.core)
        return {"orderId": order_id, "orderLinkId": link_id}

    def _open(self, symbol: str | None = None) -> list[dict[str, Any]]:
        """Newest first, plain and conditional."""
        rows = [bodies.order(order, self.core) for order in self.core.open_orders(symbol)]
        rows += [bodies.stop(algo) for algo in self.core.algos.open(symbol) if algo.order_id is None]
        return sorted(rows, key=lambda row: int(row["createdTime"]), reverse=True)

    def _known(self, link_id: str) -> list[dict[str, Any]]:
        """Whatever became of an order or stop; one that turned into an order is that one."""
        rows = [
            bodies.stop(algo)
            for algo in self.core.algos.all.values()
            if algo.client_id == link_id and algo.order_id is None
        ]
        rows += [
            bodies.order(order, self.core)
            for order in self.core.orders.values()
            if bodies.names(order, self.core)[1] == link_id
        ]
        return sorted(rows, key=lambda row: int(row["createdTime"]), reverse=True)

    def _realtime(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if "orderLinkId" in params:
            rows = self._known(params["orderLinkId"])
            is_open = ("New", "PartiallyFilled", "Untriggered")
            kept = [
                row for row in rows if row["orderStatus"] in is_open or int(row["updatedTime"]) >= self._restarted_ms
            ]
            return self._page(kept, params)
        if "symbol" in params:
            return self._page(self._open(params["symbol"]), params)
        scope = self._scope(params)
        return self._page(self._open() if scope == HOME else self.orders_elsewhere.get(scope, []), params)

    def _scope(self, params: Mapping[str, Any]) -> tuple[str, str]:
        """Which list is asked for; one of a category that the key has no right to is refused."""
        if params["category"] in self.forbidden:
            raise self.named("10005")
        return params["category"], params.get("settleCoin", "")

    @staticmethod
    def _page(rows: list[dict[str, Any]], params: Mapping[str, Any]) -> dict[str, Any]:
        """A part of the list, and a cursor where there is more."""
        first, limit = int(params.get("cursor") or 0), int(params.get("limit", 20))
        rest = rows[first : first + limit]
        more = str(first + limit) if first + limit < len(rows) else ""
        return {"category": params.get("category", ""), "list": rest, "nextPageCursor": more}

    # -- what was

    def _executions(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Newest first; a payment of funding is an execution too."""
        rows = [bodies.execution(one, self.core) for one in self.core.listed_executions]
        rows += [bodies.funding_execution(one) for one in self.core.income if one.kind == "FUNDING_FEE"]
        since_ms = int(params.get("startTime", 0))
        found = [
            row
            for row in rows
            if row["symbol"] == params.get("symbol", row["symbol"])
            and row["orderId"] == params.get("orderId", row["orderId"])
            and int(row["execTime"]) >= since_ms
        ]
        order = sorted(found, key=lambda row: (int(row["execTime"]), row["seq"]), reverse=True)
        return self._page(order, params)

    def _log(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Newest first; a day of it where only the beginning is said."""
        first_ms = int(params["startTime"])
        last_ms = int(params.get("endTime", first_ms + 86_400_000))
        if last_ms - first_ms > 7 * 86_400_000:
            raise VenueError("10001", "The time range between startTime and endTime cannot exceed 7 days.", 200)
        paid = [one for one in self.core.income if one.kind == "FUNDING_FEE"]
        rows = [bodies.settlement(one, number) for number, one in enumerate(paid) if first_ms <= one.ts_ms <= last_ms]
        return self._page(list(reversed(rows)), params)

    # -- the account

    def _positions(self, params: Mapping[str, Any], positions: Mapping[str, Position]) -> dict[str, Any]:
        if "symbol" in params:
            symbol = params["symbol"]
            sides = (1, 2) if self.core.hedge_mode else (0,)
            return self._page([bodies.position(symbol, self.core, side) for side in sides], params)
        scope = self._scope(params)
        if scope != HOME:
            return self._page(self.elsewhere.get(scope, []), params)
        held = [_seen(symbol, one, self.core) for symbol, one in positions.items() if one.qty]
        return self._page(held, params)

    def _info(self) -> dict[str, Any]:
        is_isolated = any(self.core.isolated.values())
        return {
            "marginMode": "ISOLATED_MARGIN" if is_isolated else "REGULAR_MARGIN",
            "updatedTime": "1697078946000",
            "unifiedMarginStatus": self.unified_status,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def _fee_rate(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if not self.rates_known:
            raise VenueError("10032", "Demo trading are not supported.", 200)
        row = {"symbol": params["symbol"], "baseCoin": "", "takerFeeRate": "0.0005", "makerFeeRate": "0.0002"}
        return {"list": [row]}

    # -- errors

    def error(self, error: VenueError, call: Call) -> Answer:
        return Answer(self.envelope({}, int(error.code), error.message), error.status)

    def refusal(self, refused: Refused, call: Call) -> Answer:
        if refused.reason is Reason.WOULD_TRIGGER:
            return self.error(self.named("110093" if call.params["triggerDirection"] == 2 else "110092"), call)
        code, message = REFUSALS.get(refused.reason, ("10001", ""))
        return self.error(VenueError(code, message, 200) if message else self.named(code), call)

    def named(self, code: str) -> VenueError:
        return VenueError(code, CODES.get(code, "Refused."), 200)

    def malformed(self, parameter: str) -> VenueError:
        return VenueError("10001", f"params error: {parameter} is required", 200)

    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        code, status = SAYINGS[answer_as]
        return VenueError(code, CODES[code], status)

    def nothing(self, call: Call) -> Answer:
        if call.role == "account":
            return self.done(call, {})
        return Answer(self.envelope({"list": [], "nextPageCursor": ""}))


def _kind_of_order(params: Mapping[str, Any]) -> str:
    if "triggerPrice" in params:
        return "stop"
    if params.get("reduceOnly") is not True:
        return "entry"
    return "close" if params.get("orderType") == "Market" else "target"


def _seen(symbol: str, held: Position, core: MatchingCore) -> dict[str, Any]:
    """A position as it is, or as it was when the venue's list was frozen."""
    row = bodies.position(symbol, core)
    side = "Buy" if held.qty > 0 else "Sell"
    return {**row, "side": side, "size": bodies.text(abs(held.qty)), "avgPrice": bodies.text(held.entry)}


class FineBybitVenue(BybitTradingVenue):
    """The same in finer steps."""

    contracts = FINE

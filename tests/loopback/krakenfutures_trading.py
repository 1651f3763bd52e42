"""Kraken Futures with an account on them: signed calls, the private feeds, and the venue's own names of errors.

    async with KrakenFuturesTradingVenue(wallet_usd=1_660) as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.faults.add(dropped_after(), roles={"entry"})

Sizes are base coins. A stop whose price is reached already is triggered at once, not refused. `forgets_after_s`: so
long orders/status still knows an order that has ended. Everything else a test needs: see `TradingVenue`.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.loopback import krakenfutures_bodies as bodies
from tests.loopback.exchange_krakenfutures import API, FEES_UID, HISTORY, instrument, iso, product
from tests.loopback.krakenfutures_feeds import KrakenFuturesFeeds, signed
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import (
    Algo,
    Order,
    OrderAsked,
    Position,
    Reason,
    Refused,
    Rules,
    Status,
    StopAsked,
)
from tests.loopback.trading_faults import Fault, FaultAnswer
from tests.loopback.trading_venue import KEY, Answer, Call, VenueError

FILLS_A_PAGE = 100
ROLES = {
    "openorders": "open_orders",
    "orders/status": "lookup",
    "fills": "history",
    "openpositions": "positions",
    "accounts": "account",
    "feeschedules": "time",
    "cancelallordersafter": "dead_man",
    "leveragepreferences": "setup",
    "feeschedules/volumes": "setup",
}
REFUSALS = {
    Reason.NO_POSITION: "wouldNotReducePosition",
    Reason.RESERVED: "wouldNotReducePosition",
    Reason.NO_MARGIN: "insufficientAvailableFunds",
    Reason.BELOW_MINIMUM: "invalidSize",
    Reason.BELOW_NOTIONAL: "invalidSize",
    Reason.BAD_LOT: "invalidSize",
    Reason.BAD_TICK: "invalidPrice",
    Reason.ABOVE_MAXIMUM: "maxPositionViolation",
    Reason.DUPLICATE_CLIENT_ID: "clientOrderIdAlreadyExist",
    Reason.WOULD_CROSS: "postWouldExecute",
    Reason.NO_PRICE: "marketSuspended",
    Reason.STOPS_REFUSED: "invalidOrderType",
    Reason.TOO_MANY_STOPS: "tooManySmallOrders",
}
SAYINGS = {
    FaultAnswer.UNKNOWN: ("unknownError", 200),
    FaultAnswer.TIMEOUT: ("Server Error", 500),
    FaultAnswer.OVERLOADED: ("unavailable", 503),
    FaultAnswer.TOO_MANY: ("apiLimitExceeded", 429),
    FaultAnswer.BANNED: ("apiLimitExceeded", 429),
    FaultAnswer.REVOKED: ("authenticationError", 200),
    FaultAnswer.SKEWED: ("nonceBelowThreshold", 200),
}


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def rules(base: str) -> Rules:
    row = instrument(base)
    lot = Decimal(10) ** -int(row["contractValueTradePrecision"])
    return Rules(base, Decimal(str(row["tickSize"])), lot, lot, Decimal(10_000), Decimal(10_000))


class KrakenFuturesTradingVenue(KrakenFuturesFeeds):
    """One-way, multi-collateral: a leverage preference makes a perpetual isolated."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms)
        self.now_ms = lambda: now_ms() + self.clock_skew_ms
        self.forgets_after_s = 5.0
        self.open_account(MatchingCore({product(base): rules(base) for base in self.bases}, wallet_usd, self.now_ms))
        self.core.reserves = False
        self.core.isolated = dict.fromkeys(self.core.rules, True)

    def symbol(self, asset: str) -> str:
        return product(asset)

    def mark_of(self, symbol: str) -> float:
        quote = self.core.quotes.get(symbol)
        return super().mark_of(symbol) if quote is None else float(quote.mark)

    # -- a call

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        raw = request.rel_url.raw_query_string + body
        params = {**query, **dict(parse_qsl(body))}
        role = self._role(request.method, request.path, params)
        return Call(request.method, request.path, params, role, time.monotonic_ns(), raw, dict(request.headers))

    def _role(self, method: str, path: str, params: Mapping[str, str]) -> str:
        name = path.removeprefix(f"{API}/")
        if path.startswith(HISTORY):
            return "history"
        if name == "cancelorder":
            return "cancel_stop" if isinstance(self._asked_for(params), Algo) else "cancel"
        if name != "sendorder":
            return ROLES.get(name, "public")
        if params.get("orderType") == "stp":
            return "stop"
        if params.get("reduceOnly") != "true":
            return "entry"
        return "close" if params.get("orderType") == "mkt" else "target"

    def check(self, call: Call) -> None:
        """The key, then the signature over query, path and nothing else: the venue has no time in it."""
        if call.role == "time":
            return
        if self.key_revoked or call.headers.get("APIKey") != KEY:
            raise self.named("authenticationError")
        path = call.path.removeprefix("/derivatives")
        if call.headers.get("Authent") != signed(call.raw + path):
            raise self.named("authenticationError")

    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        params = call.params
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            f"{API}/feeschedules": lambda: self.public(call.path) or {},
            f"{API}/sendorder": lambda: {"sendStatus": self._send_order(params)},
            f"{API}/cancelorder": lambda: {"cancelStatus": self._cancel(params)},
            f"{API}/openorders": self._open_orders,
            f"{API}/orders/status": lambda: {"orders": self._statuses(params["cliOrdIds"])},
            f"{API}/fills": lambda: {"fills": self._fills(params)},
            f"{API}/openpositions": lambda: {
                "openPositions": [bodies.position(symbol, self.core) for symbol, one in positions.items() if one.qty]
            },
            f"{API}/accounts": lambda: {"accounts": {"flex": self._wallet()}},
            f"{API}/leveragepreferences": lambda: {"leveragePreferences": self._preferences()},
            f"{API}/feeschedules/volumes": lambda: {"volumesByFeeSchedule": {FEES_UID: 1_000.0}},
            f"{HISTORY}/v2/orders": lambda: self._past_orders(params),
            f"{HISTORY}/v2/triggers": lambda: self._past_stops(params),
            f"{HISTORY}/v3/account-log": lambda: {"logs": self._log(params)},
        }
        if call.path not in answers:
            raise VenueError("notFound", "", 404)
        return self.success(answers[call.path]())

    # -- orders

    def _send_order(self, params: Mapping[str, str]) -> dict[str, Any]:
        try:
            order_id = self._placed(params)
        except Refused as refused:
            return {"status": REFUSALS[refused.reason], "receivedTime": iso(self.now_ms()), "orderEvents": []}
        return {"order_id": order_id, "status": "placed", "receivedTime": iso(self.now_ms()), "orderEvents": []}

    def _placed(self, params: Mapping[str, str]) -> str:
        symbol, side, qty, client_id = params["symbol"], params["side"], Decimal(params["size"]), params["cliOrdId"]
        reduces = params.get("reduceOnly") == "true"
        if symbol not in self.core.rules:
            raise self.named("contractNotFound")
        if params["orderType"] == "stp":
            asked = StopAsked(
                symbol,
                side,
                "stop",
                Decimal(params["stopPrice"]),
                qty,
                client_id=client_id,
                reduce_only=reduces,
                working=params["triggerSignal"],
            )
            try:
                return str(self.core.algos.place(asked).algo_id)
            except Refused as refused:
                if refused.reason is not Reason.WOULD_TRIGGER:
                    raise
        price = Decimal(params["limitPrice"]) if params["orderType"] == "lmt" else None
        kind = "market" if price is None else "limit"
        asked_order = OrderAsked(symbol, side, kind, qty, client_id=client_id, price=price, reduce_only=reduces)
        return str(self.core.place(asked_order).order_id)

    def _asked_for(self, params: Mapping[str, str]) -> Order | Algo | None:
        """The newest order or stop of that id of ours or of the venue's."""
        for stop in reversed(self.core.algos.all.values()):
            if stop.client_id == params.get("cliOrdId") or str(stop.algo_id) == params.get("order_id"):
                return stop
        for order in reversed(self.core.orders.values()):
            if order.client_id == params.get("cliOrdId") or str(order.order_id) == params.get("order_id"):
                return order
        return None

    def _cancel(self, params: Mapping[str, str]) -> dict[str, Any]:
        found = self._asked_for(params)
        status = "notFound"
        if found is not None and found.works:
            if isinstance(found, Algo):
                self.core.algos.cancel(found)
            else:
                self.core.cancel(found)
            status = "cancelled"
        elif isinstance(found, Order) and found.status is Status.FILLED:
            status = "filled"
        return {"status": status, "receivedTime": iso(self.now_ms()), "orderEvents": []}

    def _open_orders(self) -> dict[str, Any]:
        plain = [bodies.open_order(order, self.core) for order in self.core.open_orders()]
        return {"openOrders": [*plain, *(bodies.open_stop(algo) for algo in self.core.algos.open())]}

    def _statuses(self, client_id: str) -> list[dict[str, Any]]:
        since_ms = self.now_ms() - round(self.forgets_after_s * 1_000)
        rows = []
        for algo in self.core.algos.all.values():
            if algo.client_id == client_id and algo.order_id is None and (algo.works or algo.updated_ms > since_ms):
                rows.append(bodies.stop_status(algo))
        for order in self.core.orders.values():
            is_asked_for = bodies.names(order, self.core)[1] == client_id
            if is_asked_for and (order.works or order.updated_ms > since_ms):
                rows.append(bodies.order_status(order, self.core))
        return rows

    # -- what was

    def _fills(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """The newest hundred, newest first; of those before an instant where one is said."""
        before_ms = _ms(params["lastFillTime"]) if "lastFillTime" in params else None
        rows = [one for one in self.core.listed_executions if before_ms is None or one.ts_ms < before_ms]
        return [bodies.fill(execution, self.core) for execution in reversed(rows[-FILLS_A_PAGE:])]

    def _past_orders(self, params: Mapping[str, str]) -> dict[str, Any]:
        found = [order for order in self.core.orders.values() if order.symbol == params["tradeable"]]
        elements = [bodies.past_order(order, self.core) for order in reversed(found)][: int(params["count"])]
        return {"elements": elements, "len": len(elements)}

    def _past_stops(self, params: Mapping[str, str]) -> dict[str, Any]:
        found = [algo for algo in self.core.algos.all.values() if algo.asked.symbol == params["tradeable"]]
        elements = [bodies.past_stop(algo) for algo in reversed(found)][: int(params["count"])]
        return {"elements": elements, "len": len(elements)}

    def _log(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = [
            bodies.log_row(
                "futures trade", one.symbol, one.ts_ms, asset=bodies.coin(one.paid_in), booking_uid=f"b{one.trade_id}",
                execution=str(one.trade_id), fee=float(one.fee),
            )
            for one in self.core.listed_executions
        ]  # fmt: skip
        rows += [
            bodies.log_row(
                "funding rate change", one.symbol, one.ts_ms, asset=bodies.coin(one.paid_in), booking_uid=f"f{number}",
                realized_funding=float(one.amount),
            )
            for number, one in enumerate(self.core.income)
            if one.kind == "FUNDING_FEE"
        ]  # fmt: skip
        since_ms = int(params.get("since", 0))
        return [row for row in rows if row["info"] == params["info"] and _ms(row["date"]) >= since_ms]

    # -- the account

    def _wallet(self) -> dict[str, Any]:
        core = self.core
        tied = sum((core.margin_usd(symbol) for symbol in core.rules), Decimal(0))
        worth = float(core.wallet_usd + core.total_open_pnl_usd)
        return {
            "type": "multiCollateralMarginAccount",
            "currencies": {"USD": {"quantity": float(core.wallet_usd), "value": float(core.wallet_usd)}},
            "initialMargin": float(tied),
            "maintenanceMargin": float(tied / 2),
            "balanceValue": float(core.wallet_usd),
            "portfolioValue": worth,
            "collateralValue": worth,
            "marginEquity": worth,
            "availableMargin": float(core.free_usd),
        }

    def _preferences(self) -> list[dict[str, Any]]:
        return [
            {"symbol": symbol, "maxLeverage": float(self.core.leverage[symbol])}
            for symbol, is_isolated in self.core.isolated.items()
            if is_isolated
        ]

    # -- errors

    def error(self, error: VenueError, call: Call) -> Answer:
        return Answer({"result": "error", "error": error.code, "serverTime": iso(self.now_ms())}, error.status)

    def refusal(self, refused: Refused, call: Call) -> Answer:
        return self.error(self.named(REFUSALS.get(refused.reason, "invalidArgument")), call)

    def named(self, code: str) -> VenueError:
        return VenueError(code, "", 200)

    def malformed(self, parameter: str) -> VenueError:
        return self.named("requiredArgumentMissing")

    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        code, status = SAYINGS[answer_as]
        return VenueError(code, "", status)

    def nothing(self, call: Call) -> Answer:
        if call.role == "account":
            return self.done(call, {})
        lists = ("openPositions", "openOrders", "orders", "fills", "logs", "elements")
        return Answer(self.success({key: [] for key in lists}))


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)

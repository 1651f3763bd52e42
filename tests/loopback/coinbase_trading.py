"""Coinbase's FCM with an account on it: tokens checked by the key, the user channel, the venue's own names of errors.

    async with CoinbaseTradingVenue(wallet_usd=1_660) as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.faults.add(dropped_after(), roles={"entry"})

Its contracts are small here, so that what other venues' tests trade fits them; `NanoVenue` has the real ones. Orders
and stops live in one service; an id of ours that is sent twice gets the order that has it. `tells_positions`: whether
its channel has positions, which the venue switches on for those who ask. `holds_new`: new orders stay PENDING.
"""

import itertools
import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback import coinbase_bodies as bodies
from tests.loopback.coinbase_bodies import Given
from tests.loopback.coinbase_codes import IN_LISTS, REFUSALS, SAYINGS
from tests.loopback.coinbase_tokens import wrong_with
from tests.loopback.exchange_coinbase import API, EXPIRY, NANO, CoinbaseVenue, Contract, wall_ms
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import (
    Algo,
    Execution,
    Order,
    Position,
    Reason,
    Refused,
    Rules,
    Status,
    StopAsked,
)
from tests.loopback.trading_faults import Fault, FaultAnswer
from tests.loopback.trading_venue import Answer, Call, TradingVenue, VenueError
from tests.loopback.venue_server import Socket

SMALL = {
    "BTC": Contract("BIP", "0.001", "1"),
    "ETH": Contract("ETP", "0.001", "0.01"),
    "SOL": Contract("SLP", "0.01", "0.01"),
    "XRP": Contract("XPP", "1", "0.0001"),
}
ROLES = {
    "orders/historical/batch": "lookup",
    "orders/historical/fills": "history",
    "cfm/positions": "positions",
    "cfm/balance_summary": "account",
    "key_permissions": "setup",
    "transaction_summary": "setup",
    "cfm/intraday/margin_setting": "setup",
    "orders/preview": "preview",
    "time": "time",
}
DEFAULT_PAGE = 100


def rules(base: str, contract: Contract) -> Rules:
    one, most = Decimal(1), Decimal(500_000)
    return Rules(base, Decimal(contract.tick), one, one, most, most, unit=Decimal(contract.size))


class CoinbaseTradingVenue(CoinbaseVenue, TradingVenue):
    """One-way, one margin for all."""

    contracts_listed: Mapping[str, Contract] = SMALL

    def __init__(self, now_ms: Callable[[], int] = wall_ms, wallet_usd: float = 1_660.0) -> None:
        super().__init__(now_ms, self.contracts_listed)
        self.now_ms = lambda: now_ms() + self.clock_skew_ms
        self.permissions = {"can_view": True, "can_trade": True, "can_transfer": False}
        self.margin_setting = "INTRADAY_MARGIN_SETTING_STANDARD"
        self.fee_tier: dict[str, str] | None = {"taker_fee_rate": "0.0005", "maker_fee_rate": "0.0002"}
        self.pushes_positions = True
        self.holds_new = False
        self.money_as_objects = True
        self.given: list[Given] = []
        self._numbers = itertools.count()
        listed = {self.symbol(base): rules(base, contract) for base, contract in self.contracts.items()}
        self.open_account(MatchingCore(listed, wallet_usd, self.now_ms))
        self.core.reserves = False
        self.core.checks_grid_first = False

    def symbol(self, asset: str) -> str:
        return f"{self.contracts[asset].code}-{EXPIRY}"

    def last_of(self, product_id: str) -> float:
        quote = self.core.quotes.get(product_id)
        return super().last_of(product_id) if quote is None else float(quote.last)

    # -- a call

    def read(self, request: web.Request, query: dict[str, str], body: str) -> Call:
        params: dict[str, Any] = {name: request.query.getall(name) for name in request.query}
        params = {name: found[0] if len(found) == 1 else found for name, found in params.items()}
        if body:
            params |= json.loads(body)
        role = self._role(request.method, request.path, params)
        return Call(request.method, request.path, params, role, time.monotonic_ns(), body, dict(request.headers))

    def _role(self, method: str, path: str, params: Mapping[str, Any]) -> str:
        name = path.removeprefix(f"{API}/")
        if name == "orders":
            return bodies.role_of(params)
        if name == "orders/batch_cancel":
            found = [self.by_id(order_id) for order_id in params.get("order_ids", ())]
            return "cancel_stop" if any(one is not None and one.is_stop for one in found) else "cancel"
        if name == "orders/historical/batch" and "order_status" in params:
            return "open_orders"
        if name.startswith("orders/historical/") and name not in ROLES:
            return "lookup"
        return ROLES.get(name, "public")

    def check(self, call: Call) -> None:
        """A token of the key, for this call, of this time."""
        if call.role == "time":
            return
        called = f"{call.method} {self.rest_url.removeprefix('http://')}{call.path}"
        bearer, _, token = call.headers.get("Authorization", "").partition(" ")
        if self.key_revoked or bearer != "Bearer" or wrong_with(token, self.now_ms() / 1_000, called):
            raise self.named("unauthorized")

    def carry_out(self, call: Call, positions: Mapping[str, Position]) -> Any:
        params, name = call.params, call.path.removeprefix(f"{API}/")
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "time": lambda: self.public(call.path, {}) or {},
            "orders": lambda: self._send_order(params),
            "orders/preview": lambda: self._preview(params),
            "orders/batch_cancel": lambda: {"results": [self._cancel(one) for one in params["order_ids"]]},
            "orders/historical/batch": lambda: self._orders(params),
            "orders/historical/fills": lambda: self._fills(params),
            "cfm/positions": lambda: {
                "positions": [bodies.position(self, symbol, one) for symbol, one in positions.items() if one.qty]
            },
            "cfm/balance_summary": lambda: {"balance_summary": bodies.summary(self)},
            "cfm/intraday/margin_setting": lambda: {"setting": self.margin_setting},
            "key_permissions": lambda: {**self.permissions, "portfolio_uuid": "p", "portfolio_type": "DEFAULT"},
            "transaction_summary": lambda: {"total_volume": 0, "total_fees": 0, "fee_tier": self.fee_tier},
        }
        if name in answers:
            return answers[name]()
        order_id = name.removeprefix("orders/historical/")
        found = self.by_id(order_id)
        if call.method == "GET" and found is not None:
            return {"order": bodies.order(self, found)}
        raise VenueError("NOT_FOUND", f"order with this orderID was not found: {order_id}", 404)

    # -- orders

    def _send_order(self, params: Mapping[str, Any]) -> dict[str, Any]:
        client_id, product_id, side = params["client_order_id"], params["product_id"], params["side"]
        known = next((one for one in self.given if one.client_id == client_id), None)
        given = known or self._placed(client_id, product_id, side.lower(), params["order_configuration"])
        return {
            "success": True,
            "success_response": {
                "order_id": given.order_id,
                "product_id": product_id,
                "side": side,
                "client_order_id": client_id,
            },
            "order_configuration": params["order_configuration"],
        }

    def _preview(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The same judgement without an order: of its session, its shape, the money, and what there is to reduce."""
        ((kind, terms),) = params["order_configuration"].items()
        asked = bodies.asked(kind, terms, params["product_id"], params["side"].lower(), "")
        symbol, errs, fee = params["product_id"], [], Decimal(0)
        held = self.core.positions.get(symbol)
        try:
            if not self.session_details()["is_session_open"]:
                raise VenueError("PREVIEW_INVALID_FCM_TRADING_SESSION", "", 200)
            if isinstance(asked, StopAsked):
                self.core.algos._check(asked)
            else:
                coins = self.core._checked_qty(asked) * self.core.rules[symbol].unit
                rate = (self.fee_tier or {}).get("taker_fee_rate", "0")
                fee = coins * self.core.quote(symbol).ask * Decimal(rate)
            if asked.reduce_only and not (held and held.qty):
                raise Refused(Reason.NO_POSITION)
        except VenueError as error:
            errs = [error.code]
        except Refused as refused:
            errs = [REFUSALS.get(refused.reason, "UNKNOWN_PREVIEW_FAILURE_REASON")]
            if refused.reason is Reason.WOULD_TRIGGER:
                errs = [bodies.would_trigger(params["side"])]
        return {"order_total": "0", "commission_total": f"{fee:f}", "errs": errs, "warning": [], "leverage": ""}

    def _placed(self, client_id: str, product_id: str, side: str, configuration: Mapping[str, Any]) -> Given:
        ((kind, terms),) = configuration.items()
        if product_id not in self.core.rules:
            raise Refused(Reason.UNKNOWN_SYMBOL)
        if not self.session_details()["is_session_open"]:
            raise VenueError("PREVIEW_INVALID_FCM_TRADING_SESSION", "", 200)
        asked = bodies.asked(kind, terms, product_id, side, client_id)
        given = Given("", client_id, kind, dict(terms))
        self.given.append(given)
        try:
            if isinstance(asked, StopAsked):
                self.core.algos.place(asked)
            else:
                self.core.place(asked)
        except Refused as refused:
            self.given.remove(given)
            if refused.reason is Reason.WOULD_TRIGGER:
                raise VenueError(bodies.would_trigger(side), "", 200) from None
            raise
        return given

    def _cancel(self, order_id: str) -> dict[str, Any]:
        given = self.by_id(order_id)
        reason = "UNKNOWN_CANCEL_FAILURE_REASON"
        if given is None:
            return {"success": False, "failure_reason": "UNKNOWN_CANCEL_ORDER", "order_id": order_id}
        order, is_open = given.order, False
        if given.algo is not None and given.algo.works:
            self.core.algos.cancel(given.algo)
            is_open = True
        elif order is not None and order.works:
            self.core.cancel(order)
            is_open = True
        elif order is not None and order.status is Status.FILLED:
            reason = "ORDER_IS_FULLY_FILLED"
        else:
            reason = "UNKNOWN_CANCEL_ORDER"
        return {"success": is_open, "failure_reason": reason, "order_id": order_id}

    # -- lists

    def _orders(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The newest first."""
        asked = {name: _many(params.get(name)) for name in ("order_status", "product_ids", "order_ids")}
        if "OPEN" in asked["order_status"] and len(asked["order_status"]) > 1:
            raise VenueError("INVALID_ARGUMENT", "cannot pair OPEN orders with other order types", 400)
        rows = [bodies.order(self, given) for given in reversed(self.given)]
        rows = [
            row
            for row in rows
            if (not asked["order_status"] or row["status"] in asked["order_status"])
            and (not asked["product_ids"] or row["product_id"] in asked["product_ids"])
            and (not asked["order_ids"] or row["order_id"] in asked["order_ids"])
        ]
        page, cursor = _page(rows, params)
        return {"orders": page, "sequence": "0", "has_next": bool(cursor), "cursor": cursor}

    def _fills(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The newest first; those of before an instant left out."""
        order_ids, product_ids = _many(params.get("order_ids")), _many(params.get("product_ids"))
        rows = [bodies.fill(self, execution) for execution in reversed(self.core.listed_executions)]
        rows = [
            row
            for row in rows
            if (not order_ids or row["order_id"] in order_ids)
            and (not product_ids or row["product_id"] in product_ids)
            and row["trade_time"] >= params.get("start_sequence_timestamp", "")
        ]
        page, cursor = _page(rows, params)
        return {"fills": page, "cursor": cursor}

    # -- errors

    def error(self, error: VenueError, call: Call) -> Answer:
        if error.code == "unauthorized":
            return Answer("Unauthorized", 401)
        if call.role in ("entry", "close", "target", "stop") and error.status == 200:
            refused = {
                "error": "UNKNOWN_FAILURE_REASON",
                "message": error.message,
                "error_details": "",
                "preview_failure_reason": error.code,
            }
            return Answer({"success": False, "error_response": refused})
        if error.code in IN_LISTS:
            return Answer({"errors": [{"id": error.code, "message": "Too many requests"}]}, error.status)
        body = {"error": error.code, "error_details": error.message, "message": error.message}
        return Answer(body, error.status)

    def refusal(self, refused: Refused, call: Call) -> Answer:
        return self.error(self.named(REFUSALS.get(refused.reason, "UNKNOWN_FAILURE_REASON")), call)

    def named(self, code: str) -> VenueError:
        statuses = {"unauthorized": 401, "rate_limit_exceeded": 429}
        return VenueError(code, "", statuses.get(code, 200))

    def malformed(self, parameter: str) -> VenueError:
        return VenueError("INVALID_ARGUMENT", parameter, 400)

    def fault_answer(self, answer_as: FaultAnswer, fault: Fault) -> VenueError:
        code, status = SAYINGS[answer_as]
        return VenueError(code, "", status)

    def nothing(self, call: Call) -> Answer:
        if call.role == "account":
            return self.done(call, {})
        if call.role == "lookup" and not call.path.endswith("batch"):
            return self.error(VenueError("NOT_FOUND", "order with this orderID was not found", 404), call)
        lists = ("positions", "orders", "fills")
        return Answer({**{key: [] for key in lists}, "cursor": "", "has_next": False})

    # -- the user channel

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """A token for each subscription of an account; the public ones as ever."""
        if frame.get("channel") != "user" and "jwt" not in frame:
            await super().on_frame(socket, frame)
            return
        why = "key revoked" if self.key_revoked else wrong_with(str(frame.get("jwt", "")), self.now_ms() / 1_000)
        if why:
            await socket.send(json.dumps({"type": "error", "message": "authentication failure"}))
            return
        socket.topics.add(frame["channel"])
        if frame["channel"] == "user":
            rows = [bodies.streamed(self, given) for given in self.given if self._is_open(given)]
            event = {"type": "snapshot", "orders": rows, "positions": self._positions()}
            await self._send(socket, self.message("user", [event]))
        await self._send(socket, self._standing(socket))

    def _is_open(self, given: Given) -> bool:
        return bodies.status_of(self, given)[0] in ("OPEN", "PENDING")

    def private_sockets(self) -> list[Socket]:
        return [socket for socket in self.sockets if "user" in socket.topics]

    def _positions(self, symbol: str | None = None) -> dict[str, Any]:
        told = self.core.positions.items() if self.pushes_positions else ()
        rows = [bodies.streamed_position(name, one) for name, one in told if name == symbol or one.qty]
        return {"perpetual_futures_positions": [], "expiring_futures_positions": rows}

    def _emit(self, given: Given) -> None:
        event = {"type": "update", "orders": [bodies.streamed(self, given)], "positions": {}}
        message = {**self.message("user", [event]), "sequence_num": next(self._numbers)}
        self.user_stream.put("user", json.loads(json.dumps(message)))

    def order_changed(self, order: Order, execution: Execution | None) -> None:
        self._emit(self._given_of(order))

    def algo_changed(self, algo: Algo) -> None:
        given = next((one for one in self.given if one.is_stop and one.client_id == algo.client_id), None)
        if given is not None and algo.status is not Status.FINISHED:
            given.algo, given.order_id = algo, given.order_id or str(algo.algo_id)
            self._emit(given)

    def account_changed(self, symbol: str | None, reason: str) -> None:
        if symbol is not None and self.pushes_positions:
            event = {"type": "update", "orders": [], "positions": self._positions(symbol)}
            message = {**self.message("user", [event]), "sequence_num": next(self._numbers)}
            self.user_stream.put("user", json.loads(json.dumps(message)))

    def _given_of(self, order: Order) -> Given:
        """Under which of its ids an order goes: a triggered stop keeps those it was given; others' get theirs here."""
        for given in self.given:
            is_its_stop = given.algo is not None and given.algo.algo_id == order.algo_id
            is_new = given.order is None and not given.is_stop and given.client_id == order.client_id
            if given.order is order or is_its_stop or is_new:
                given.order, given.order_id = order, given.order_id or str(order.order_id)
                return given
        terms = {"base_size": f"{order.qty:f}"}
        kind = bodies.MARKET if order.price is None else bodies.LIMIT
        if order.price is not None:
            terms["limit_price"] = f"{order.price:f}"
        self.given.append(Given(str(order.order_id), order.client_id, kind, terms, order=order))
        return self.given[-1]

    def by_id(self, order_id: str) -> Given | None:
        return next((given for given in self.given if given.order_id == order_id), None)

    def id_of(self, execution: Execution) -> str:
        """The venue's id of the order that it is an execution of."""
        return self._given_of(self.core.orders[execution.order_id]).order_id


class NanoVenue(CoinbaseTradingVenue):
    """With the contracts that the venue has."""

    contracts_listed = NANO


def _many(value: Any) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _page(rows: list[Any], params: Mapping[str, Any]) -> tuple[list[Any], str]:
    first, size = int(params.get("cursor") or 0), int(params.get("limit") or DEFAULT_PAGE)
    return rows[first : first + size], str(first + size) if first + size < len(rows) else ""

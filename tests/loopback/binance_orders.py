"""Binance's order endpoints: plain orders, the algo service, and their histories."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tests.loopback.binance_bodies import algo_body, order_body, trade_body
from tests.loopback.binance_codes import CODES, REFUSALS
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Order, OrderAsked, Position, Reason, Refused, StopAsked
from tests.loopback.trading_venue import VenueError

Params = Mapping[str, Any]
KINDS = {
    "STOP_MARKET": ("stop", True),
    "STOP": ("stop", False),
    "TAKE_PROFIT_MARKET": ("take_profit", True),
    "TAKE_PROFIT": ("take_profit", False),
}
MOST_ID_LENGTH = 36


class BinanceOrders:
    """`handle` answers one call, or None where the path is not one of its."""

    def __init__(self, core: MatchingCore) -> None:
        self._core = core
        self._handlers: dict[tuple[str, str], Callable[[Params], Any]] = {
            ("POST", "/fapi/v1/order"): lambda p: order_body(self._place(p)),
            ("GET", "/fapi/v1/order"): lambda p: order_body(self._find(p)),
            ("GET", "/fapi/v1/openOrder"): self._open_one,
            ("DELETE", "/fapi/v1/order"): self._cancel,
            ("POST", "/fapi/v1/batchOrders"): self._batch,
            ("DELETE", "/fapi/v1/batchOrders"): self._cancel_batch,
            ("GET", "/fapi/v1/openOrders"): lambda p: [order_body(o) for o in core.open_orders(p.get("symbol"))],
            ("GET", "/fapi/v1/allOrders"): self._all_orders,
            ("DELETE", "/fapi/v1/allOpenOrders"): self._cancel_all,
            ("POST", "/fapi/v1/algoOrder"): lambda p: algo_body(self._place_algo(p), core),
            ("GET", "/fapi/v1/algoOrder"): lambda p: algo_body(self._find_algo(p), core),
            ("DELETE", "/fapi/v1/algoOrder"): self._cancel_algo,
            ("GET", "/fapi/v1/openAlgoOrders"): self._open_algos,
            ("GET", "/fapi/v1/allAlgoOrders"): self._all_algos,
            ("DELETE", "/fapi/v1/algoOpenOrders"): self._cancel_algos,
            ("GET", "/fapi/v1/userTrades"): self._trades,
        }

    def handle(self, method: str, path: str, params: Params, positions: Mapping[str, Position]) -> Any:
        handler = self._handlers.get((method, path))
        return handler(params) if handler is not None else None

    # -- plain orders

    def _place(self, params: Params) -> Order:
        if params["type"] not in ("MARKET", "LIMIT"):
            raise _error("-4120")
        client_id = params.get("newClientOrderId", "")
        if len(client_id) > MOST_ID_LENGTH:
            raise _error("-4015")
        price = Decimal(params["price"]) if params["type"] == "LIMIT" else None
        return self._core.place(
            OrderAsked(
                params["symbol"],
                params["side"].lower(),
                params["type"].lower(),
                Decimal(str(params["quantity"])),
                client_id,
                price,
                params.get("timeInForce", "GTC"),
                _true(params.get("reduceOnly")) or self._leaves(params),
            )
        )

    def _leaves(self, params: Params) -> bool:
        """In hedge mode the side says whether an order only reduces."""
        return self._core.leaves(params["side"].lower(), params.get("positionSide", "BOTH").lower())

    def _batch(self, params: Params) -> list[Any]:
        orders = json.loads(params["batchOrders"])
        return [_tried(lambda row: order_body(self._place(row)), order) for order in orders]

    def _cancel_batch(self, params: Params) -> list[Any]:
        """By the ids in either of its lists."""
        lists = {"orderId": "orderidlist", "origClientOrderId": "origclientorderidlist"}
        asked = [{key: one} for key, name in lists.items() for one in json.loads(params.get(name, "[]"))]
        return [_tried(self._cancel, one) for one in asked]

    def _find(self, params: Params) -> Order:
        order_id = int(params["orderId"]) if "orderId" in params else None
        return self._core.find(order_id, params.get("origClientOrderId"))

    def _open_one(self, params: Params) -> Any:
        order = self._find(params)
        if not order.works:
            raise Refused(Reason.UNKNOWN_ORDER)
        return order_body(order)

    def _cancel(self, params: Params) -> Any:
        try:
            order = self._find(params)
            self._core.cancel(order)
        except Refused:
            raise _error("-2011") from None
        return order_body(order)

    def _cancel_all(self, params: Params) -> Any:
        self._core.cancel_all(params["symbol"])
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _all_orders(self, params: Params) -> list[Any]:
        rows = [order for order in self._core.orders.values() if order.symbol == params["symbol"]]
        since_ms, limit = int(params.get("startTime", 0)), int(params.get("limit", 500))
        if "orderId" in params:
            return [order_body(order) for order in rows if order.order_id >= int(params["orderId"])][:limit]
        return [order_body(order) for order in rows if order.created_ms >= since_ms][-limit:]

    def _trades(self, params: Params) -> list[Any]:
        since_ms, order_id, from_id = (
            int(params.get("startTime", 0)),
            params.get("orderId"),
            int(params.get("fromId", 0)),
        )
        found = [
            trade_body(execution)
            for execution in self._core.listed_executions
            if execution.symbol == params["symbol"]
            and execution.ts_ms >= since_ms
            and execution.trade_id >= from_id
            and order_id in (None, str(execution.order_id))
        ]
        return found[: int(params.get("limit", 500))]

    # -- the algo service

    def _place_algo(self, params: Params) -> Algo:
        if params.get("algoType") != "CONDITIONAL" or params["type"] not in KINDS:
            raise _error("-1102")
        kind, at_market = KINDS[params["type"]]
        closes_all = _true(params.get("closePosition"))
        if closes_all and ("quantity" in params or "reduceOnly" in params):
            raise _error("-1102")
        return self._core.algos.place(
            StopAsked(
                params["symbol"],
                params["side"].lower(),
                kind,
                Decimal(params["triggerPrice"]),
                None if closes_all else Decimal(params["quantity"]),
                None if at_market else Decimal(params["price"]),
                params.get("clientAlgoId", ""),
                _true(params.get("reduceOnly")),
                "mark" if params.get("workingType") == "MARK_PRICE" else "last",
            )
        )

    def _find_algo(self, params: Params) -> Algo:
        algo_id = int(params["algoId"]) if "algoId" in params else None
        return self._core.algos.find(algo_id, params.get("clientAlgoId"))

    def _cancel_algo(self, params: Params) -> Any:
        try:
            algo = self._find_algo(params)
            self._core.algos.cancel(algo)
        except Refused:
            raise _error("-2011") from None
        return {"algoId": algo.algo_id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}

    def _open_algos(self, params: Params) -> list[Any]:
        return [algo_body(algo, self._core) for algo in self._core.algos.open(params.get("symbol"))]

    def _all_algos(self, params: Params) -> list[Any]:
        rows = [algo for algo in self._core.algos.all.values() if algo.asked.symbol == params["symbol"]]
        return [algo_body(algo, self._core) for algo in rows]

    def _cancel_algos(self, params: Params) -> Any:
        self._core.algos.cancel_all(params["symbol"])
        return {"code": "200", "msg": "The operation of cancel all open order is done."}


def _tried(act: Callable[[Params], Any], row: Params) -> Any:
    """The row of one order in a batch's answer, whether it was taken or not."""
    try:
        return act(row)
    except Refused as refused:
        return _refused_row(REFUSALS[refused.reason])
    except VenueError as error:
        return _refused_row(error.code)


def _refused_row(code: str) -> dict[str, Any]:
    return {"code": int(code), "msg": CODES[code][0]}


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _error(code: str) -> VenueError:
    return VenueError(code, *CODES[code])

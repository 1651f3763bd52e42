"""Kraken Futures' shapes: what its answers, its history and its private feeds say of orders, stops and positions."""

from decimal import Decimal
from typing import Any

from tests.loopback.exchange_krakenfutures import iso
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Coin, Execution, Order, Status

STATUS = {
    Status.NEW: "ENTERED_BOOK",
    Status.PARTIAL: "ENTERED_BOOK",
    Status.FILLED: "FULLY_EXECUTED",
    Status.CANCELED: "CANCELLED",
    Status.EXPIRED: "CANCELLED",
    Status.REJECTED: "REJECTED",
}
TRIGGERS = {
    Status.NEW: "TRIGGER_PLACED",
    Status.TRIGGERING: "TRIGGER_PLACED",
    Status.CANCELED: "CANCELLED",
    Status.EXPIRED: "CANCELLED",
    Status.REJECTED: "TRIGGER_ACTIVATION_FAILURE",
}
KINDS = (("autoclose-", "liquidation"), ("adl_autoclose", "unwindCounterparty"))
"""How the venue calls executions of its own, by how their client ids begin here."""


def names(order: Order, core: MatchingCore) -> tuple[str, str]:
    """Its id at the venue and ours: a triggered stop keeps those that it was placed with."""
    if order.algo_id is None:
        return str(order.order_id), order.client_id
    return str(order.algo_id), core.algos.all[order.algo_id].client_id


def number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def open_order(order: Order, core: MatchingCore) -> dict[str, Any]:
    """A row of openorders."""
    order_id, client_id = names(order, core)
    return {
        "order_id": order_id,
        "cliOrdId": client_id,
        "symbol": order.symbol,
        "side": order.side,
        "orderType": "lmt" if order.price is not None else "mkt",
        "limitPrice": number(order.price),
        "unfilledSize": float(order.left),
        "filledSize": float(order.filled),
        "receivedTime": iso(order.created_ms),
        "lastUpdateTime": iso(order.updated_ms),
        "status": "partiallyFilled" if order.filled else "untouched",
        "reduceOnly": order.reduce_only,
    }


def open_stop(algo: Algo) -> dict[str, Any]:
    asked = algo.asked
    return {
        "order_id": str(algo.algo_id),
        "cliOrdId": algo.client_id,
        "symbol": asked.symbol,
        "side": asked.side,
        "orderType": "stop",
        "stopPrice": float(asked.trigger),
        "triggerSignal": asked.working,
        "unfilledSize": float(asked.qty or 0),
        "filledSize": 0,
        "receivedTime": iso(algo.created_ms),
        "lastUpdateTime": iso(algo.updated_ms),
        "status": "untouched",
        "reduceOnly": asked.reduce_only,
    }


def order_status(order: Order, core: MatchingCore) -> dict[str, Any]:
    """A row of orders/status."""
    order_id, client_id = names(order, core)
    body = {
        "type": "ORDER",
        "orderId": order_id,
        "cliOrdId": client_id,
        "symbol": order.symbol,
        "side": order.side,
        "quantity": float(order.qty),
        "filled": float(order.filled),
        "limitPrice": number(order.price),
        "reduceOnly": order.reduce_only,
        "timestamp": iso(order.created_ms),
        "lastUpdateTimestamp": iso(order.updated_ms),
    }
    return {"order": body, "status": STATUS[order.status], "updateReason": None, "error": None}


def stop_status(algo: Algo) -> dict[str, Any]:
    asked = algo.asked
    body = {
        "type": "TRIGGER_ORDER",
        "orderId": str(algo.algo_id),
        "cliOrdId": algo.client_id,
        "symbol": asked.symbol,
        "side": asked.side,
        "quantity": float(asked.qty or 0),
        "limitPrice": None,
        "reduceOnly": asked.reduce_only,
        "priceTriggerOptions": {
            "triggerPrice": float(asked.trigger),
            "triggerSide": "TRIGGER_BELOW" if asked.side == "sell" else "TRIGGER_ABOVE",
            "triggerSignal": "MARK_PRICE" if asked.working == "mark" else "LAST_PRICE",
        },
        "timestamp": iso(algo.created_ms),
        "lastUpdateTimestamp": iso(algo.updated_ms),
    }
    error = algo.reason.upper().replace(" ", "_") or None
    return {"order": body, "status": TRIGGERS[algo.status], "updateReason": None, "error": error}


def past_order(order: Order, core: MatchingCore) -> dict[str, Any]:
    """An element of the history of orders: how it stands by the newest word of it."""
    order_id, client_id = names(order, core)
    row = {
        "uid": order_id,
        "accountUid": "406142dd-7c5c-4a8b-acbc-5f16eca30009",
        "tradeable": order.symbol,
        "direction": order.side.capitalize(),
        "quantity": str(order.left),
        "filled": str(order.filled),
        "timestamp": str(order.created_ms),
        "limitPrice": str(order.price or 0),
        "orderType": "Limit" if order.price is not None else "IoC",
        "clientId": client_id,
        "reduceOnly": order.reduce_only,
        "lastUpdateTimestamp": str(order.updated_ms),
    }
    if order.status in (Status.CANCELED, Status.EXPIRED):
        event: dict[str, Any] = {"OrderCancelled": {"order": row, "reason": "cancelled_by_user"}}
    elif order.filled and order.price is not None:
        event = {"OrderUpdated": {"newOrder": row, "oldOrder": row, "reason": "full_fill"}}
    else:
        event = {"OrderPlaced": {"order": row, "reason": "new_user_order", "reducedQuantity": "", "algoId": ""}}
    return {"uid": f"event-{order_id}", "timestamp": order.updated_ms, "event": event}


def past_stop(algo: Algo) -> dict[str, Any]:
    """An element of the history of triggers."""
    asked = algo.asked
    row = {
        "uid": str(algo.algo_id),
        "accountUid": "406142dd-7c5c-4a8b-acbc-5f16eca30009",
        "tradeable": asked.symbol,
        "direction": asked.side.capitalize(),
        "quantity": str(asked.qty or 0),
        "timestamp": str(algo.created_ms),
        "triggerOptions": {"triggerPrice": str(asked.trigger), "triggerSignal": "mark_price"},
        "clientId": algo.client_id,
        "reduceOnly": asked.reduce_only,
        "lastUpdateTimestamp": str(algo.updated_ms),
    }
    name = "OrderTriggerActivated"
    if algo.works:
        name = "OrderTriggerPlaced"
    elif algo.status in (Status.CANCELED, Status.EXPIRED):
        name = "OrderTriggerCancelled"
    return {"uid": f"event-{algo.algo_id}", "timestamp": algo.updated_ms, "event": {name: {"order": row}}}


def kind_of(execution: Execution) -> str:
    """The venue's kind of an execution."""
    own = next((kind for prefix, kind in KINDS if execution.client_id.startswith(prefix)), "")
    return own or ("maker" if execution.maker else "taker")


def fill(execution: Execution, core: MatchingCore) -> dict[str, Any]:
    """A row of fills. It has no fee."""
    order_id, client_id = names(core.orders[execution.order_id], core)
    return {
        "fill_id": str(execution.trade_id),
        "fillTime": iso(execution.ts_ms),
        "order_id": order_id,
        "cliOrdId": client_id,
        "symbol": execution.symbol,
        "side": execution.side,
        "size": float(execution.qty),
        "price": float(execution.price),
        "fillType": kind_of(execution),
    }


def position(symbol: str, core: MatchingCore) -> dict[str, Any]:
    """A row of openpositions; one that is isolated says its leverage."""
    held = core.positions[symbol]
    row: dict[str, Any] = {
        "side": "long" if held.qty > 0 else "short",
        "symbol": symbol,
        "price": float(held.entry),
        "fillTime": iso(held.updated_ms),
        "size": float(abs(held.qty)),
        "unrealizedFunding": 0.0,
        "pnlCurrency": "USD",
    }
    return {**row, "maxFixedLeverage": float(core.leverage[symbol])} if core.isolated[symbol] else row


def coin(paid_in: Coin) -> str:
    """As the account's log writes it."""
    return {"USDT": "usd", "BTC": "xbt"}.get(paid_in.name, paid_in.name.lower())


def log_row(info: str, symbol: str, ts_ms: int, **changes: Any) -> dict[str, Any]:
    """A row of the account's log."""
    empty = dict.fromkeys(("execution", "fee", "funding_rate", "realized_funding", "realized_pnl", "trade_price"))
    return {**empty, "contract": symbol.lower(), "date": iso(ts_ms), "info": info, "margin_account": "flex", **changes}


# -- the private feeds


def feed_order(order: Order, core: MatchingCore) -> dict[str, Any]:
    """`qty` is what is left of it."""
    order_id, client_id = names(order, core)
    return {
        "instrument": order.symbol,
        "time": order.created_ms,
        "last_update_time": order.updated_ms,
        "qty": float(order.left),
        "filled": float(order.filled),
        "limit_price": float(order.price or 0),
        "stop_price": 0.0,
        "type": "limit",
        "order_id": order_id,
        "cli_ord_id": client_id,
        "direction": 0 if order.side == "buy" else 1,
        "reduce_only": order.reduce_only,
    }


def feed_stop(algo: Algo) -> dict[str, Any]:
    asked = algo.asked
    return {
        "instrument": asked.symbol,
        "time": algo.created_ms,
        "last_update_time": algo.updated_ms,
        "qty": float(asked.qty or 0),
        "filled": 0.0,
        "limit_price": 0.0,
        "stop_price": float(asked.trigger),
        "type": "stop",
        "order_id": str(algo.algo_id),
        "cli_ord_id": algo.client_id,
        "direction": 0 if asked.side == "buy" else 1,
        "reduce_only": asked.reduce_only,
        "triggerSignal": asked.working,
    }


def feed_fill(execution: Execution, order: Order, core: MatchingCore) -> dict[str, Any]:
    order_id, client_id = names(order, core)
    return {
        "instrument": execution.symbol,
        "time": execution.ts_ms,
        "price": float(execution.price),
        "seq": execution.trade_id,
        "buy": execution.side == "buy",
        "qty": float(execution.qty),
        "remaining_order_qty": float(order.left),
        "order_id": order_id,
        "cli_ord_id": client_id,
        "fill_id": str(execution.trade_id),
        "fill_type": kind_of(execution),
        "fee_paid": float(execution.fee),
        "fee_currency": coin(execution.paid_in).upper(),
        "taker_order_type": "ioc",
        "order_type": "limit" if order.price is not None else "ioc",
    }


def feed_position(symbol: str, core: MatchingCore) -> dict[str, Any]:
    held = core.positions[symbol]
    mark = float(core.quotes[symbol].mark) if symbol in core.quotes else 0.0
    return {
        "instrument": symbol,
        "balance": float(held.qty),
        "pnl": 0.0,
        "entry_price": float(held.entry),
        "mark_price": mark,
        "index_price": mark,
        "liquidation_threshold": 0.0,
        "effective_leverage": 0.1,
        "return_on_equity": 0.0,
        "unrealized_funding": 0.0,
        "initial_margin": 0.0,
        "maintenance_margin": 0.0,
        "pnl_currency": "USD",
    }

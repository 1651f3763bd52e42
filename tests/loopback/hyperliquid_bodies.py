"""Hyperliquid's shapes: what its answers and its feeds say of orders, stops, executions and positions."""

from decimal import Decimal
from typing import Any

from cockpit.exchanges.base.account import Refused as NoSuchId
from cockpit.exchanges.hyperliquid.cloids import cloid_of
from tests.loopback.exchange_hyperliquid import text
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Execution, Order, Status

STATUS = {
    Status.NEW: "open",
    Status.PARTIAL: "open",
    Status.FILLED: "filled",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "canceled",
    Status.REJECTED: "rejected",
    Status.TRIGGERING: "triggered",
    Status.TRIGGERED: "triggered",
}
LIQUIDATED, DELEVERAGED = "autoclose-", "adl_autoclose"
"""How the client ids of the venue's own orders begin here."""


def names(order: Order, core: MatchingCore) -> tuple[int, str]:
    """Its number and the id it was placed with: a triggered stop keeps both."""
    if order.algo_id is None:
        return order.order_id, order.client_id
    return order.algo_id, core.algos.all[order.algo_id].client_id


def cloid(client_id: str) -> str | None:
    """The core has a cockpit's ids as its tests read them; what has no form of 128 bits was placed without one."""
    try:
        return cloid_of(client_id)
    except NoSuchId:
        return None


def number(value: Decimal | None) -> str:
    return text(float(value or 0))


def side(name: str) -> str:
    return "B" if name == "buy" else "A"


def order_status(status: Status, order: Order) -> str:
    """What the venue itself ended says why."""
    if status is Status.EXPIRED and order.reduce_only:
        return "reduceOnlyCanceled"
    return STATUS[status]


def order_row(order: Order, core: MatchingCore) -> dict[str, Any]:
    """A plain order with its terms; a stop that was triggered keeps its own."""
    oid, client_id = names(order, core)
    algo = None if order.algo_id is None else core.algos.all[order.algo_id]
    if algo is not None:
        left = Decimal(0) if order.status is Status.FILLED else order.left
        return stop_row(algo) | {"sz": number(left)}
    return {
        "coin": order.symbol,
        "side": side(order.side),
        "limitPx": number(order.price),
        "sz": number(order.left),
        "oid": oid,
        "timestamp": order.created_ms,
        "triggerCondition": "N/A",
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": order.reduce_only,
        "orderType": "Limit",
        "origSz": number(order.qty),
        "tif": "Ioc" if order.kind == "market" else "Gtc",
        "cloid": cloid(client_id),
    }


def stop_row(algo: Algo) -> dict[str, Any]:
    asked = algo.asked
    below = asked.side == "sell"
    return {
        "coin": asked.symbol,
        "side": side(asked.side),
        "limitPx": number(asked.trigger * (Decimal("0.9") if below else Decimal("1.1"))),
        "sz": number(asked.qty),
        "oid": algo.algo_id,
        "timestamp": algo.created_ms,
        "triggerCondition": f"Price {'below' if below else 'above'} {asked.trigger}",
        "isTrigger": True,
        "triggerPx": number(asked.trigger),
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": asked.reduce_only,
        "orderType": "Stop Market",
        "origSz": number(asked.qty),
        "tif": None,
        "cloid": cloid(algo.client_id),
    }


def basic(row: dict[str, Any]) -> dict[str, Any]:
    """As the feed says it: without the terms."""
    return {key: row[key] for key in ("coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz", "cloid")}


def fill_row(execution: Execution, core: MatchingCore, user: str) -> dict[str, Any]:
    """An execution; one of a taker crossed."""
    oid, client_id = names(core.orders[execution.order_id], core)
    row: dict[str, Any] = {
        "coin": execution.symbol,
        "px": number(execution.price),
        "sz": number(execution.qty),
        "side": side(execution.side),
        "time": execution.ts_ms,
        "startPosition": "0.0",
        "dir": "Open Long" if execution.side == "buy" else "Close Long",
        "closedPnl": number(execution.pnl_usd),
        "hash": f"0x{execution.trade_id:064x}",
        "oid": oid,
        "crossed": not execution.maker,
        "fee": number(execution.fee),
        "tid": execution.trade_id,
        "feeToken": "USDC" if execution.paid_in.name == "USDT" else execution.paid_in.name,
        "twapId": None,
    }
    if cloid(client_id):
        row["cloid"] = cloid(client_id)
    if execution.client_id.startswith(LIQUIDATED):
        about = {"liquidatedUser": user, "markPx": number(execution.price), "method": "market"}
        row |= {"dir": "Liquidated Isolated Long", "liquidation": about}
    if execution.client_id.startswith(DELEVERAGED):
        row["dir"] = "Auto-Deleveraging"
    return row


def position_row(symbol: str, core: MatchingCore) -> dict[str, Any]:
    held = core.positions[symbol]
    mark = core.quotes[symbol].mark if symbol in core.quotes else Decimal(0)
    kind = "isolated" if core.isolated[symbol] else "cross"
    position = {
        "coin": symbol,
        "szi": number(held.qty),
        "leverage": {"type": kind, "value": core.leverage[symbol]},
        "entryPx": number(held.entry),
        "positionValue": str(abs(held.qty) * mark),
        "unrealizedPnl": number(core.open_pnl_usd(symbol)) if symbol in core.quotes else "0.0",
        "returnOnEquity": "0.0",
        "liquidationPx": None,
        "marginUsed": number(core.margin_usd(symbol)),
        "maxLeverage": 40,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }
    return {"type": "oneWay", "position": position}

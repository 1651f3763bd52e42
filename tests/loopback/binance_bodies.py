"""Binance's USD-M shapes: what its answers and its user stream say of orders, stops, positions and money."""

from decimal import Decimal
from typing import Any

from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Algo, Execution, Order, Position, Status

STATUS = {
    Status.NEW: "NEW",
    Status.PARTIAL: "PARTIALLY_FILLED",
    Status.FILLED: "FILLED",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
    Status.TRIGGERING: "TRIGGERING",
    Status.TRIGGERED: "TRIGGERED",
    Status.FINISHED: "FINISHED",
}
ALGO_TYPES = {
    ("stop", True): "STOP_MARKET",
    ("stop", False): "STOP",
    ("take_profit", True): "TAKE_PROFIT_MARKET",
    ("take_profit", False): "TAKE_PROFIT",
}
"""By kind and whether the order it sends is a market order."""


def text(value: Decimal) -> str:
    """Plain digits."""
    return f"{value.normalize():f}"


def algo_type(algo: Algo) -> str:
    return ALGO_TYPES[algo.asked.kind, algo.asked.price is None]


def order_body(order: Order) -> dict[str, Any]:
    """An order as POST with RESULT, GET and DELETE answer it."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": STATUS[order.status],
        "clientOrderId": order.client_id,
        "price": text(order.price) if order.price is not None else "0",
        "avgPrice": text(order.average),
        "origQty": text(order.qty),
        "executedQty": text(order.filled),
        "cumQty": text(order.filled),
        "cumQuote": text(order.quote_usd),
        "timeInForce": order.tif,
        "type": order.kind.upper(),
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.upper(),
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.kind.upper(),
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def algo_body(algo: Algo, core: MatchingCore) -> dict[str, Any]:
    """A conditional order as algoOrder and openAlgoOrders answer it."""
    asked = algo.asked
    sent = core.orders.get(algo.order_id) if algo.order_id is not None else None
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_id,
        "algoType": "CONDITIONAL",
        "orderType": algo_type(algo),
        "symbol": asked.symbol,
        "side": asked.side.upper(),
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": text(asked.qty) if asked.qty is not None else "0",
        "algoStatus": STATUS[algo.status],
        "actualOrderId": str(algo.order_id or ""),
        "actualPrice": text(sent.average) if sent is not None else "0",
        "triggerPrice": text(asked.trigger),
        "price": text(asked.price) if asked.price is not None else "0",
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE" if asked.working == "mark" else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": algo.closes_all,
        "priceProtect": False,
        "reduceOnly": asked.reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.trigger_ms,
        "goodTillDate": 0,
    }


def trade_body(execution: Execution) -> dict[str, Any]:
    """A row of userTrades."""
    return {
        "symbol": execution.symbol,
        "id": execution.trade_id,
        "orderId": execution.order_id,
        "side": execution.side.upper(),
        "price": text(execution.price),
        "qty": text(execution.qty),
        "realizedPnl": text(execution.pnl_usd),
        "quoteQty": text(execution.qty * execution.price),
        "commission": text(execution.fee),
        "commissionAsset": execution.paid_in.name,
        "time": execution.ts_ms,
        "positionSide": "BOTH",
        "maker": execution.maker,
        "buyer": execution.side == "buy",
    }


def position_body(position: Position, core: MatchingCore, version: int) -> dict[str, Any]:
    """A row of positionRisk; version 2 carries the leverage, version 3 does not."""
    symbol = position.symbol
    mark = core.quote(symbol).mark if symbol in core.quotes else Decimal(0)
    notional = position.qty * mark
    pnl = (mark - position.entry) * position.qty
    leverage, isolated = core.leverage[symbol], core.isolated[symbol]
    margin = abs(notional) / leverage
    body: dict[str, Any] = {
        "symbol": symbol,
        "positionSide": core.position_side(position).upper(),
        "positionAmt": text(position.qty),
        "entryPrice": text(position.entry),
        "breakEvenPrice": text(position.entry),
        "markPrice": text(mark),
        "unRealizedProfit": text(pnl),
        "liquidationPrice": "0",
        "isolatedMargin": text(margin) if isolated else "0",
        "notional": text(notional),
        "marginAsset": "USDT",
        "isolatedWallet": text(margin) if isolated else "0",
        "updateTime": position.updated_ms,
    }
    if version == 2:
        kind = "isolated" if isolated else "cross"
        return {**body, "leverage": str(leverage), "maxNotionalValue": "6000000", "marginType": kind}
    return {
        **body,
        "initialMargin": text(margin),
        "maintMargin": text(abs(notional) * Decimal("0.004")),
        "positionInitialMargin": text(margin),
        "openOrderInitialMargin": "0",
        "adl": 2,
        "bidNotional": "0",
        "askNotional": "0",
    }


def order_update(order: Order, execution: Execution | None, now_ms: int) -> dict[str, Any]:
    """ORDER_TRADE_UPDATE."""
    kind = "TRADE" if execution is not None else STATUS[order.status]
    if execution is not None and order.client_id.startswith("autoclose-"):
        kind = "CALCULATED"
    body: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side.upper(),
        "o": order.kind.upper(),
        "f": order.tif,
        "q": text(order.qty),
        "p": text(order.price) if order.price is not None else "0",
        "ap": text(order.average),
        "sp": "0",
        "x": kind,
        "X": STATUS[order.status],
        "i": order.order_id,
        "l": text(execution.qty) if execution is not None else "0",
        "z": text(order.filled),
        "L": text(execution.price) if execution is not None else "0",
        "T": order.updated_ms,
        "t": execution.trade_id if execution is not None else 0,
        "b": "0",
        "a": "0",
        "m": execution is not None and execution.maker,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.kind.upper(),
        "ps": "BOTH",
        "cp": False,
        "rp": text(execution.pnl_usd) if execution is not None else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    if execution is not None:
        body |= {"n": text(execution.fee), "N": execution.paid_in.name}
    return {"e": "ORDER_TRADE_UPDATE", "E": now_ms, "T": order.updated_ms, "o": body}


def algo_update(algo: Algo, core: MatchingCore, now_ms: int) -> dict[str, Any]:
    """ALGO_UPDATE."""
    asked = algo.asked
    sent = core.orders.get(algo.order_id) if algo.order_id is not None else None
    body = {
        "caid": algo.client_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo_type(algo),
        "s": asked.symbol,
        "S": asked.side.upper(),
        "ps": "BOTH",
        "f": "GTC",
        "q": text(asked.qty) if asked.qty is not None else "0",
        "X": STATUS[algo.status],
        "ai": str(algo.order_id or ""),
        "ap": text(sent.average) if sent is not None else "0.00000",
        "aq": text(sent.filled) if sent is not None else "0.00000",
        "act": sent.kind.upper() if sent is not None else "0",
        "tp": text(asked.trigger),
        "p": text(asked.price) if asked.price is not None else "0",
        "V": "EXPIRE_MAKER",
        "wt": "MARK_PRICE" if asked.working == "mark" else "CONTRACT_PRICE",
        "pm": "NONE",
        "cp": algo.closes_all,
        "pP": False,
        "R": asked.reduce_only,
        "tt": algo.trigger_ms,
        "gtd": 0,
    }
    if algo.reason:
        body["rm"] = algo.reason
    return {"e": "ALGO_UPDATE", "T": algo.updated_ms, "E": now_ms, "o": body}


def account_update(core: MatchingCore, symbol: str | None, reason: str, now_ms: int) -> dict[str, Any]:
    """ACCOUNT_UPDATE; `symbol` None = money only."""
    wallet = text(core.wallet_usd)
    positions = []
    if symbol is not None:
        position = core.positions[symbol]
        row = position_body(position, core, 3)
        positions.append(
            {
                "s": symbol,
                "pa": row["positionAmt"],
                "ep": row["entryPrice"],
                "bep": row["breakEvenPrice"],
                "cr": text(position.realised_usd),
                "up": row["unRealizedProfit"],
                "mt": "isolated" if core.isolated[symbol] else "cross",
                "iw": row["isolatedWallet"],
                "ps": "BOTH",
            }
        )
    body = {"m": reason, "B": [{"a": "USDT", "wb": wallet, "cw": wallet, "bc": "0"}], "P": positions}
    return {"e": "ACCOUNT_UPDATE", "E": now_ms, "T": now_ms, "a": body}

"""OKX's shapes: what its answers and its private channels say of orders, stops, fills, positions and money."""

from decimal import Decimal
from typing import Any

from tests.loopback.binance_bodies import text
from tests.loopback.matching_core import MAKER, TAKER, MatchingCore
from tests.loopback.matching_terms import Algo, Execution, Order, Position, Status

ORDER_STATES = {
    Status.NEW: "live",
    Status.PARTIAL: "partially_filled",
    Status.FILLED: "filled",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "canceled",
    Status.REJECTED: "canceled",
}
ALGO_STATES = {
    Status.NEW: "live",
    Status.TRIGGERING: "live",
    Status.TRIGGERED: "effective",
    Status.FINISHED: "effective",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "canceled",
    Status.REJECTED: "order_failed",
}
ORD_TYPES = {"GTX": "post_only", "IOC": "ioc", "FOK": "fok"}


def _category(order: Order) -> str:
    if order.owner != "venue":
        return "normal"
    return "full_liquidation" if order.client_id.startswith("autoclose-") else "adl"


OTHER_MODE = "@other-mode"
"""A swap is held in two margin modes at once: the matching engine keeps the other one under this name."""


def listed(symbol: str) -> str:
    """The venue's name of what is traded, whatever its margin mode."""
    return symbol.removesuffix(OTHER_MODE)


def mode_of(symbol: str, core: MatchingCore) -> str:
    """The margin mode of what the matching engine keeps under that name."""
    is_isolated = core.isolated.get(listed(symbol), False) != symbol.endswith(OTHER_MODE)
    return "isolated" if is_isolated else "cross"


def keyed(symbol: str, mode: str | None, core: MatchingCore) -> str:
    """The matching engine's name for a swap in that margin mode."""
    return symbol if mode in (None, "", mode_of(symbol, core)) else f"{symbol}{OTHER_MODE}"


def _client_id(order: Order) -> str:
    return "" if order.owner == "venue" else order.client_id


def order_body(order: Order, core: MatchingCore, execution: Execution | None = None) -> dict[str, Any]:
    """An order; with the fill that changed it, where one did."""
    unit = core.rules[order.symbol].unit
    fills = {"fillPx": "", "fillSz": "0", "tradeId": "", "fillTime": "", "execType": "", "fillPnl": "0", "fillFee": "0"}
    if execution is not None:
        fills = {
            "fillPx": text(execution.price),
            "fillSz": text(execution.qty),
            "tradeId": str(execution.trade_id),
            "fillTime": str(execution.ts_ms),
            "execType": "M" if execution.maker else "T",
            "fillPnl": text(execution.pnl_usd),
            "fillFee": text(-execution.fee),
            "fillFeeCcy": execution.paid_in.name,
        }
    return {
        "instType": "SWAP",
        "instId": listed(order.symbol),
        "ccy": "",
        "tgtCcy": "",
        "ordId": str(order.order_id),
        "clOrdId": _client_id(order),
        "algoId": str(order.algo_id or ""),
        "algoClOrdId": core.algos.all[order.algo_id].client_id if order.algo_id else "",
        "tag": order.tag,
        "px": text(order.price) if order.price is not None else "",
        "sz": text(order.qty),
        "notionalUsd": text(order.qty * unit * (order.price or order.average)),
        "ordType": "market" if order.kind == "market" else ORD_TYPES.get(order.tif, "limit"),
        "side": order.side,
        "posSide": "net",
        "tdMode": mode_of(order.symbol, core),
        "accFillSz": text(order.filled),
        "avgPx": text(order.average) if order.filled else "",
        "state": ORDER_STATES[order.status],
        "lever": str(core.leverage[order.symbol]),
        "fee": text(-order.fee_usd),
        "feeCcy": "USDT",
        "rebate": "0",
        "rebateCcy": "USDT",
        "pnl": text(order.pnl_usd),
        "source": "7" if order.algo_id else "",
        "category": _category(order),
        "reduceOnly": "true" if order.reduce_only else "false",
        "cancelSource": {"post only": "31"}.get(order.reason, "1") if order.status is Status.CANCELED else "",
        "attachAlgoOrds": [],
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
        "reqId": "",
        "amendResult": "",
        "code": "0",
        "msg": "",
        **fills,
    }


def algo_body(algo: Algo, core: MatchingCore) -> dict[str, Any]:
    """A conditional order."""
    asked = algo.asked
    sent = core.orders.get(algo.order_id) if algo.order_id is not None else None
    price = text(asked.price) if asked.price is not None else "-1"
    stop, profit = asked.kind == "stop", asked.kind == "take_profit"
    return {
        "instType": "SWAP",
        "instId": listed(asked.symbol),
        "algoId": str(algo.algo_id),
        "algoClOrdId": algo.client_id if asked.client_id else "",
        "clOrdId": "",
        "ordId": str(algo.order_id or ""),
        "ordIdList": [str(algo.order_id)] if algo.order_id else [],
        "ordType": "conditional",
        "side": asked.side,
        "posSide": "net",
        "tdMode": mode_of(asked.symbol, core),
        "sz": text(asked.qty) if asked.qty is not None else "",
        "closeFraction": "1" if algo.closes_all else "",
        "state": ALGO_STATES[algo.status],
        "slTriggerPx": text(asked.trigger) if stop else "",
        "slOrdPx": price if stop else "",
        "slTriggerPxType": asked.working if stop else "",
        "tpTriggerPx": text(asked.trigger) if profit else "",
        "tpOrdPx": price if profit else "",
        "tpTriggerPxType": asked.working if profit else "",
        "reduceOnly": "true" if algo.reduces else "false",
        "actualSz": text(sent.filled) if sent is not None else "",
        "actualPx": text(sent.average) if sent is not None else "",
        "actualSide": ("sl" if stop else "tp") if sent is not None else "",
        "triggerTime": str(algo.trigger_ms or ""),
        "lever": str(core.leverage[asked.symbol]),
        "failCode": "51169" if algo.status is Status.REJECTED else "0",
        "last": "",
        "tag": "",
        "cTime": str(algo.created_ms),
        "uTime": str(algo.updated_ms),
    }


def fill_body(execution: Execution) -> dict[str, Any]:
    """A row of fills."""
    return {
        "instType": "SWAP",
        "instId": listed(execution.symbol),
        "tradeId": str(execution.trade_id),
        "ordId": str(execution.order_id),
        "clOrdId": execution.client_id,
        "billId": str(execution.trade_id),
        "tag": "",
        "fillPx": text(execution.price),
        "fillSz": text(execution.qty),
        "fillPnl": text(execution.pnl_usd),
        "side": execution.side,
        "posSide": "net",
        "execType": "M" if execution.maker else "T",
        "feeCcy": execution.paid_in.name,
        "fee": text(-execution.fee),
        "ts": str(execution.ts_ms),
        "fillTime": str(execution.ts_ms),
    }


def position_body(position: Position, core: MatchingCore) -> dict[str, Any]:
    """A position, in contracts, signed."""
    symbol = position.symbol
    unit, leverage = core.rules[symbol].unit, core.leverage[symbol]
    mark = core.quotes[symbol].mark if symbol in core.quotes else Decimal(0)
    notional = abs(position.qty) * unit * mark
    pnl = (mark - position.entry) * position.qty * unit
    is_open = position.qty != 0
    margin = notional / leverage
    return {
        "instType": "SWAP",
        "instId": listed(symbol),
        "mgnMode": mode_of(symbol, core),
        "posId": str(1_000_000 + list(core.rules).index(symbol)),
        "posSide": "net" if not core.hedge_mode else core.position_side(position),
        "pos": text(abs(position.qty) if core.hedge_mode else position.qty),
        "availPos": text(abs(position.qty)) if is_open else "",
        "avgPx": text(position.entry) if is_open else "",
        "upl": text(pnl) if is_open else "",
        "uplRatio": text(pnl / margin) if is_open and margin else "",
        "lever": str(leverage) if is_open else "",
        "liqPx": "",
        "markPx": text(mark),
        "imr": text(margin) if is_open else "",
        "margin": text(margin) if mode_of(symbol, core) == "isolated" and is_open else "",
        "mgnRatio": "",
        "mmr": text(notional * Decimal("0.004")) if is_open else "",
        "notionalUsd": text(notional) if is_open else "",
        "realizedPnl": text(position.realised_usd),
        "adl": "1",
        "ccy": "USDT",
        "last": text(core.quotes[symbol].last) if symbol in core.quotes else "",
        "tradeId": "",
        "cTime": str(position.updated_ms),
        "uTime": str(position.updated_ms),
    }


def balance_body(core: MatchingCore, now_ms: int) -> dict[str, Any]:
    """The account's money."""
    equity, free = text(core.wallet_usd + core.total_open_pnl_usd), text(core.free_usd)
    detail = {
        "ccy": "USDT",
        "eq": equity,
        "eqUsd": equity,
        "cashBal": text(core.wallet_usd),
        "availEq": free,
        "availBal": free,
        "frozenBal": text(sum((core.margin_usd(symbol) for symbol in core.rules), Decimal(0))),
        "upl": text(core.total_open_pnl_usd),
        "imr": text(_margin_usd(core, "cross")),
        "isoEq": text(_margin_usd(core, "isolated")),
        "uTime": str(now_ms),
    }
    return {"totalEq": equity, "adjEq": equity, "imr": "", "mmr": "", "uTime": str(now_ms), "details": [detail]}


def _margin_usd(core: MatchingCore, mode: str) -> Decimal:
    """What positions in that margin mode tie up."""
    tied = (core.margin_usd(symbol) for symbol in core.rules if mode_of(symbol, core) == mode)
    return sum(tied, Decimal(0))


def fee_body(style: str = "old") -> dict[str, Any]:
    """Rates as OKX writes them: what is paid is negative."""
    maker, taker = text(-MAKER), text(-TAKER)
    if style == "new":
        return {"instType": "SWAP", "feeGroup": [{"groupId": "1", "maker": maker, "taker": taker}], "level": "Lv1"}
    return {"instType": "SWAP", "maker": maker, "makerU": maker, "taker": taker, "takerU": taker, "level": "Lv1"}

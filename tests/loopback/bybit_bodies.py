"""Bybit's shapes: what its answers and its private topics say of orders, stops, executions, positions and money."""

from decimal import Decimal
from typing import Any

from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import ZERO, Algo, Execution, Income, Order, Status

STATUS = {
    Status.NEW: "New",
    Status.PARTIAL: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.CANCELED: "Cancelled",
    Status.EXPIRED: "Cancelled",
    Status.REJECTED: "Rejected",
}
STOPS = {
    Status.NEW: "Untriggered",
    Status.TRIGGERING: "Triggered",
    Status.CANCELED: "Deactivated",
    Status.EXPIRED: "Deactivated",
    Status.REJECTED: "Rejected",
}
ORIGINS = (("autoclose-", "CreateByLiq", "Trade"), ("adl_autoclose", "CreateByAdl_PassThrough", "AdlTrade"))
"""What created orders of the venue's own, and the kind of their executions, by how their client ids begin here."""
INDEX = {"both": 0, "long": 1, "short": 2}


def text(value: Decimal | None) -> str:
    """A number as it writes them; nothing where there is none."""
    return "" if value is None else f"{value.normalize():f}"


def names(order: Order, core: MatchingCore) -> tuple[str, str]:
    """Its id at the venue and ours: a triggered stop keeps those that it was placed with."""
    if order.algo_id is None:
        return str(order.order_id), _link(order)
    algo = core.algos.all[order.algo_id]
    return str(algo.algo_id), algo.client_id


def _link(order: Order) -> str:
    return "" if order.owner == "venue" else order.client_id


def _origin(client_id: str) -> tuple[str, str]:
    found = ((origin, kind) for prefix, origin, kind in ORIGINS if client_id.startswith(prefix))
    return next(found, ("CreateByUser", "Trade"))


def order(order: Order, core: MatchingCore) -> dict[str, Any]:
    """A row of order/realtime, order/history and the order topic."""
    order_id, link_id = names(order, core)
    algo = None if order.algo_id is None else core.algos.all[order.algo_id]
    is_ended = order.status in (Status.CANCELED, Status.EXPIRED)
    row = _row(
        order_id, link_id, order.symbol, order.side, order.qty, order.reduce_only, (order.created_ms, order.updated_ms)
    )
    return row | {
        "category": "linear",
        "price": text(order.price) or "0",
        "orderType": "Market" if order.price is None else "Limit",
        "timeInForce": {"GTX": "PostOnly"}.get(order.tif, "IOC" if order.price is None else order.tif),
        "orderStatus": STATUS[order.status],
        "cancelType": "CancelByUser" if is_ended else "UNKNOWN",
        "rejectReason": "EC_PostOnlyWillTakeLiquidity" if order.reason == "post only" else "EC_NoError",
        "avgPrice": text(order.average) if order.filled else "",
        "leavesQty": "0" if is_ended else text(order.left),
        "cumExecQty": text(order.filled),
        "cumExecValue": text(order.quote_usd),
        "cumExecFee": text(order.fee_usd),
        "stopOrderType": "" if algo is None else "Stop",
        "triggerPrice": "" if algo is None else text(algo.asked.trigger),
        "triggerBy": "" if algo is None else "MarkPrice",
        "closeOnTrigger": algo is not None and algo.asked.reduce_only,
        "createType": _origin(order.client_id)[0],
    }


def stop(algo: Algo) -> dict[str, Any]:
    """The same of a stop that waits, or was taken off while it did."""
    asked = algo.asked
    row = _row(
        str(algo.algo_id),
        algo.client_id,
        asked.symbol,
        asked.side,
        asked.qty or ZERO,
        asked.reduce_only,
        (algo.created_ms, algo.updated_ms),
    )
    return row | {
        "category": "linear",
        "price": "0",
        "orderType": "Market",
        "timeInForce": "IOC",
        "orderStatus": STOPS.get(algo.status, "Triggered"),
        "cancelType": "CancelByUser" if algo.status is Status.CANCELED else "UNKNOWN",
        "rejectReason": (algo.reason.replace(" ", "") and f"EC_{algo.reason.replace(' ', '')}") or "EC_NoError",
        "avgPrice": "",
        "leavesQty": text(asked.qty),
        "cumExecQty": "0",
        "cumExecValue": "0",
        "cumExecFee": "0",
        "stopOrderType": "Stop",
        "triggerPrice": text(asked.trigger),
        "triggerDirection": 2 if asked.side == "sell" else 1,
        "triggerBy": "MarkPrice" if asked.working == "mark" else "LastPrice",
        "closeOnTrigger": asked.reduce_only,
        "createType": "CreateByUser",
    }


def _row(
    order_id: str,
    link_id: str,
    symbol: str,
    side: str,
    qty: Decimal,
    reduce_only: bool,
    at_ms: tuple[int, int],
) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "orderId": order_id,
        "orderLinkId": link_id,
        "side": side.capitalize(),
        "qty": text(qty),
        "reduceOnly": reduce_only,
        "positionIdx": 0,
        "isLeverage": "",
        "orderIv": "",
        "blockTradeId": "",
        "triggerDirection": 0,
        "tpslMode": "UNKNOWN",
        "takeProfit": "",
        "stopLoss": "",
        "placeType": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(at_ms[0]),
        "updatedTime": str(at_ms[1]),
    }


def execution(one: Execution, core: MatchingCore) -> dict[str, Any]:
    """A row of execution/list and the execution topic; how much was left of its order after it."""
    of = core.orders[one.order_id]
    order_id, link_id = names(of, core)
    origin, kind = _origin(one.client_id)
    earlier = sum((each.qty for each in core.executions if each.order_id == one.order_id and each is not one
                   and each.trade_id < one.trade_id), ZERO)  # fmt: skip
    return {
        "category": "linear",
        "symbol": one.symbol,
        "orderId": order_id,
        "orderLinkId": link_id,
        "side": one.side.capitalize(),
        "orderPrice": text(of.price) or "0",
        "orderQty": text(of.qty),
        "leavesQty": text(of.qty - earlier - one.qty),
        "createType": origin,
        "orderType": "Market" if of.price is None else "Limit",
        "stopOrderType": "UNKNOWN" if of.algo_id is None else "Stop",
        "execFee": text(one.fee),
        "execId": f"e0cbe81d-0f18-5866-9415-{one.trade_id:012d}",
        "execPrice": text(one.price),
        "execQty": text(one.qty),
        "execType": kind,
        "execValue": text(one.price * one.qty),
        "execTime": str(one.ts_ms),
        "feeCurrency": "" if one.paid_in.name == "USDT" else one.paid_in.name,
        "isMaker": one.maker,
        "feeRate": "0.00055",
        "tradeIv": "",
        "markIv": "",
        "markPrice": text(one.price),
        "indexPrice": text(one.price),
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "0",
        "seq": 4_688_002_127 + one.trade_id,
    }


def funding_execution(one: Income) -> dict[str, Any]:
    """A payment of funding, which the venue lists among the executions."""
    return {
        "category": "linear",
        "symbol": one.symbol,
        "orderId": f"{one.ts_ms // 1_000}-8-592324-1-2",
        "orderLinkId": "",
        "side": "Buy",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "createType": "",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "execFee": text(-one.amount),
        "execId": f"f00dfeed-0f18-5866-9415-{one.ts_ms % 10**12:012d}",
        "execPrice": "100000",
        "execQty": "0.002",
        "execType": "Funding",
        "execValue": "200",
        "execTime": str(one.ts_ms),
        "feeCurrency": "",
        "isMaker": False,
        "feeRate": "0.0001",
        "seq": 4_688_002_127,
    }


def position(symbol: str, core: MatchingCore, index: int | None = None) -> dict[str, Any]:
    """A row of position/list and the position topic, which says `entryPrice` for `avgPrice`; flat ones have no side."""
    held = core.positions[symbol]
    mine = INDEX[core.position_side(held)] if held.qty else 0
    qty = held.qty if index in (None, mine) else ZERO
    mark = core.quotes[symbol].mark if symbol in core.quotes else ZERO
    return {
        "positionIdx": mine if index is None else index,
        "riskId": 1,
        "riskLimitValue": "150",
        "symbol": symbol,
        "side": "" if qty == 0 else "Buy" if qty > 0 else "Sell",
        "size": text(abs(qty)),
        "avgPrice": text(held.entry) if qty else "0",
        "entryPrice": text(held.entry) if qty else "0",
        "positionValue": text(abs(qty) * held.entry) if qty else "",
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 2,
        "leverage": str(core.leverage[symbol]),
        "positionBalance": "0",
        "markPrice": text(mark),
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": "0",
        "positionIM": text(abs(qty) * held.entry / core.leverage[symbol]) if qty else "0",
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": text(core.open_pnl_usd(symbol)) if qty else "",
        "curRealisedPnl": "0",
        "cumRealisedPnl": text(held.realised_usd),
        "seq": 5_723_621_632,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": "1676538056258",
        "updatedTime": str(held.updated_ms),
    }


def wallet(core: MatchingCore) -> dict[str, Any]:
    """The account: its totals are empty where the margin is isolated."""
    tied = sum((core.margin_usd(symbol) for symbol in core.rules), ZERO)
    equity = core.wallet_usd + core.total_open_pnl_usd
    is_isolated = any(core.isolated.values())
    coin = {
        "coin": "USDT",
        "equity": text(equity),
        "usdValue": text(equity),
        "walletBalance": text(core.wallet_usd),
        "locked": "0",
        "spotHedgingQty": "0",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "totalOrderIM": "0",
        "totalPositionIM": text(tied),
        "totalPositionMM": "0",
        "unrealisedPnl": text(core.total_open_pnl_usd),
        "cumRealisedPnl": "0",
        "bonus": "0",
        "marginCollateral": True,
        "collateralSwitch": True,
        "availableToWithdraw": "",
    }
    return {
        "accountType": "UNIFIED",
        "accountIMRate": "" if is_isolated else "0.01",
        "accountMMRate": "" if is_isolated else "0.01",
        "totalEquity": text(equity),
        "totalWalletBalance": text(core.wallet_usd),
        "totalMarginBalance": "" if is_isolated else text(equity),
        "totalAvailableBalance": "" if is_isolated else text(core.free_usd),
        "totalPerpUPL": text(core.total_open_pnl_usd),
        "totalInitialMargin": "" if is_isolated else text(tied),
        "totalMaintenanceMargin": "" if is_isolated else "0",
        "coin": [coin],
    }


def settlement(one: Income, number: int) -> dict[str, Any]:
    """A row of the transaction log: funding > 0 was received."""
    return {
        "id": f"592324_{one.symbol}_{number}",
        "symbol": one.symbol,
        "category": "linear",
        "side": "Buy",
        "transactionTime": str(one.ts_ms),
        "type": "SETTLEMENT",
        "transSubType": "",
        "qty": "0.002",
        "size": "0.002",
        "currency": one.paid_in.name,
        "tradePrice": "100000",
        "funding": text(one.amount),
        "fee": "0",
        "cashFlow": "0",
        "change": text(one.amount),
        "cashBalance": "1660",
        "feeRate": "0.0001",
        "bonusChange": "",
        "tradeId": "b7a0bb40-7d2a-5ea0-a0a1-4b14e4eb2bb3",
        "orderId": f"{one.ts_ms // 1_000}-8-592324-1-2",
        "orderLinkId": "",
        "extraFees": "",
    }


def rights() -> dict[str, Any]:
    """What query-api says of a key that may trade perpetuals from one address."""
    none = ("Spot", "Options", "CopyTrading", "BlockTrade", "NFT", "Affiliate", "Earn", "FiatP2P", "FiatBybitPay")
    return {
        "id": "13770661",
        "note": "loopback",
        "apiKey": "XXXXXX",
        "readOnly": 0,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"],
            "Derivatives": ["DerivativesTrade"],
            "Exchange": ["ExchangeHistory"],
            "Wallet": [],
            **{name: [] for name in none},
        },
        "ips": ["18.181.170.164"],
        "type": 1,
        "deadlineDay": 83,
        "expiredAt": "2027-05-15T03:21:05Z",
        "createdAt": "2026-10-16T02:24:40Z",
        "unified": 0,
        "uta": 1,
        "userID": 24617703,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }

"""Binance USD-M rows: orders, algo orders, positions, trades, the bill; and the user stream's events.

Sources. Orders: "New Order"/"Query Order" examples as quoted in ccxt 4.5.90 (async_support/binance.py, parse_order).
Algo orders: binance-connector-python (2026-08), test_trade_api.py, New/Query Algo Order. Positions v3, account v3,
trades, income: the same connector's response models. Events: "Event: Order Update", "Event: Algo Order Update",
"Event: Balance and Position Update", ccxt 4.5.90 pro/binance.py; a real ALGO_UPDATE is quoted in nautilus_trader
issue 3287, and there the triggered order carries the algo order's client id. positionRisk v3 lists open positions
only (venue notes 8.4).
"""

from decimal import Decimal
from typing import Any

from tests.loopback_second.amounts import ZERO, padded, text
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.records import BillRow, Fill, Key, Order, Position, Trigger

ALGO_ORDER_TYPE = {True: "MARKET", False: "LIMIT"}
INCOME = {"funding": "FUNDING_FEE", "trade": "REALIZED_PNL", "transfer": "TRANSFER", "fee": "COMMISSION"}
REJECTION = {"REDUCE_ONLY": "Reduce Only reject", "NO_MARGIN": "Margin is insufficient."}


def order_type(order: Order) -> str:
    return order.kind


def order_row(order: Order, lot: Decimal, tick: Decimal) -> dict[str, Any]:
    return {
        "orderId": order.id,
        "symbol": order.instrument,
        "status": order.state,
        "clientOrderId": order.client_id,
        "price": padded(order.price, tick) if order.price else "0",
        "avgPrice": f"{order.average:.5f}",
        "origQty": padded(order.qty, lot),
        "executedQty": padded(order.filled, lot),
        "cumQty": padded(order.filled, lot),
        "cumQuote": text(order.cost),
        "timeInForce": order.tif,
        "type": order_type(order),
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_all,
        "side": order.side,
        "positionSide": order.pos_side,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def algo_row(trigger: Trigger, with_outcome: bool) -> dict[str, Any]:
    price = trigger.stop_px if trigger.stop_px is not None else trigger.target_px
    row: dict[str, Any] = {
        "algoId": trigger.id,
        "clientAlgoId": trigger.client_id,
        "algoType": "CONDITIONAL",
        "orderType": trigger.kind,
        "symbol": trigger.instrument,
        "side": trigger.side,
        "positionSide": trigger.pos_side,
        "timeInForce": "GTE_GTC" if trigger.close_all else "GTC",
        "quantity": text(trigger.qty),
        "algoStatus": trigger.state,
        "triggerPrice": text(price or ZERO),
        "price": text(trigger.order_px or ZERO),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE" if trigger.watches == "mark" else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": trigger.close_all,
        "priceProtect": False,
        "reduceOnly": trigger.reduce_only,
        "createTime": trigger.created_ms,
        "updateTime": trigger.updated_ms,
        "triggerTime": trigger.triggered_ms,
        "goodTillDate": 0,
    }
    if with_outcome:
        order = trigger.order
        row |= {
            "actualOrderId": "" if order is None else str(order.id),
            "actualPrice": "0.00000" if order is None else f"{order.average:.5f}",
            "tpTriggerPrice": "0.000",
            "tpPrice": "0.000",
            "slTriggerPrice": "0.000",
            "slPrice": "0.000",
            "tpOrderType": "",
        }
        if order is not None:
            row |= {"actualType": order.kind, "actualQty": text(order.filled)}
    return row


def position_row(position: Position, ledger: Ledger, version: int = 3) -> dict[str, Any]:
    book = ledger.market.books[position.key.instrument]
    is_isolated = position.key.mode == "isolated"
    margin = ledger.margin(position)
    upnl = ledger.unrealised(position)
    notional = position.qty * book.mark
    row: dict[str, Any] = {
        "symbol": position.key.instrument,
        "positionSide": position.key.side,
        "positionAmt": padded(position.qty, book.instrument.lot),
        "entryPrice": text(position.entry),
        "breakEvenPrice": text(position.entry),
        "markPrice": f"{book.mark:.8f}",
        "unRealizedProfit": f"{upnl:.8f}",
        "liquidationPrice": text(ledger.liquidation_price(position).quantize(Decimal("0.00000001"))),
        "isolatedMargin": f"{margin + upnl:.8f}" if is_isolated else "0",
        "notional": f"{notional:.8f}",
        "marginAsset": "USDT",
        "isolatedWallet": f"{margin:.8f}" if is_isolated else "0",
        "initialMargin": f"{abs(notional) / position.leverage:.8f}",
        "maintMargin": f"{ledger.maintenance(position):.8f}",
        "positionInitialMargin": f"{abs(notional) / position.leverage:.8f}",
        "openOrderInitialMargin": "0",
        "adl": 2,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": position.changed_ms,
    }
    if version == 2:
        row |= {
            "leverage": str(position.leverage),
            "maxNotionalValue": "6000000",
            "marginType": position.key.mode,
            "isAutoAddMargin": "false",
            "isolated": is_isolated,
            "adlQuantile": 2,
        }
    return row


def trade_row(fill: Fill) -> dict[str, Any]:
    return {
        "symbol": fill.instrument,
        "id": fill.id,
        "orderId": fill.order.id,
        "side": fill.side,
        "price": text(fill.price),
        "qty": text(fill.qty),
        "realizedPnl": f"{fill.realised:.8f}",
        "quoteQty": text(fill.qty * fill.price),
        "commission": f"{fill.fee:.8f}",
        "commissionAsset": "USDT",
        "time": fill.at_ms,
        "positionSide": fill.key.side,
        "buyer": fill.side == "BUY",
        "maker": fill.is_maker,
    }


def income_rows(row: BillRow) -> list[dict[str, Any]]:
    """A trade gives a commission and, where something was closed, realised profit."""
    if row.kind != "trade" or row.fill is None:
        return [_income(row, INCOME.get(row.kind, row.kind.upper()), row.amount, "")]
    found = [_income(row, "COMMISSION", -row.fill.fee, str(row.fill.id))]
    if row.fill.realised:
        found.append(_income(row, "REALIZED_PNL", row.fill.realised, str(row.fill.id)))
    return found


def _income(row: BillRow, kind: str, amount: Decimal, trade: str) -> dict[str, Any]:
    return {
        "symbol": row.instrument,
        "incomeType": kind,
        "income": f"{amount:.8f}",
        "asset": "USDT",
        "info": trade or kind,
        "time": row.at_ms,
        "tranId": row.id,
        "tradeId": trade,
    }


# The user stream


def order_event(order: Order, execution: str, fill: Fill | None, now_ms: int) -> dict[str, Any]:
    is_forced = order.source in ("liquidation", "adl")
    body: dict[str, Any] = {
        "s": order.instrument,
        "c": order.client_id,
        "S": order.side,
        "o": "LIMIT" if is_forced else order.kind,
        "f": "IOC" if is_forced else order.tif,
        "q": text(order.qty),
        "p": text(order.price),
        "ap": text(order.average),
        "sp": "0",
        "x": execution,
        "X": order.state,
        "i": order.id,
        "l": text(fill.qty) if fill else "0",
        "z": text(order.filled),
        "L": text(fill.price) if fill else "0",
        "n": text(fill.fee) if fill else "0",
        "N": "USDT",
        "T": fill.at_ms if fill else order.updated_ms,
        "t": fill.id if fill else 0,
        "b": "0",
        "a": "0",
        "m": bool(fill and fill.is_maker),
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.kind,
        "ps": order.pos_side,
        "cp": order.close_all,
        "rp": text(fill.realised) if fill else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    return {"e": "ORDER_TRADE_UPDATE", "T": now_ms, "E": now_ms, "o": body}


def lite_event(fill: Fill, now_ms: int) -> dict[str, Any]:
    return {
        "e": "TRADE_LITE",
        "E": now_ms,
        "T": fill.at_ms,
        "s": fill.instrument,
        "q": text(fill.order.qty),
        "p": text(fill.order.price),
        "m": fill.is_maker,
        "c": fill.order.client_id,
        "S": fill.side,
        "L": text(fill.price),
        "l": text(fill.qty),
        "t": fill.id,
        "i": fill.order.id,
    }


def algo_event(trigger: Trigger, now_ms: int) -> dict[str, Any]:
    order = trigger.order
    price = trigger.stop_px if trigger.stop_px is not None else trigger.target_px
    body = {
        "caid": trigger.client_id,
        "aid": trigger.id,
        "at": "CONDITIONAL",
        "o": trigger.kind,
        "s": trigger.instrument,
        "S": trigger.side,
        "ps": trigger.pos_side,
        "f": "GTE_GTC" if trigger.close_all else "GTC",
        "q": text(trigger.qty),
        "X": trigger.state,
        "ai": "" if order is None else str(order.id),
        "ap": "0" if order is None else text(order.average),
        "aq": "0" if order is None else text(order.filled),
        "act": "0" if order is None else order.kind,
        "tp": text(price or ZERO),
        "p": text(trigger.order_px or ZERO),
        "V": "EXPIRE_MAKER",
        "wt": "MARK_PRICE" if trigger.watches == "mark" else "CONTRACT_PRICE",
        "pm": "NONE",
        "cp": trigger.close_all,
        "pP": False,
        "R": trigger.reduce_only,
        "tt": trigger.triggered_ms,
        "gtd": 0,
    }
    if trigger.fail_reason:
        body["rm"] = REJECTION.get(trigger.fail_reason, trigger.fail_reason)
    return {"e": "ALGO_UPDATE", "T": now_ms, "E": now_ms, "o": body}


def account_event(reason: str, keys: tuple[Key, ...], ledger: Ledger, now_ms: int) -> dict[str, Any]:
    cross = ledger.wallet - ledger.isolated_margin()
    positions = []
    for key in keys:
        held = ledger.position(key)
        is_isolated = key.mode == "isolated"
        positions.append(
            {
                "s": key.instrument,
                "pa": text(held.qty),
                "ep": text(held.entry),
                "bep": text(held.entry),
                "cr": text(held.realised),
                "up": text(ledger.unrealised(held)) if held.qty else "0",
                "mt": key.mode,
                "iw": text(ledger.margin(held)) if is_isolated and held.qty else "0",
                "ps": key.side,
                "ma": "USDT",
            }
        )
    balance = {"a": "USDT", "wb": f"{ledger.wallet:.8f}", "cw": f"{cross:.8f}", "bc": "0"}
    return {"e": "ACCOUNT_UPDATE", "T": now_ms, "E": now_ms, "a": {"m": reason, "B": [balance], "P": positions}}

"""OKX rows: orders, algo orders, positions, fills, bills, balances; REST and WebSocket share their shapes.

Sources: examples quoted in ccxt 4.5.90 (parse_order, parse_position, handle_positions, fetch_ledger), fixtures of
nautilus_trader's okx adapter (test_data: ws_orders, ws_orders_algo, ws_orders_liquidation, http_get_account_balance).
All numbers are text, missing ones empty text. A triggered order carries algoId and algoClOrdId, its own clOrdId is
empty. Bill types: 2 trade, 5 liquidation, 9 deleveraging, 8 funding (subType 173 paid, 174 received), from OKX's
"Get bills details".
"""

from decimal import Decimal
from typing import Any
from zlib import crc32

from tests.loopback_second.amounts import ZERO, text
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.records import BillRow, Fill, Order, Position, Trigger

STATES = {
    "NEW": "live",
    "PARTIALLY_FILLED": "partially_filled",
    "FILLED": "filled",
    "CANCELED": "canceled",
    "EXPIRED": "canceled",
}
ALGO_STATES = {
    "NEW": "live",
    "TRIGGERING": "effective",
    "TRIGGERED": "effective",
    "FINISHED": "effective",
    "CANCELED": "canceled",
    "EXPIRED": "canceled",
    "REJECTED": "order_failed",
}
ORDER_KINDS = {"GTX": "post_only", "IOC": "ioc", "FOK": "fok", "GTC": "limit"}
FAIL_CODES = {"REDUCE_ONLY": "51169", "NO_MARGIN": "51008"}
EMPTY_ORDER = dict.fromkeys(
    (
        "attachAlgoClOrdId",
        "cancelSourceReason",
        "ccy",
        "pxType",
        "pxUsd",
        "pxVol",
        "quickMgnType",
        "slOrdPx",
        "slTriggerPx",
        "slTriggerPxType",
        "stpId",
        "tgtCcy",
        "tpOrdPx",
        "tpTriggerPx",
        "tpTriggerPxType",
    ),
    "",
)


def side(order_side: str) -> str:
    return order_side.lower()


def order_row(order: Order, trigger: Trigger | None, leverage: int) -> dict[str, Any]:
    fill = order.last_fill
    return {
        **EMPTY_ORDER,
        "accFillSz": text(order.filled),
        "algoClOrdId": trigger.client_id if trigger else "",
        "algoId": str(trigger.id) if trigger else "",
        "attachAlgoOrds": [],
        "avgPx": text(order.average) if order.filled else "",
        "cTime": str(order.created_ms),
        "cancelSource": order.cancel_source if order.state in ("CANCELED", "EXPIRED") else "",
        "category": {"liquidation": "full_liquidation", "adl": "adl"}.get(order.source, "normal"),
        "clOrdId": order.client_id,
        "fee": text(-order.fee),
        "feeCcy": "USDT",
        "fillPx": text(fill.price) if fill else "",
        "fillSz": text(fill.qty) if fill else "0",
        "fillTime": str(fill.at_ms) if fill else "",
        "instId": order.instrument,
        "instType": "SWAP",
        "isTpLimit": "false",
        "lever": str(leverage),
        "linkedAlgoOrd": {"algoId": ""},
        "ordId": str(order.id),
        "ordType": "market" if order.kind == "MARKET" else ORDER_KINDS[order.tif],
        "pnl": text(order.realised),
        "posSide": order.pos_side,
        "px": text(order.price) if order.kind == "LIMIT" else "",
        "rebate": "0",
        "rebateCcy": "USDT",
        "reduceOnly": "true" if order.reduce_only else "false",
        "side": side(order.side),
        "source": "7" if trigger else "",
        "state": STATES[order.state],
        "stpMode": "cancel_maker",
        "sz": text(order.qty),
        "tag": order.tag,
        "tdMode": order.mode,
        "tradeId": str(fill.id) if fill else "",
        "uTime": str(order.updated_ms),
    }


def order_push(order: Order, fill: Fill | None, trigger: Trigger | None, leverage: int) -> dict[str, Any]:
    """As on the orders channel: the fill fields are of this push alone."""
    row = order_row(order, trigger, leverage)
    row |= {
        "fillPx": text(fill.price) if fill else "",
        "fillSz": text(fill.qty) if fill else "0",
        "fillTime": str(fill.at_ms) if fill else "",
        "tradeId": str(fill.id) if fill else "",
        "fillFee": text(-fill.fee) if fill else "0",
        "fillFeeCcy": "USDT" if fill else "",
        "fillPnl": text(fill.realised) if fill else "0",
        "fillNotionalUsd": "",
        "execType": ("M" if fill.is_maker else "T") if fill else "",
        "notionalUsd": "",
        "lastPx": "",
        "reqId": "",
        "amendResult": "",
        "amendSource": "",
        "code": "0",
        "msg": "",
    }
    return row


def algo_row(trigger: Trigger, leverage: int, last: Decimal) -> dict[str, Any]:
    order = trigger.order
    is_plain = trigger.kind == "trigger"
    stop = trigger.stop_px if not is_plain else None
    target = trigger.target_px if not is_plain else None
    price = "-1" if trigger.order_px is None else text(trigger.order_px)
    either = trigger.stop_px if trigger.stop_px is not None else trigger.target_px
    return {
        "activePx": "",
        "actualPx": text(order.average) if order is not None and order.filled else "",
        "actualSide": "" if order is None else ("sl" if trigger.stop_px is not None else "tp"),
        "actualSz": text(order.filled) if order is not None else "0",
        "algoClOrdId": trigger.client_id,
        "algoId": str(trigger.id),
        "amendPxOnTriggerType": "0",
        "attachAlgoOrds": [],
        "cTime": str(trigger.created_ms),
        "callbackRatio": "",
        "callbackSpread": "",
        "ccy": "",
        "clOrdId": "",
        "closeFraction": "1" if trigger.close_all else "",
        "failCode": FAIL_CODES.get(trigger.fail_reason, trigger.fail_reason),
        "instId": trigger.instrument,
        "instType": "SWAP",
        "isTradeBorrowMode": "",
        "last": text(last),
        "lever": str(leverage),
        "linkedOrd": {"ordId": ""},
        "moveTriggerPx": "",
        "ordId": str(order.id) if order is not None else "",
        "ordIdList": [str(order.id)] if order is not None else [],
        "ordPx": price if is_plain else "",
        "ordType": trigger.kind,
        "posSide": trigger.pos_side,
        "pxLimit": "",
        "pxSpread": "",
        "pxVar": "",
        "quickMgnType": "",
        "reduceOnly": "true" if trigger.reduce_only else "false",
        "side": side(trigger.side),
        "slOrdPx": price if stop is not None else "",
        "slTriggerPx": text(stop) if stop is not None else "",
        "slTriggerPxType": trigger.watches if stop is not None else "",
        "state": ALGO_STATES[trigger.state],
        "sz": text(trigger.qty) if trigger.qty else "",
        "szLimit": "",
        "tag": trigger.tag,
        "tdMode": trigger.mode,
        "tgtCcy": "",
        "timeInterval": "",
        "tpOrdPx": price if target is not None else "",
        "tpTriggerPx": text(target) if target is not None else "",
        "tpTriggerPxType": trigger.target_watches if target is not None else "",
        "triggerPx": text(either or ZERO) if is_plain else "",
        "triggerPxType": trigger.watches if is_plain else "",
        "triggerTime": str(trigger.triggered_ms) if trigger.triggered_ms else "",
        "uTime": str(trigger.updated_ms),
        **trigger.extra,
    }


def position_row(position: Position, ledger: Ledger, now_ms: int) -> dict[str, Any]:
    book = ledger.market.books[position.key.instrument]
    is_isolated, is_open = position.key.mode == "isolated", bool(position.qty)
    upl = ledger.unrealised(position) if is_open else ZERO
    margin = ledger.margin(position) if is_open else ZERO
    qty = position.qty if position.key.side == "net" else abs(position.qty)
    maintenance = ledger.maintenance(position)
    return {
        "adl": "1" if is_open else "",
        "availPos": text(abs(position.qty)) if position.key.side != "net" else "",
        "avgPx": text(position.entry) if is_open else "",
        "baseBal": "",
        "bePx": text(position.entry) if is_open else "",
        "cTime": str(position.born_ms),
        "ccy": "USDT",
        "closeOrderAlgo": [],
        "fee": text(position.fees),
        "fundingFee": text(position.funding),
        "idxPx": text(book.index),
        "imr": "" if is_isolated or not is_open else text(ledger.notional(position, book.mark) / position.leverage),
        "instId": position.key.instrument,
        "instType": "SWAP",
        "interest": "",
        "last": text(book.price),
        "lever": str(position.leverage),
        "liab": "",
        "liabCcy": "",
        "liqPenalty": "0",
        "liqPx": text(ledger.liquidation_price(position).quantize(Decimal("0.00000001"))) if is_open else "",
        "margin": text(margin) if is_isolated and is_open else "",
        "markPx": text(book.mark),
        "mgnMode": position.key.mode,
        "mgnRatio": text(((margin + upl) / maintenance).quantize(Decimal("0.0001"))) if maintenance else "",
        "mmr": text(maintenance) if is_open else "",
        "notionalUsd": text(ledger.notional(position, book.mark)) if is_open else "",
        "optVal": "",
        "pTime": str(now_ms),
        "pnl": text(position.realised),
        "pos": text(qty),
        "posCcy": "",
        "posId": str(1_000_000_000_000 + crc32(repr(position.key).encode())),
        "posSide": position.key.side,
        "realizedPnl": text(position.realised + position.fees + position.funding),
        "tradeId": str(position.last_trade or ""),
        "uTime": str(position.changed_ms),
        "upl": text(upl) if is_open else "",
        "uplRatio": text((upl / margin).quantize(Decimal("0.00000001"))) if margin else "",
        "usdPx": "",
    }


def fill_row(fill: Fill, bill: int) -> dict[str, Any]:
    return {
        "billId": str(bill),
        "clOrdId": fill.order.client_id,
        "execType": "M" if fill.is_maker else "T",
        "fee": text(-fill.fee),
        "feeCcy": "USDT",
        "feeRate": "",
        "fillIdxPx": "",
        "fillMarkPx": "",
        "fillPnl": text(fill.realised),
        "fillPx": text(fill.price),
        "fillSz": text(fill.qty),
        "fillTime": str(fill.at_ms),
        "instId": fill.instrument,
        "instType": "SWAP",
        "ordId": str(fill.order.id),
        "posSide": fill.key.side,
        "side": side(fill.side),
        "subType": sub_type(fill),
        "tag": fill.order.tag,
        "tradeId": str(fill.id),
        "ts": str(fill.at_ms),
    }


def sub_type(fill: Fill) -> str:
    """1 buy, 2 sell; 3-6 open long, open short, close long, close short when sides are held apart.

    Liquidations are 104 to 107 (close long, close short, buy, sell), deleveraging 125 to 128 in the same order.
    """
    if fill.order.source in ("liquidation", "adl"):
        first = 104 if fill.order.source == "liquidation" else 125
        return str(first + 2 * (fill.key.side == "net") + (fill.side == ("SELL" if fill.key.side == "net" else "BUY")))
    if fill.key.side == "net":
        return "1" if fill.side == "BUY" else "2"
    names = {("long", "BUY"): "3", ("short", "SELL"): "4", ("long", "SELL"): "5", ("short", "BUY"): "6"}
    return names[fill.key.side, fill.side]


def bill_row(row: BillRow) -> dict[str, Any]:
    fill = row.fill
    forced = {"liquidation": "5", "adl": "9"}.get(fill.order.source if fill else "")
    kind = forced or {"trade": "2", "funding": "8", "transfer": "1"}[row.kind]
    sub = sub_type(fill) if fill else ("174" if row.amount > ZERO else "173")
    return {
        "bal": text(row.balance),
        "balChg": text(row.amount),
        "billId": str(row.id),
        "ccy": "USDT",
        "clOrdId": fill.order.client_id if fill else "",
        "execType": ("M" if fill.is_maker else "T") if fill else "",
        "fee": text(-fill.fee) if fill else "0",
        "fillTime": str(fill.at_ms) if fill else "",
        "from": "",
        "instId": row.instrument,
        "instType": "SWAP",
        "interest": "0",
        "mgnMode": row.mode,
        "notes": "",
        "ordId": str(fill.order.id) if fill else "",
        "pnl": text(fill.realised) if fill else text(row.amount),
        "posBal": "0",
        "posBalChg": "0",
        "px": text(row.price),
        "subType": sub,
        "sz": text(row.qty),
        "tag": "",
        "to": "",
        "tradeId": str(fill.id) if fill else "",
        "ts": str(row.at_ms),
        "type": kind,
    }


def balance_row(ledger: Ledger, now_ms: int) -> dict[str, Any]:
    equity, available = text(ledger.equity()), text(ledger.available())
    detail = {
        "availBal": available,
        "availEq": available,
        "cashBal": text(ledger.wallet),
        "ccy": "USDT",
        "crossLiab": "",
        "disEq": equity,
        "eq": equity,
        "eqUsd": equity,
        "fixedBal": "0",
        "frozenBal": text(ledger.wallet - ledger.available()),
        "imr": "0",
        "interest": "",
        "isoEq": text(ledger.isolated_margin()),
        "isoUpl": "0",
        "liab": "",
        "maxLoan": "",
        "mgnRatio": "",
        "mmr": "0",
        "notionalLever": "0",
        "ordFrozen": "0",
        "stgyEq": "0",
        "twap": "0",
        "uTime": str(now_ms),
        "upl": text(ledger.equity() - ledger.wallet),
        "uplLiab": "",
    }
    return {
        "adjEq": "",
        "borrowFroz": "",
        "details": [detail],
        "imr": "",
        "isoEq": text(ledger.isolated_margin()),
        "mgnRatio": "",
        "mmr": "",
        "notionalUsd": "",
        "ordFroz": "",
        "totalEq": equity,
        "uTime": str(now_ms),
        "upl": "",
    }

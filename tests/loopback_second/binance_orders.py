"""Binance USD-M trading: the order endpoints and the algo service's.

Sources. "New Order", "Query Order", "Cancel Order" (developers.binance.com, USD-M trade): conditional types are not
taken here since 2025-12 (-4120); a cancelled or unknown order answers -2011, an unknown look-up -2013; canceled or
expired orders without a fill stay findable for 3 days. "New Algo Order" (binance-connector-python 2026-08):
closePosition goes with neither quantity nor reduceOnly, reduceOnly is not for hedge mode; "Cancel Algo Order" answers
{"code":"200","msg":"success"}. Client ids: `^[\\.A-Z\\:/a-z0-9_-]{1,36}$`, unique among open orders, -4116 otherwise.
A second close-position stop on the same side is -4130. newOrderRespType=RESULT answers a MARKET order with its final
state.
Silent: whether plain cancels may name algo orders (here: no, ccxt issue 27486 says -2011 and -2013).
"""

import asyncio
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.loopback_second.amounts import ZERO, is_on
from tests.loopback_second.binance_codes import BinanceError, missing, refusal
from tests.loopback_second.binance_rows import algo_row, order_row
from tests.loopback_second.list_faults import ListFaults
from tests.loopback_second.matching import Matching, Ticket
from tests.loopback_second.records import Order, Reason, Refused, Trigger
from tests.loopback_second.triggers import Triggers

CLIENT_ID = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")
CONDITIONAL = {"STOP": "stop", "STOP_MARKET": "stop", "TAKE_PROFIT": "target", "TAKE_PROFIT_MARKET": "target"}
Params = dict[str, str]


def truth(value: str | None) -> bool:
    return (value or "").lower() == "true"


class BinanceOrders:
    def __init__(self, matching: Matching, triggers: Triggers, list_faults: ListFaults) -> None:
        self.matching = matching
        self.triggers = triggers
        self.list_faults = list_faults
        self.modes: dict[str, str] = dict.fromkeys(matching.market.instruments, "isolated")
        self.countdowns: dict[str, float] = {}

    # Plain orders

    def place(self, params: Params) -> Any:
        kind = self._needed(params, "type")
        if kind in CONDITIONAL or kind == "TRAILING_STOP_MARKET":
            raise BinanceError(
                -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
            )
        if kind not in ("MARKET", "LIMIT"):
            raise BinanceError(-1116, "Invalid orderType.")
        tif = params.get("timeInForce", "GTC")
        if kind == "LIMIT" and "timeInForce" not in params:
            raise missing("timeInForce")
        if tif not in ("GTC", "IOC", "FOK", "GTX", "GTD"):
            raise BinanceError(-1115, "Invalid timeInForce.")
        order = self._placed(
            Ticket(
                instrument=self._symbol(params),
                side=self._side(params),
                kind=kind,
                qty=self._number(params, "quantity"),
                price=self._number(params, "price") if kind == "LIMIT" else ZERO,
                tif=tif,
                mode=self.modes[params["symbol"]],
                pos_side=params.get("positionSide", ""),
                reduce_only=self._reduce_only(params),
                client_id=self._client_id(params, "newClientOrderId"),
            )
        )
        row = self.row(order)
        if params.get("newOrderRespType", "ACK") == "ACK":
            row |= {"status": "NEW", "executedQty": "0", "cumQty": "0", "cumQuote": "0", "avgPrice": "0.00"}
        return row

    def _placed(self, ticket: Ticket) -> Order:
        try:
            return self.matching.place(ticket)
        except Refused as refused:
            raise refusal(refused.reason, refused.detail) from refused

    def query(self, params: Params) -> Any:
        order = self._named(params)
        if order is None or not self.list_faults.is_shown("order", order):
            raise BinanceError(-2013, "Order does not exist.")
        return self.row(order)

    def cancel(self, params: Params) -> Any:
        order = self._named(params)
        if order is None or not order.is_open:
            raise BinanceError(-2011, "Unknown order sent.")
        self.matching.cancel(order)
        return self.row(order)

    def cancel_all(self, params: Params) -> Any:
        for order in self.matching.open_orders(self._symbol(params)):
            self.matching.cancel(order)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def open_orders(self, params: Params) -> Any:
        symbol = self._symbol(params) if "symbol" in params else ""
        return [self.row(one) for one in self.list_faults.shown("orders", self.matching.open_orders(symbol))]

    def all_orders(self, params: Params) -> Any:
        symbol = self._symbol(params)
        since = int(params.get("startTime", "0"))
        rows = [
            one
            for one in self.matching.orders.values()
            if one.instrument == symbol and one.updated_ms >= since and one.id >= int(params.get("orderId", "0"))
        ]
        return [self.row(one) for one in self.list_faults.shown("orders", rows)][-int(params.get("limit", "500")) :]

    def countdown(self, params: Params) -> Any:
        """Plain orders only (venue notes 8.1: the documents do not say, the safe reading)."""
        ms = int(self._needed(params, "countdownTime"))
        symbol = self._symbol(params)
        self.countdowns.pop(symbol, None)
        if ms:
            self.countdowns[symbol] = self.matching.clock.mono_s() + ms / 1_000
            asyncio.get_running_loop().call_later(ms / 1_000 + 0.01, self.run_countdowns)
        return {"symbol": symbol, "countdownTime": str(ms)}

    def run_countdowns(self) -> None:
        now_s = self.matching.clock.mono_s()
        for symbol, at_s in list(self.countdowns.items()):
            if now_s >= at_s:
                del self.countdowns[symbol]
                self.cancel_all({"symbol": symbol})

    # The algo service

    def place_algo(self, params: Params) -> Any:
        if params.get("algoType") != "CONDITIONAL":
            raise missing("algotype") if "algoType" not in params else BinanceError(-1130, "Invalid algoType.")
        kind = self._needed(params, "type")
        if kind not in CONDITIONAL:
            raise BinanceError(-1116, "Invalid orderType.")
        trigger = self._trigger(params, kind)
        try:
            self.triggers.place(trigger)
        except Refused as refused:
            raise refusal(refused.reason, refused.detail) from refused
        return algo_row(trigger, with_outcome=False)

    def _trigger(self, params: Params, kind: str) -> Trigger:
        symbol = self._symbol(params)
        close_all = truth(params.get("closePosition"))
        if close_all and "quantity" in params:
            raise BinanceError(-4136, "Target strategy invalid for orderType, closePosition with quantity.")
        if close_all and "reduceOnly" in params:
            raise BinanceError(-1106, "Parameter 'reduceOnly' sent when not required.")
        qty = ZERO if close_all else self._number(params, "quantity")
        price = self._number(params, "triggerPrice")
        self._on_grid(symbol, qty, price, close_all)
        side, pos_side = self._side(params), self._pos_side(params)
        reduce_only = self._reduce_only(params)
        client_id = self._client_id(params, "clientAlgoId")
        self._is_free(client_id, symbol, side, pos_side, close_all, CONDITIONAL[kind])
        is_stop = CONDITIONAL[kind] == "stop"
        watches = "mark" if params.get("workingType") == "MARK_PRICE" else "last"
        now_ms = self.matching.clock.ms()
        return Trigger(
            id=self.triggers.next_id(),
            client_id=client_id,
            instrument=symbol,
            side=side,
            kind=kind,
            qty=qty,
            stop_px=price if is_stop else None,
            target_px=None if is_stop else price,
            watches=watches,
            target_watches=watches,
            order_px=self._number(params, "price") if kind in ("STOP", "TAKE_PROFIT") else None,
            mode=self.modes[symbol],
            pos_side=pos_side,
            reduce_only=reduce_only,
            created_ms=now_ms,
            born_s=self.matching.clock.mono_s(),
            close_all=close_all,
        )

    def _on_grid(self, symbol: str, qty: Decimal, price: Decimal, close_all: bool) -> None:
        one = self.matching.market.instruments[symbol]
        if not is_on(price, one.tick) or price <= ZERO:
            raise refusal(Reason.BAD_PRICE)
        if close_all:
            return
        if not is_on(qty, one.lot):
            raise refusal(Reason.BAD_QTY)
        if qty < one.min_qty:
            raise refusal(Reason.TOO_SMALL)
        if qty > one.max_qty:
            raise refusal(Reason.TOO_LARGE)

    def _is_free(self, client_id: str, symbol: str, side: str, pos_side: str, close_all: bool, way: str) -> None:
        for other in self.triggers.resting():
            if other.client_id == client_id:
                raise refusal(Reason.DUPLICATE)
            is_same = (other.instrument, other.side, other.pos_side) == (symbol, side, pos_side)
            if close_all and other.close_all and is_same and CONDITIONAL[other.kind] == way:
                raise BinanceError(
                    -4130, "An open stop or take profit order with GTE and closePosition in the direction is existing."
                )

    def query_algo(self, params: Params) -> Any:
        trigger = self._named_algo(params)
        if trigger is None or not self.list_faults.is_shown("trigger", trigger):
            raise BinanceError(-2013, "Order does not exist.")
        return algo_row(trigger, with_outcome=True)

    def cancel_algo(self, params: Params) -> Any:
        trigger = self._named_algo(params)
        if trigger is None or not trigger.rests:
            raise BinanceError(-2011, "Unknown order sent.")
        self.triggers.cancel(trigger)
        return {"algoId": trigger.id, "clientAlgoId": trigger.client_id, "code": "200", "msg": "success"}

    def cancel_all_algos(self, params: Params) -> Any:
        for trigger in self.triggers.resting(self._symbol(params)):
            self.triggers.cancel(trigger)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def open_algos(self, params: Params) -> Any:
        symbol = self._symbol(params) if "symbol" in params else ""
        rows = self.list_faults.shown("triggers", self.triggers.resting(symbol))
        return [algo_row(one, with_outcome=True) for one in rows]

    def all_algos(self, params: Params) -> Any:
        symbol = self._symbol(params)
        rows = [one for one in self.triggers.triggers.values() if one.instrument == symbol]
        return [algo_row(one, with_outcome=True) for one in self.list_faults.shown("triggers", rows)]

    # Parameters

    def row(self, order: Order) -> dict[str, Any]:
        one = self.matching.market.instruments[order.instrument]
        return order_row(order, one.lot, one.tick)

    def _named(self, params: Params) -> Order | None:
        symbol = self._symbol(params)
        if "orderId" in params:
            order = self.matching.orders.get(int(params["orderId"]))
            return order if order is not None and order.instrument == symbol else None
        return self.matching.by_client_id(self._needed(params, "origClientOrderId"), symbol)

    def _named_algo(self, params: Params) -> Trigger | None:
        if "algoId" in params:
            return self.triggers.triggers.get(int(params["algoId"]))
        return self.triggers.by_client_id(self._needed(params, "clientAlgoId"))

    @staticmethod
    def _needed(params: Params, name: str) -> str:
        if not params.get(name):
            raise missing(name.lower())
        return params[name]

    def _symbol(self, params: Params) -> str:
        symbol = self._needed(params, "symbol")
        if symbol not in self.matching.market.instruments:
            raise BinanceError(-1121, "Invalid symbol.")
        return symbol

    def _side(self, params: Params) -> str:
        side = self._needed(params, "side")
        if side not in ("BUY", "SELL"):
            raise BinanceError(-1117, "Invalid side.")
        return side

    def _number(self, params: Params, name: str) -> Decimal:
        try:
            return Decimal(self._needed(params, name))
        except InvalidOperation as error:
            raise missing(name) from error

    def _client_id(self, params: Params, name: str) -> str:
        given = params.get(name) or f"web_{self.matching.next_id()}"
        if len(given) > 36:
            raise BinanceError(-4015, "Client order id is not valid.")
        if not CLIENT_ID.match(given):
            raise BinanceError(
                -1100, f"Illegal characters found in parameter '{name}'; legal range is '{CLIENT_ID.pattern}'."
            )
        return given

    def _pos_side(self, params: Params) -> str:
        side = params.get("positionSide", "BOTH")
        if (side == "BOTH") == self.matching.rules.hedged:
            raise refusal(Reason.POSITION_SIDE)
        return side

    def _reduce_only(self, params: Params) -> bool:
        if self.matching.rules.hedged and "reduceOnly" in params:
            raise BinanceError(-1106, "Parameter 'reduceOnly' sent when not required.")
        return truth(params.get("reduceOnly"))

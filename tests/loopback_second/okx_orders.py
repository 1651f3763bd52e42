"""OKX trading: order, cancel, algo orders, lists, fills, close-position, cancel-all-after.

Sources: "Order Book Trading" and "Algo Trading" of OKX's API v5 as mirrored in ccxt 4.5.90 and in a public copy of
the guide (cloudQuant/bt_api_py docs/exchanges/okx): an order answers with ids only; clOrdId and algoClOrdId are at
most 32 letters and digits; posSide is needed in long/short mode; reduceOnly counts in net mode only; post-only that
would take is accepted and then canceled (cancelSource 31); orders-algo-pending needs ordType, of which only
conditional and oco go together with a comma; cancel-all-after takes 0 or 10 to 120 seconds and is about pending
orders; close-position is a market order. Unknown orders: 51603 on look-ups, 51400/51401/51402 on cancels (not there,
canceled already, done already).
Silent: whether a used clOrdId may be used again (here: not), which price type 5127x compares (here: last, as the text
says).
"""

import asyncio
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.loopback_second import okx_codes
from tests.loopback_second.amounts import ZERO, is_on
from tests.loopback_second.list_faults import ListFaults
from tests.loopback_second.matching import Matching, Ticket
from tests.loopback_second.okx_codes import OkxError, RowError, empty
from tests.loopback_second.okx_rows import algo_row, fill_row, order_row
from tests.loopback_second.records import Fill, Key, Order, Reason, Refused, Trigger
from tests.loopback_second.triggers import Triggers

CLIENT_ID = re.compile(r"^[A-Za-z0-9]{1,32}$")
ALGO_KINDS = ("conditional", "oco", "trigger", "move_order_stop", "iceberg", "twap", "chase")
KINDS = {
    "market": ("MARKET", "GTC"),
    "limit": ("LIMIT", "GTC"),
    "post_only": ("LIMIT", "GTX"),
    "ioc": ("LIMIT", "IOC"),
    "fok": ("LIMIT", "FOK"),
    "optimal_limit_ioc": ("MARKET", "IOC"),
}
Row = dict[str, Any]
LIST = 100


class OkxOrders:
    def __init__(self, matching: Matching, triggers: Triggers, list_faults: ListFaults) -> None:
        self.matching = matching
        self.triggers = triggers
        self.list_faults = list_faults
        self.cancel_at_s: float | None = None
        self._armed_tag = ""
        self.unknown_kinds: set[str] = set()
        """Kinds of algo orders that this venue says it does not know."""

    # Orders

    def place(self, row: Row) -> Row:
        kind = self._needed(row, "ordType")
        if kind not in KINDS:
            raise RowError("51000", "Parameter ordType error")
        form, tif = KINDS[kind]
        ticket = Ticket(
            instrument=self._instrument(row),
            side=self._side(row),
            kind=form,
            tif=tif,
            qty=self._number(row, "sz"),
            price=self._number(row, "px") if form == "LIMIT" else ZERO,
            mode=self._mode(row),
            pos_side=self._pos_side(row),
            reduce_only=self._reduces(row),
            client_id=self._client_id(row, "clOrdId"),
            tag=row.get("tag", ""),
        )
        try:
            order = self.matching.place(ticket)
        except Refused as refused:
            raise RowError(*okx_codes.REFUSALS[refused.reason]) from refused
        return {"clOrdId": order.client_id, "ordId": str(order.id), "tag": order.tag, "ts": str(order.created_ms)}

    def cancel(self, row: Row) -> Row:
        order = self._named(row)
        if order is None:
            raise RowError("51400", "Cancellation failed as the order does not exist.")
        if order.state == "FILLED":
            raise RowError("51402", "Cancellation failed as the order is already completed.")
        if not order.is_open:
            raise RowError("51401", "Cancellation failed as the order is already canceled.")
        self.matching.cancel(order)
        return {"clOrdId": order.client_id, "ordId": str(order.id), "ts": str(order.updated_ms)}

    def query(self, params: Row) -> list[Row]:
        self._instrument(params, as_row=False)
        order = self._named(params)
        if order is None or not self.list_faults.is_shown("order", order):
            raise OkxError("51603", "Order does not exist")
        return [self.row(order)]

    def pending(self, params: Row) -> list[Row]:
        rows = [one for one in self.matching.open_orders(params.get("instId", ""))]
        return [self.row(one) for one in self._page(self.list_faults.shown("orders", rows), params)]

    def history(self, params: Row) -> list[Row]:
        wanted = params.get("instId", "")
        rows = [one for one in self.matching.orders.values() if not one.is_open and wanted in ("", one.instrument)]
        return [self.row(one) for one in self._page(self.list_faults.shown("orders", rows), params)]

    def fills(self, params: Row) -> list[Row]:
        rows: list[tuple[Fill, int]] = []
        bills = {bill.fill.id: bill.id for bill in self.matching.ledger.bill if bill.fill is not None}
        for fill in self.list_faults.shown("fills", self.matching.ledger.fills):
            is_asked = params.get("instId", fill.instrument) == fill.instrument
            is_asked &= params.get("ordId", str(fill.order.id)) == str(fill.order.id)
            is_asked &= int(params.get("begin", "0")) <= fill.at_ms <= int(params.get("end", "9" * 15))
            bill = bills[fill.id]
            is_asked &= int(params.get("before", "-1")) < bill < int(params.get("after", "9" * 15))
            if is_asked:
                rows.append((fill, bill))
        return [fill_row(fill, bill) for fill, bill in reversed(rows)][: int(params.get("limit", LIST))]

    def close_position(self, row: Row) -> list[Row]:
        instrument, mode = self._instrument(row, as_row=False), row.get("mgnMode", "")
        key = self.matching.key_of(instrument, mode, row.get("posSide", ""))
        held = self.matching.ledger.position(key)
        if not held.qty:
            raise OkxError("51023", "Position does not exist")
        if row.get("autoCxl") in ("true", "True", True):
            for order in self.matching.open_orders(instrument):
                if order.mode == mode and order.sign == -held.direction:
                    self.matching.cancel(order)
        self.matching.place(
            Ticket(
                instrument=instrument,
                side="SELL" if held.direction > 0 else "BUY",
                kind="MARKET",
                qty=abs(held.qty),
                mode=mode,
                pos_side=row.get("posSide", ""),
                reduce_only=not self.matching.rules.hedged,
                client_id=row.get("clOrdId", ""),
                off_grid=True,
            )
        )
        return [{"instId": instrument, "posSide": key.side, "clOrdId": row.get("clOrdId", ""), "tag": ""}]

    def cancel_all_after(self, row: Row) -> list[Row]:
        seconds = int(row.get("timeOut", "-1"))
        if seconds != 0 and not 10 <= seconds <= 120:
            raise OkxError("51000", "Parameter timeOut error")
        clock = self.matching.clock
        self.cancel_at_s = clock.mono_s() + seconds if seconds else None
        self._armed_tag = row.get("tag", "")
        if seconds:
            asyncio.get_running_loop().call_later(seconds + 0.01, self.run_countdown)
        trigger_ms = clock.ms() + seconds * 1_000 if seconds else 0
        return [{"triggerTime": str(trigger_ms), "tag": self._armed_tag, "ts": str(clock.ms())}]

    def run_countdown(self) -> None:
        if self.cancel_at_s is not None and self.matching.clock.mono_s() >= self.cancel_at_s:
            self.cancel_at_s = None
            for order in self.matching.open_orders():
                if self._armed_tag in ("", order.tag):
                    self.matching.cancel(order, "20")

    # Algo orders

    def place_algo(self, row: Row) -> Row:
        kind = self._needed(row, "ordType")
        if kind not in ALGO_KINDS:
            raise RowError("51000", "Parameter ordType error")
        trigger = self._trigger(row, kind)
        self._not_met(trigger)
        try:
            self.triggers.place(trigger)
        except Refused as refused:
            code = okx_codes.REFUSALS.get(refused.reason, okx_codes.STOP_TOO_HIGH)
            raise RowError(*code) from refused
        return {"algoClOrdId": trigger.client_id, "algoId": str(trigger.id), "clOrdId": "", "tag": trigger.tag}

    def _trigger(self, row: Row, kind: str) -> Trigger:
        instrument, close_all = self._instrument(row), row.get("closeFraction") == "1"
        qty = ZERO if close_all else self._number(row, "sz")
        one = self.matching.market.instruments[instrument]
        if not close_all and not is_on(qty, one.lot):
            raise RowError(*okx_codes.REFUSALS[Reason.BAD_QTY])
        if not close_all and qty < one.min_qty:
            raise RowError(*okx_codes.REFUSALS[Reason.TOO_SMALL])
        stop, target, order_px, watches = self._prices(row, kind, instrument)
        client_id = self._client_id(row, "algoClOrdId") or self._client_id(row, "clOrdId")
        if client_id and self.triggers.by_client_id(client_id) is not None:
            raise RowError("51065", "algoClOrdId already exists.")
        return Trigger(
            id=self.triggers.next_id(),
            client_id=client_id,
            instrument=instrument,
            side=self._side(row),
            kind=kind,
            qty=qty,
            stop_px=stop,
            target_px=target,
            watches=watches[0],
            target_watches=watches[1],
            order_px=order_px,
            mode=self._mode(row),
            pos_side=self._pos_side(row) or self.matching.rules.net_side,
            reduce_only=self._reduces(row),
            close_all=close_all,
            created_ms=self.matching.clock.ms(),
            born_s=self.matching.clock.mono_s(),
            tag=row.get("tag", ""),
        )

    def _prices(
        self, row: Row, kind: str, instrument: str
    ) -> tuple[Decimal | None, Decimal | None, Decimal | None, tuple[str, str]]:
        """Stop, target, limit of the order (None: market), and which price each of the two watches."""
        if kind in ("conditional", "oco"):
            stop, target = self._optional(row, "slTriggerPx"), self._optional(row, "tpTriggerPx")
            if stop is None and target is None:
                raise RowError("50015", "Either parameter tpTriggerPx or slTriggerPx is required")
            price = self._optional(row, "slOrdPx" if stop is not None else "tpOrdPx")
            if price is None:
                raise RowError("51000", "Parameter slOrdPx error" if stop is not None else "Parameter tpOrdPx error")
            watches = (row.get("slTriggerPxType") or "last", row.get("tpTriggerPxType") or "last")
            return stop, target, None if price == -1 else price, watches
        if kind == "trigger":
            at, price = self._number(row, "triggerPx"), self._number(row, "orderPx")
            last = self.matching.market.books[instrument].price
            is_stop = (at < last) == (self._side(row) == "SELL")
            watch = row.get("triggerPxType") or "last"
            return (at if is_stop else None), (None if is_stop else at), None if price == -1 else price, (watch, watch)
        return None, None, None, ("last", "last")

    def _not_met(self, trigger: Trigger) -> None:
        if trigger.kind == "trigger":
            return
        last, sells = self.matching.market.books[trigger.instrument].price, trigger.side == "SELL"
        if trigger.stop_px is not None and (last - trigger.stop_px) * trigger.sign >= ZERO:
            raise RowError(*(okx_codes.STOP_TOO_HIGH if sells else okx_codes.STOP_TOO_LOW))
        if trigger.target_px is not None and (trigger.target_px - last) * trigger.sign >= ZERO:
            raise RowError(*(okx_codes.TARGET_TOO_LOW if sells else okx_codes.TARGET_TOO_HIGH))

    def cancel_algo(self, row: Row) -> Row:
        trigger = self._named_algo(row)
        if trigger is None or not trigger.rests:
            raise RowError("51400", "Cancellation failed as the order does not exist.")
        self.triggers.cancel(trigger)
        return {"algoClOrdId": trigger.client_id, "algoId": str(trigger.id), "clOrdId": "", "tag": trigger.tag}

    def query_algo(self, params: Row) -> list[Row]:
        trigger = self._named_algo(params)
        if trigger is None or not self.list_faults.is_shown("trigger", trigger):
            raise OkxError("51603", "Order does not exist")
        return [self.algo(trigger)]

    def pending_algos(self, params: Row) -> list[Row]:
        asked = params.get("ordType") or ""
        if not asked:
            raise empty("ordType")
        kinds = asked.split(",")
        if any(kind not in ALGO_KINDS or kind in self.unknown_kinds for kind in kinds) or (
            len(kinds) > 1 and set(kinds) != {"conditional", "oco"}
        ):
            raise OkxError("51000", "Parameter ordType error")
        rows = [one for one in self.triggers.resting(params.get("instId", "")) if one.kind in kinds]
        shown = self.list_faults.shown("triggers", rows)
        after = int(params.get("after", "9" * 20))
        found = [one for one in reversed(shown) if one.id < after]
        return [self.algo(one) for one in found[: int(params.get("limit", LIST))]]

    # Parameters and rows

    def row(self, order: Order) -> Row:
        key = self.matching.key_of(order.instrument, order.mode, order.pos_side)
        trigger = self.triggers.triggers.get(order.trigger_id)
        return order_row(order, trigger, self.matching.ledger.leverage(key))

    def algo(self, trigger: Trigger) -> Row:
        key = Key(trigger.instrument, trigger.mode, trigger.pos_side)
        last = self.matching.market.books[trigger.instrument].price
        return algo_row(trigger, self.matching.ledger.leverage(key), last)

    @staticmethod
    def _page(rows: list[Order], params: Row) -> list[Order]:
        after, before = int(params.get("after", "9" * 20)), int(params.get("before", "0"))
        found = [one for one in reversed(rows) if before < one.id < after]
        return found[: int(params.get("limit", LIST))]

    def _named(self, row: Row) -> Order | None:
        if row.get("ordId"):
            order = self.matching.orders.get(int(row["ordId"]))
            return order if order is not None and order.instrument == row.get("instId") else None
        if not row.get("clOrdId"):
            raise RowError("51003", "Either client order ID or order ID is required")
        return self.matching.by_client_id(row["clOrdId"], row.get("instId", ""))

    def _named_algo(self, row: Row) -> Trigger | None:
        if row.get("algoId"):
            return self.triggers.triggers.get(int(row["algoId"]))
        return self.triggers.by_client_id(row["algoClOrdId"]) if row.get("algoClOrdId") else None

    @staticmethod
    def _needed(row: Row, name: str) -> str:
        if row.get(name) in (None, ""):
            raise RowError("50014", f"Parameter {name} can not be empty.")
        return str(row[name])

    def _instrument(self, row: Row, as_row: bool = True) -> str:
        instrument = row.get("instId", "")
        if instrument in self.matching.market.instruments:
            return str(instrument)
        kind = RowError if as_row else OkxError
        raise kind("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")

    def _side(self, row: Row) -> str:
        given = self._needed(row, "side")
        if given not in ("buy", "sell"):
            raise RowError("51000", "Parameter side error")
        return given.upper()

    def _mode(self, row: Row) -> str:
        mode = self._needed(row, "tdMode")
        if mode not in ("cross", "isolated"):
            raise RowError("51000", "Parameter tdMode error")
        return mode

    def _pos_side(self, row: Row) -> str:
        given = row.get("posSide", "")
        if self.matching.rules.hedged != (given in ("long", "short")):
            raise RowError("51000", "Parameter posSide error")
        return str(given)

    def _reduces(self, row: Row) -> bool:
        return not self.matching.rules.hedged and str(row.get("reduceOnly", "")).lower() == "true"

    def _number(self, row: Row, name: str) -> Decimal:
        try:
            return Decimal(self._needed(row, name))
        except InvalidOperation as error:
            raise RowError("51000", f"Parameter {name} error") from error

    def _optional(self, row: Row, name: str) -> Decimal | None:
        return self._number(row, name) if row.get(name) not in (None, "") else None

    @staticmethod
    def _client_id(row: Row, name: str) -> str:
        given = str(row.get(name) or "")
        if given and not CLIENT_ID.match(given):
            raise RowError("51000", f"Parameter {name} error")
        return given

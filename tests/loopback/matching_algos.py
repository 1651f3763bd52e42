"""The conditional orders' service, apart from the plain orders as on the real venues."""

import itertools
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.loopback.matching_terms import (
    Algo,
    Execution,
    Order,
    OrderAsked,
    Reason,
    Refused,
    Status,
    StopAsked,
    opposite,
)

if TYPE_CHECKING:
    from tests.loopback.matching_core import MatchingCore

MOST_WORKING = 10


class AlgoService:
    """Faults: `gone` refuses every new one; `rejects_triggered` lets the order a triggered stop sends be refused, the
    position stays naked; `holds_triggered` leaves triggered stops at TRIGGERING until `release`; `trims` takes the
    newest stops off when the position shrinks, while all together they cover more than it and one is left."""

    def __init__(self, core: "MatchingCore") -> None:
        self.all: dict[int, Algo] = {}
        self.gone = False
        self.rejects_triggered = ""
        self.holds_triggered = False
        self.trims = False
        self._core = core
        self._ids = itertools.count(2_000_001)
        core.listeners.order.append(self._follow)

    def place(self, asked: StopAsked) -> Algo:
        """Take it or raise `Refused`."""
        self._check(asked)
        now_ms = self._core.clock_ms()
        algo_id = next(self._ids)
        algo = Algo(algo_id, asked, asked.client_id or f"algo{algo_id}", created_ms=now_ms, updated_ms=now_ms)
        self.all[algo_id] = algo
        self._emit(algo)
        return algo

    def attach(self, asked: StopAsked) -> None:
        """The stop that came with an entry. Nobody waits for an answer any more: a refused one is lost."""
        with suppress(Refused):
            self.place(asked)

    def cancel(self, algo: Algo) -> None:
        """Raises `Refused` where it does not wait any more."""
        if not algo.works:
            raise Refused(Reason.UNKNOWN_ORDER)
        self._set(algo, Status.CANCELED)

    def expire(self, algo: Algo) -> None:
        """The venue takes it off by itself."""
        self._set(algo, Status.EXPIRED)

    def cancel_all(self, symbol: str | None = None) -> list[Algo]:
        found = self.open(symbol)
        for algo in found:
            self._set(algo, Status.CANCELED)
        return found

    def open(self, symbol: str | None = None) -> list[Algo]:
        return [algo for algo in self.all.values() if algo.works and symbol in (None, algo.asked.symbol)]

    def find(self, algo_id: int | None = None, client_id: str | None = None) -> Algo:
        """The newest with that client id. Raises `Refused` where there is none."""
        if algo_id is not None and algo_id in self.all:
            return self.all[algo_id]
        for algo in reversed(self.all.values()):
            if client_id and algo.client_id == client_id:
                return algo
        raise Refused(Reason.UNKNOWN_ORDER)

    def price_moved(self, symbol: str) -> None:
        """Trigger what the new price reaches."""
        for algo in self.open(symbol):
            if algo.status is Status.NEW and self._reached(algo.asked):
                algo.trigger_ms = self._core.clock_ms()
                self._set(algo, Status.TRIGGERING)
                if not self.holds_triggered:
                    self.release(algo)

    def release(self, algo: Algo) -> None:
        """Send the order of a triggered one."""
        if self.rejects_triggered:
            self._set(algo, Status.REJECTED, self.rejects_triggered)
            return
        try:
            self._core.place(self._order_of(algo))
        except Refused:
            self._set(algo, Status.REJECTED, "Reduce Only reject")

    # -- inside

    def _follow(self, order: Order, execution: Execution | None) -> None:
        """TRIGGERED with the order's id before the order's own news, FINISHED once the order is done."""
        if execution is not None and self.trims and order.reduce_only | (order.owner != "client"):
            self._trim(order.symbol)
        algo = self.all.get(order.algo_id) if order.algo_id is not None else None
        if algo is None:
            return
        if algo.order_id is None:
            algo.order_id = order.order_id
            self._set(algo, Status.TRIGGERED)
        if not order.works:
            self._set(algo, Status.FINISHED)

    def _trim(self, symbol: str) -> None:
        held = self._core.positions[symbol].qty
        stops = [algo for algo in self.open(symbol) if protects(algo, held)]
        while len(stops) > 1 and sum((algo.asked.qty or Decimal(0) for algo in stops), Decimal(0)) > abs(held):
            self.expire(stops.pop())

    def _check(self, asked: StopAsked) -> None:
        if self.gone:
            raise Refused(Reason.STOPS_REFUSED)
        rules = self._core.rules.get(asked.symbol)
        if rules is None:
            raise Refused(Reason.UNKNOWN_SYMBOL)
        if asked.client_id and any(algo.client_id == asked.client_id for algo in self.open()):
            raise Refused(Reason.DUPLICATE_CLIENT_ID)
        if asked.trigger % rules.tick:
            raise Refused(Reason.BAD_TICK)
        if asked.qty is not None and asked.qty % rules.lot:
            raise Refused(Reason.BAD_LOT)
        if asked.qty is not None and asked.qty < rules.min_qty:
            raise Refused(Reason.BELOW_MINIMUM)
        if self._reached(asked):
            raise Refused(Reason.WOULD_TRIGGER)
        if len(self.open(asked.symbol)) >= MOST_WORKING:
            raise Refused(Reason.TOO_MANY_STOPS)

    def _reached(self, asked: StopAsked) -> bool:
        quote = self._core.quote(asked.symbol)
        price = quote.mark if asked.working == "mark" else quote.last
        falls = (asked.side == "sell") == (asked.kind == "stop")
        return price <= asked.trigger if falls else price >= asked.trigger

    def _order_of(self, algo: Algo) -> OrderAsked:
        asked = algo.asked
        held = self._core.positions[asked.symbol].qty
        qty: Decimal = abs(held) if asked.qty is None else asked.qty
        return OrderAsked(
            asked.symbol,
            asked.side,
            "market" if asked.price is None else "limit",
            qty,
            client_id=f"{algo.client_id[:20]}t{algo.algo_id}",
            price=asked.price,
            reduce_only=algo.reduces,
            algo_id=algo.algo_id,
        )

    def _set(self, algo: Algo, status: Status, reason: str = "") -> None:
        algo.status, algo.updated_ms = status, self._core.clock_ms()
        algo.reason = reason or algo.reason
        self._emit(algo)

    def _emit(self, algo: Algo) -> None:
        for listener in self._core.listeners.algo:
            listener(algo)


def protects(algo: Algo, held: Decimal) -> bool:
    """Whether it waits to take off a position of this signed quantity when the price moves against it."""
    if held == 0 or algo.asked.kind != "stop" or algo.status is not Status.NEW or not algo.reduces:
        return False
    return algo.asked.side == opposite("buy" if held > 0 else "sell")

"""The trigger service: conditional orders that wait for a price and then become orders; and the liquidation engine.

Sources. Binance, "New Algo Order" (developers.binance.com, USD-M trade): STOP* SELL fires at or below the trigger,
BUY at or above, TAKE_PROFIT* the other way; closePosition closes all of that side. "Event: Algo Order Update": NEW,
TRIGGERING, TRIGGERED, FINISHED, REJECTED (the matching refused it), EXPIRED (a close-position order whose position
was closed). OKX, "Algo trading": states live, effective, order_failed, canceled. An order may be stuck in TRIGGERING
for ever (nautechsystems/nautilus_trader discussion 5378): `stuck` makes it so.
"""

from collections.abc import Callable
from decimal import Decimal

from tests.loopback_second.amounts import ZERO, floored
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.matching import Matching, Ticket
from tests.loopback_second.records import Event, Key, Position, Reason, Refused, Trigger


class Triggers:
    def __init__(self, matching: Matching, first_id: int) -> None:
        self.matching = matching
        self.market = matching.market
        self.clock = matching.clock
        self.triggers: dict[int, Trigger] = {}
        self.is_stuck: Callable[[Trigger], bool] = lambda trigger: False
        self.refuses: Callable[[], bool] = lambda: False
        """The service takes nothing new."""
        self.rejects: Callable[[], bool] = lambda: False
        """The matching takes no triggered order."""
        self.names_order: Callable[[Trigger], str] = lambda trigger: trigger.client_id
        self._next_id = first_id
        self.market.on_price.append(self._price_moved)
        matching.on_event.append(self._received)

    def next_id(self) -> int:
        self._next_id += 3
        return self._next_id

    def resting(self, instrument: str = "") -> list[Trigger]:
        return [one for one in self.triggers.values() if one.rests and instrument in ("", one.instrument)]

    def by_client_id(self, client_id: str) -> Trigger | None:
        found = [one for one in self.triggers.values() if one.client_id == client_id]
        return found[-1] if found else None

    def place(self, trigger: Trigger) -> Trigger:
        """Raises Refused where it would fire at once."""
        if self.refuses():
            raise Refused(Reason.NO_SERVICE)
        if self._met(trigger) is not None:
            raise Refused(Reason.WOULD_TRIGGER)
        self.triggers[trigger.id] = trigger
        self._emit(trigger)
        return trigger

    def cancel(self, trigger: Trigger) -> None:
        self._turn(trigger, "CANCELED")

    def expire(self, trigger: Trigger) -> None:
        self._turn(trigger, "EXPIRED")

    def _watched(self, trigger: Trigger, which: str) -> Decimal:
        book = self.market.books[trigger.instrument]
        return {"mark": book.mark, "index": book.index}.get(which, book.price)

    def _met(self, trigger: Trigger) -> str | None:
        """`stop` or `target`, whichever price is reached."""
        way = trigger.sign
        if trigger.stop_px is not None and (self._watched(trigger, trigger.watches) - trigger.stop_px) * way >= ZERO:
            return "stop"
        if trigger.target_px is not None:
            price = self._watched(trigger, trigger.target_watches)
            if (trigger.target_px - price) * way >= ZERO:
                return "target"
        return None

    def _price_moved(self, instrument: str) -> None:
        for trigger in self.resting(instrument):
            if trigger.rests and self._met(trigger) is not None:
                self.fire(trigger)

    def fire(self, trigger: Trigger) -> None:
        """The price is met: the order goes to the matching."""
        trigger.triggered_ms = self.clock.ms()
        self._turn(trigger, "TRIGGERING")
        if self.is_stuck(trigger):
            return
        try:
            if self.rejects():
                raise Refused(Reason.REDUCE_ONLY)
            order = self.matching.place(self._ticket(trigger))
        except Refused as refused:
            trigger.fail_reason = refused.reason.name
            self._turn(trigger, "REJECTED")
            return
        trigger.order = order
        self._turn(trigger, "TRIGGERED")
        if not order.is_open:
            self._turn(trigger, "FINISHED")

    def _ticket(self, trigger: Trigger) -> Ticket:
        qty, reduce_only = trigger.qty, trigger.reduce_only
        if trigger.close_all:
            key = self.matching.key_of(trigger.instrument, trigger.mode, trigger.pos_side)
            held = self.matching.ledger.position(key)
            qty, reduce_only = (abs(held.qty) if held.direction == -trigger.sign else ZERO), True
            if not qty:
                raise Refused(Reason.REDUCE_ONLY, "no position to close")
        limit = trigger.order_px
        return Ticket(
            instrument=trigger.instrument,
            side=trigger.side,
            kind="MARKET" if limit is None else "LIMIT",
            qty=qty,
            price=limit or ZERO,
            mode=trigger.mode,
            pos_side=trigger.pos_side,
            reduce_only=reduce_only,
            close_all=trigger.close_all,
            client_id=self.names_order(trigger),
            source="trigger",
            trigger_id=trigger.id,
        )

    def _received(self, event: Event) -> None:
        """A triggered order that ends finishes its trigger; a closed position takes its close-position orders along."""
        if event.what == "flat":
            for trigger in self.resting(event.keys[0].instrument):
                key = self.matching.key_of(trigger.instrument, trigger.mode, trigger.pos_side)
                if trigger.close_all and key == event.keys[0]:
                    self.expire(trigger)
        elif event.order is not None and event.order.trigger_id and not event.order.is_open:
            trigger = self.triggers[event.order.trigger_id]
            if trigger.state == "TRIGGERED":
                self._turn(trigger, "FINISHED")

    def _turn(self, trigger: Trigger, state: str) -> None:
        trigger.state = state
        self._emit(trigger)

    def _emit(self, trigger: Trigger) -> None:
        trigger.updated_ms = self.clock.ms()
        trigger.updated_s = self.clock.mono_s()
        self.matching.emit(Event("trigger", trigger.state, trigger=trigger))


class Liquidation:
    """Closes what the mark has taken past its liquidation price: isolated alone, cross as a whole."""

    def __init__(self, matching: Matching, name_order: Callable[[], str], name_adl: Callable[[], str]) -> None:
        self.matching = matching
        self.ledger: Ledger = matching.ledger
        self._name_order = name_order
        self._name_adl = name_adl
        matching.market.on_price.append(self._price_moved)

    def _price_moved(self, instrument: str) -> None:
        for position in self.ledger.open_positions():
            if position.key.mode == "isolated" and position.key.instrument == instrument:
                mark = self.matching.market.books[instrument].mark
                limit = self.ledger.liquidation_price(position)
                if limit and (limit - mark) * position.direction >= ZERO:
                    self.close(position)
        cross = [one for one in self.ledger.open_positions() if one.key.mode == "cross"]
        worth = self.ledger.wallet - self.ledger.isolated_margin() + self.ledger.cross_unrealised()
        if cross and worth <= sum((self.ledger.maintenance(one) for one in cross), ZERO):
            for position in cross:
                self.close(position)

    def deleverage(self, position: Position, share: Decimal) -> None:
        """The venue closes a share of it against somebody's bankruptcy; nothing of it below one lot."""
        lot = self.matching.market.instruments[position.key.instrument].lot
        qty = abs(position.qty) * share // lot * lot
        if qty:
            self._force(position, qty, "adl", self._name_adl())

    def close(self, position: Position) -> None:
        key: Key = position.key
        for order in self.matching.open_orders(key.instrument):
            self.matching.end(order, "CANCELED", "4")
        self._force(position, abs(position.qty), "liquidation", self._name_order())

    def _force(self, position: Position, qty: Decimal, source: str, client_id: str) -> None:
        key: Key = position.key
        side = "SELL" if position.direction > 0 else "BUY"
        book = self.matching.market.books[key.instrument]
        price = floored(book.price, book.instrument.tick)
        self.matching.place(
            Ticket(
                instrument=key.instrument,
                side=side,
                kind="MARKET",
                qty=qty,
                price=price,
                mode=key.mode,
                pos_side=key.side,
                reduce_only=True,
                client_id=client_id,
                source=source,
            )
        )

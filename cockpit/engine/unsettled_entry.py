"""The part of an entry that is known to have executed and whose executions are not listed yet.

It is in the trade's record at the average price that the venue told, with the fee at the config's rate. Each execution
takes the place of as much of it, with its own price and fee; what turns out never to have executed leaves again.
"""

from cockpit.domain.events import FillWitnessed, OrderFilled
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import BPS
from cockpit.engine import booking


class UnsettledEntry:
    """How much of the record's entry is unsettled, and at what price."""

    def __init__(self, lot: float, fee_bps: float) -> None:
        self._lot = lot
        self._fee_bps = fee_bps
        self._qty = 0.0
        self._price = 0.0

    def restore(self, record: TradeRecord, listed_qty: float) -> None:
        """After a restart: of the entry so much was listed, the rest was only witnessed."""
        self._qty = booking.whole_lots(max(0.0, record.entry_qty - listed_qty), self._lot)
        self._price = record.entry_price

    def witness(self, record: TradeRecord, seen: FillWitnessed) -> TradeRecord | None:
        """The record with what is new in it; None where nothing is."""
        qty = booking.whole_lots(seen.filled_qty - record.entry_qty, self._lot)
        if qty <= 0.0:
            return None
        price = (seen.average_price * seen.filled_qty - record.entry_price * record.entry_qty) / qty
        price = price if price > 0.0 else seen.average_price
        self._price = (self._price * self._qty + price * qty) / (self._qty + qty)
        self._qty = booking.whole_lots(self._qty + qty, self._lot)
        return booking.with_entry(record, qty, price, self._fee_usd(qty, price), self._lot)

    def settle(self, record: TradeRecord, fill: OrderFilled) -> tuple[TradeRecord, float]:
        """The record with as much of that execution as was witnessed, and what is left of it."""
        qty = min(fill.qty, self._qty)
        if qty <= 0.0:
            return record, fill.qty
        fee_change_usd = fill.fee_usd * qty / fill.qty - self._fee_usd(qty, self._price)
        record = booking.settled_entry(record, fill.price - self._price, qty, fee_change_usd)
        self._qty = booking.whole_lots(self._qty - qty, self._lot)
        return record, booking.whole_lots(fill.qty - qty, self._lot)

    def withdrawn(self, record: TradeRecord) -> TradeRecord:
        """The entry is over without those executions. Where something has left the position since, it did execute."""
        qty, self._qty = self._qty, 0.0
        if qty <= 0.0 or record.exit_qty > 0.0:
            return record
        return booking.without_entry(record, qty, self._price, self._fee_usd(qty, self._price), self._lot)

    def _fee_usd(self, qty: float, price: float) -> float:
        return qty * price * self._fee_bps / BPS

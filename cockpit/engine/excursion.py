"""How far the market went against a trade and in its favour while it was open, and how much worse than asked it left.

Seen are the fills, one price a second, and every print of the bars that lie wholly within the trade's life.
"""

from msgspec.structs import replace

from cockpit.domain.kinds import OrderRole
from cockpit.domain.orders import OrderRequest
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import average_price, bps_between
from cockpit.market.bars import Bar


class Excursion:
    """The extremes of one trade, in bps of its entry; none before it has one."""

    def __init__(self, record: TradeRecord) -> None:
        self._adverse_bps = record.mae_bps
        self._favourable_bps = record.mfe_bps

    def on_price(self, record: TradeRecord, price: float | None) -> None:
        """A price the trade could have left at."""
        if price is None or record.entry_price <= 0.0:
            return
        gain_bps = record.side.sign * bps_between(price, record.entry_price)
        self._adverse_bps = max(self._adverse_bps or 0.0, -gain_bps)
        self._favourable_bps = max(self._favourable_bps or 0.0, gain_bps)

    def on_bar(self, record: TradeRecord, bar: Bar) -> None:
        """A bar of its asset; one that began before the trade did says nothing of it."""
        if record.opened_ns is not None and bar.start_ns >= record.opened_ns and record.open_qty > 0:
            self.on_price(record, bar.low)
            self.on_price(record, bar.high)

    def noted(self, record: TradeRecord) -> TradeRecord:
        """The record with the extremes so far."""
        if (record.mae_bps, record.mfe_bps) == (self._adverse_bps, self._favourable_bps):
            return record
        return replace(record, mae_bps=self._adverse_bps, mfe_bps=self._favourable_bps)


def fill_slippage_bps(record: TradeRecord, order: OrderRequest, price: float) -> float | None:
    """How much worse an execution was than its order's price: a stop's trigger, a target's limit, and for a market
    order the price it was decided at; None where that is not known.
    """
    if order.role is OrderRole.ENTRY:
        return record.side.sign * bps_between(price, record.decision_price)
    asked = order.trigger_price or order.limit_price or order.decision_price
    return 0.0 - record.side.sign * bps_between(price, asked) if asked > 0.0 else None


def with_exit_slippage(record: TradeRecord, before: TradeRecord, slippage_bps: float | None) -> TradeRecord:
    """The record after an exit, with the exits' average by quantity; unknown as soon as one of them is."""
    qty = record.exit_qty - before.exit_qty
    if before.exit_qty > 0 and slippage_bps is not None and before.exit_slippage_bps is not None:
        slippage_bps = average_price(before.exit_slippage_bps, before.exit_qty, slippage_bps, qty)
    elif before.exit_qty > 0:
        slippage_bps = None
    return replace(record, exit_slippage_bps=slippage_bps)

"""Writing a trade's orders: every id is ours and counted, everything but the entry is reduce-only."""

from collections.abc import Iterable

from cockpit.domain.kinds import OrderRole, OrderType
from cockpit.domain.orders import ROLE_LETTER, OrderProgress, OrderRequest
from cockpit.domain.trades import TradeRecord

RESTART_GAP = 100
"""After a restart ids go on from the next hundred: none that an earlier engine may have used comes again."""


class Tickets:
    """The orders of one trade, numbered: `t000001e1`, `t000001s2`, ..."""

    def __init__(self) -> None:
        self._written = 0

    def go_on_after(self, trade: TradeRecord, orders: Iterable[OrderProgress]) -> None:
        """Number on after a restart, past every id of the trade that is known."""
        ids = [trade.entry_order_id, trade.stop_order_id, *(rung.order_id for rung in trade.rungs)]
        ids += [order.request.order_id for order in orders]
        numbers = [int(order_id.removeprefix(trade.trade_id)[1:]) for order_id in ids if order_id]
        self._written = (max(numbers, default=0) // RESTART_GAP + 1) * RESTART_GAP

    def write(
        self,
        trade: TradeRecord,
        role: OrderRole,
        order_type: OrderType,
        qty: float,
        now_ns: int,
        *,
        limit_price: float | None = None,
        trigger_price: float | None = None,
    ) -> OrderRequest:
        """The next order of this trade; `qty` in base coins."""
        self._written += 1
        is_entry = role is OrderRole.ENTRY
        return OrderRequest(
            order_id=f"{trade.trade_id}{ROLE_LETTER[role]}{self._written}",
            trade_id=trade.trade_id,
            venue=trade.venue,
            asset=trade.asset,
            side=trade.side if is_entry else trade.side.opposite,
            role=role,
            order_type=order_type,
            qty=qty,
            reduce_only=not is_entry,
            decided_ns=now_ns,
            decision_price=trade.decision_price,
            limit_price=limit_price,
            trigger_price=trigger_price,
        )

"""Exits that take more than one trade's: a venue holds one position a perpetual, whoever's trades it is made of.

A target and a close under way at once, a flatten of the venue or a stranger's order may take from any trade there, and
from an entry whose own execution has not been told yet: that part is kept until it is.
"""

from collections.abc import Callable

from msgspec.structs import replace

from cockpit.domain.actions import QueryPosition
from cockpit.domain.events import OrderFilled
from cockpit.domain.kinds import OrderType
from cockpit.domain.numbers import price_text
from cockpit.domain.orders import OrderProgress
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.outside import SWEPT, Place
from cockpit.engine.trade_life import TradeLife


class SharedExits:
    """Books executions that reduce to the trades they took from. `at` are the trades of a place, oldest first."""

    def __init__(
        self, orders: OrderManager, at: Callable[[str, str], list[TradeLife]], lot: Callable[[str, str], float]
    ) -> None:
        self._orders = orders
        self._at = at
        self._lot = lot
        self._booked_before: frozenset[tuple[str, str]] = frozenset()
        self._early: dict[Place, list[OrderFilled]] = {}

    def restore(self, booked: frozenset[tuple[str, str]]) -> None:
        """What an earlier engine has booked of it, (venue, fill id)."""
        self._booked_before = booked

    def book(self, fill: OrderFilled, progress: OrderProgress, trade: TradeLife | None, out: Outbox) -> None:
        """Book an exit to its trade, and what it took beyond that to the other trades of the same position.

        Reduce-only means the venue's one position, not our trade: a target and a close under way at once can take more
        than their own trade holds while another is open there.
        """
        order, excess = progress.request, fill.qty - (max(0.0, trade.record.open_qty) if trade else 0.0)
        half_a_lot = self._lot(order.venue, order.asset) / 2
        for other in self._at(order.venue, order.asset):
            taken = min(excess, other.record.open_qty)
            if other is not trade and taken > half_a_lot:
                other.absorb(fill, taken, out)
                excess -= taken
                fill = replace(fill, qty=fill.qty - taken, fee_usd=fill.fee_usd * (1.0 - taken / fill.qty))
        place = (order.venue, order.asset)
        if excess > half_a_lot and self._has_entry_under_way(place):
            extra = replace(fill, qty=excess, fee_usd=fill.fee_usd * excess / fill.qty)
            self._early.setdefault(place, []).append(extra)
            fill = replace(fill, qty=fill.qty - excess, fee_usd=fill.fee_usd - extra.fee_usd)
        elif excess > half_a_lot:
            what = f"{excess:g} {order.asset} at {price_text(fill.price)} on {order.order_id} ({order.role.value})"
            out.notice("critical", "order", f"{what} more than {order.trade_id} held: check {order.venue}")
            out.add(QueryPosition(out.now_ns, order.venue, order.asset))
        if trade is not None and fill.qty > half_a_lot:
            trade.on_order(fill, progress, out)

    def taken(self, fill: OrderFilled, venue: str, asset: str, out: Outbox) -> None:
        """A flatten of the venue, or somebody else, closed something there.

        It was our trades' first, what is beyond them was nobody's.
        """
        if (venue, fill.fill_id) in self._booked_before or not self._orders.is_news(fill, out):
            return
        left = self._shared(fill, (venue, asset), out)
        if left is not None and fill.order_id.startswith(f"{SWEPT}-"):
            what = f"{left.qty:g} {asset} at {price_text(left.price)} on {venue}"
            out.notice("info", "flatten", f"closed {what} that no trade of ours held")
        elif left is not None:
            self._orders.mention_foreign(left, out)

    def _shared(self, fill: OrderFilled, place: Place, out: Outbox) -> OrderFilled | None:
        """Book it to the trades there; returns what is beyond them."""
        half_a_lot, left = self._lot(*place) / 2, fill
        for trade in self._at(*place):
            taken = min(left.qty, trade.record.open_qty)
            if taken > half_a_lot:
                trade.absorb(left, taken, out)
                left = replace(left, qty=left.qty - taken, fee_usd=left.fee_usd * (1.0 - taken / left.qty))
            if left.qty <= half_a_lot:
                return None
        return left

    def _has_entry_under_way(self, place: Place) -> bool:
        """Whether a market entry there may have executed without having been told: an exit of ours may take from it.

        One that rests at its price may rest for long: what was executed before it filled was never of it.
        """
        entries = (self._orders.get(trade.record.entry_order_id) for trade in self._at(*place))
        return any(entry is not None and entry.request.order_type is OrderType.MARKET for entry in entries)

    def settle(self, place: Place, out: Outbox) -> None:
        """An entry there was spoken of: exits that were told before it are booked, or go on waiting for another."""
        for fill in self._early.pop(place, ()):
            left = self._shared(fill, place, out)
            if left is not None and self._has_entry_under_way(place):
                self._early.setdefault(place, []).append(left)
            elif left is not None:
                self._orders.mention_foreign(left, out)

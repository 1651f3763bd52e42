"""One order of ours at a real venue: what the venue said of it, and what the engine was told. Pure.

Words may come twice, late, out of order, or not at all. What holds them together: an execution is told once, by its
id; an order is over for the engine only once every execution that the venue counts in it has been told. What is known
to have executed before its executions are listed is told as inferred, so that it is protected meanwhile. Where it
stands after each of them is for the one table of orders to say, by which the engine's own book goes too.
"""

from collections.abc import Iterable

from cockpit.domain.events import (
    FillInferred,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from cockpit.domain.kinds import OrderRole, OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderProgress, OrderRequest, OrderStep, status_after
from cockpit.domain.quantity import rounded
from cockpit.exchanges.base.account import VenueFill, VenueOrder

QTY_EPSILON = 1e-9
RESTING = (OrderStatus.WORKING, OrderStatus.PARTLY_FILLED)
SILENT = (OrderStatus.SENT, OrderStatus.UNKNOWN)
"""Statuses that say nothing about an order."""


class OrderState:
    """One order. Each method returns what the engine has to hear, in order.

    `is_ours_alone`: it carries our mark, but the engine knows nothing of it. `is_withdrawn`: it must not be sent again.
    `nets_with_ours`: it acts on the position that our trades are part of; a flatten closes others too.
    `was_given_up`: the venue did not know it for so long that it counts as never arrived; `was_disproved`: until then a
    position had seemed to be of it. `counted`: how much of it is in what our orders add up to.
    """

    def __init__(self, order_id: str, client_id: str, asset: str, side: Side) -> None:
        self.order_id = order_id
        self.client_id = client_id
        self.asset = asset
        self.side = side
        self.role: OrderRole | None = None
        self.qty = 0.0
        self.is_conditional: bool | None = None
        self.reduce_only = False
        self.takes_at_once = False
        self.expires_ns: int | None = None
        self.is_ours_alone = False
        self.nets_with_ours = True
        self.is_withdrawn = False
        self.was_given_up = False
        self.was_disproved = False
        self.counted = 0.0
        self.status = OrderStatus.SENT
        self.filled = 0.0
        self.sent_ns = 0
        self.venue_order_id = ""
        self._detail = ""
        self._fill_ids: set[str] = set()
        self._venue_filled = 0.0
        self._inferred = 0.0
        self._booked_elsewhere = 0.0
        self._end: VenueOrder | None = None
        self._was_reported = False
        self._is_left = False
        """An earlier engine left it, and the venue has not told of it since."""

    @classmethod
    def asked(cls, request: OrderRequest, client_id: str, now_ns: int) -> "OrderState":
        """An order the engine asks for now."""
        order = cls(request.order_id, client_id, request.asset, request.side)
        order.role = request.role
        order.qty = request.qty
        order.is_conditional = request.order_type is OrderType.STOP_MARKET
        order.reduce_only = request.reduce_only
        order.takes_at_once = request.order_type is OrderType.MARKET
        order.expires_ns = request.expires_ns
        order.sent_ns = now_ns
        return order

    @classmethod
    def restored(cls, progress: OrderProgress, client_id: str) -> "OrderState":
        """An order of an earlier engine, as the journal holds it: its fills are booked already."""
        order = cls.asked(progress.request, client_id, progress.request.decided_ns)
        order.status = progress.status if progress.status.is_final else OrderStatus.UNKNOWN
        order.filled = order.counted = progress.filled_qty
        order.venue_order_id = progress.venue_order_id
        order._detail = progress.detail
        order._fill_ids = set(progress.fill_ids)
        order._is_left = not progress.status.is_final
        return order

    @classmethod
    def closing(cls, order_id: str, client_id: str, asset: str, side: Side, qty: float) -> "OrderState":
        """A flatten's close, which the engine knows by its id alone."""
        order = cls(order_id, client_id, asset, side)
        order.qty = qty
        order.is_conditional = False
        order.reduce_only = order.takes_at_once = True
        return order

    @classmethod
    def found(cls, order_id: str, order: VenueOrder) -> "OrderState":
        """An order at the venue that carries our mark and that nobody here has asked for."""
        kept = cls(order_id, order.client_id, order.asset, order.side)
        kept.qty = order.qty
        kept.is_conditional = order.is_conditional
        kept.reduce_only = order.reduce_only
        kept.is_ours_alone = True
        return kept

    def restore_inferred(self, entry_qty: float) -> None:
        """An earlier engine held so much of it, executions listed or not."""
        self._inferred = self.counted = max(self.filled, entry_qty)

    # What is known.

    @property
    def is_over(self) -> bool:
        """Whether the engine was told that nothing more of it will execute."""
        return self.status.is_final

    @property
    def is_resting(self) -> bool:
        """Whether the engine was told that it works at the venue."""
        return self.status in RESTING

    def rests_again(self, reported: VenueOrder) -> bool:
        """Whether it ended and another one rests under its id: sent twice, and the second came after the end."""
        end = self._end
        return (
            self.is_over
            and end is not None
            and reported.is_conditional
            and end.venue_order_id != reported.venue_order_id
        )

    @property
    def is_resting_entry(self) -> bool:
        """Whether it rests and would open a position."""
        return self.is_resting and not self.reduce_only

    @property
    def is_our_exit(self) -> bool:
        """Whether it takes from the position that our trades are part of."""
        return self.reduce_only and self.nets_with_ours

    @property
    def lacks_fills(self) -> bool:
        """Whether the venue has counted more in it than has been told."""
        return self._venue_filled - self.filled > QTY_EPSILON

    @property
    def lacks_price(self) -> bool:
        """Whether the venue has counted more in it than is known, at a price that nobody has told."""
        return self._venue_filled - max(self.filled, self._inferred) > QTY_EPSILON

    @property
    def venue_filled(self) -> float:
        """How much of it the venue has counted as executed."""
        return self._venue_filled

    @property
    def executed(self) -> float:
        """What is known to have executed and was not told under another order's id."""
        return rounded(max(self.filled, self._inferred) - self._booked_elsewhere)

    @property
    def has_inferred_fill(self) -> bool:
        """Whether more of it has executed than its executions say yet."""
        return self._inferred - self.filled > QTY_EPSILON

    @property
    def is_in_doubt(self) -> bool:
        """Whether it may have executed although the venue has never spoken of it."""
        return not self._was_reported and (self.status in SILENT or self.was_given_up)

    @property
    def was_reported(self) -> bool:
        """Whether the venue ever spoke of it: then it has arrived, whatever a lookup says."""
        return self._was_reported

    # What the venue says.

    def take(self, reported: VenueOrder, now_ns: int) -> list[OrderEvent | FillInferred]:
        """The venue's state of it, new or old. The newest word of its end says how much of it executed: one that was
        cut to the position may have been called filled as if whole.
        """
        counted = self.filled if reported.status.is_final else self._venue_filled
        self._venue_filled = max(counted, reported.filled_qty)
        self.venue_order_id = reported.venue_order_id or self.venue_order_id
        if reported.status in SILENT:
            return []
        self._was_reported = True
        if self.is_conditional is None:
            self.is_conditional = reported.is_conditional
        if reported.status.is_final:
            self._end = reported
            self._inferred = min(self._inferred, max(self.filled, reported.filled_qty))
        accepted = self._accepted(reported.status, now_ns)
        return [*accepted, *self.infer(reported.filled_qty, reported.average_price, now_ns), *self._ended(now_ns)]

    def infer(self, filled_qty: float, average_price: float, now_ns: int) -> list[FillInferred]:
        """So much of it has executed, whether or not its executions are listed."""
        if filled_qty - max(self.filled, self._inferred) <= QTY_EPSILON or average_price <= 0.0:
            return []
        self._inferred = filled_qty
        if self.reduce_only or self.is_ours_alone:
            return []
        return [FillInferred(now_ns, self.order_id, filled_qty, average_price)]

    def book(self, fills: Iterable[VenueFill], now_ns: int) -> list[OrderEvent]:
        """Executions of it, known or new."""
        events: list[OrderEvent] = []
        for fill in fills:
            if fill.fill_id in self._fill_ids:
                continue
            self._was_reported = True
            self._fill_ids.add(fill.fill_id)
            self.filled = rounded(self.filled + fill.qty)
            events += self._accepted(OrderStatus.PARTLY_FILLED, now_ns)
            self._follow(OrderStep.FILLED if self.is_over and self._is_whole else OrderStep.PARTLY_FILLED)
            events.append(
                OrderFilled(now_ns, self.order_id, fill.fill_id, fill.qty, fill.price, fill.fee_usd, fill.is_maker)
            )
        return events + self._ended(now_ns)

    def count(self, fill: VenueFill, now_ns: int) -> list[OrderEvent]:
        """An execution of it that was told under another order's id: it counts here, and is not told again."""
        if fill.fill_id in self._fill_ids:
            return []
        self._was_reported = True
        self._fill_ids.add(fill.fill_id)
        self.filled = rounded(self.filled + fill.qty)
        self._booked_elsewhere = rounded(self._booked_elsewhere + fill.qty)
        return self._ended(now_ns)

    def has_booked(self, fill: VenueFill) -> bool:
        """Whether that execution is counted in it."""
        return fill.fill_id in self._fill_ids

    # What we conclude.

    def refuse(self, reason: str, now_ns: int) -> list[OrderEvent]:
        """It never reached the venue's book, and never will."""
        if self.is_over:
            return []
        self._inferred = self.filled
        self._follow(OrderStep.REJECTED, reason)
        return [OrderRejected(now_ns, self.order_id, reason)]

    def withdraw(self, reason: str, now_ns: int) -> list[OrderEvent]:
        """It was taken back before it left."""
        if self.is_over:
            return []
        self._follow(OrderStep.CANCELLED, reason)
        return [OrderCancelled(now_ns, self.order_id, reason)]

    def doubt(self, reason: str, now_ns: int) -> list[OrderEvent]:
        """Nobody knows what became of it."""
        if self.is_over or self.status is OrderStatus.UNKNOWN:
            return []
        self._follow(OrderStep.UNKNOWN, reason)
        return [OrderUnknown(now_ns, self.order_id, reason)]

    def not_found(self, reason: str, now_ns: int) -> list[OrderEvent]:
        """A stop of an earlier engine is not at the venue, or not yet: said once, as it decides over what is bare."""
        if (
            self.role is not OrderRole.STOP
            or not self._is_left
            or self._was_reported
            or self.status is not OrderStatus.UNKNOWN
        ):
            return []
        self._is_left, self._detail = False, reason
        return [OrderUnknown(now_ns, self.order_id, reason)]

    def answer(self, now_ns: int) -> list[OrderEvent]:
        """What was told of it last, once more: the answer to a question that brought nothing new."""
        match self.status:
            case OrderStatus.REJECTED:
                return [OrderRejected(now_ns, self.order_id, self._detail)]
            case OrderStatus.CANCELLED:
                return [OrderCancelled(now_ns, self.order_id, self._detail)]
            case OrderStatus.UNKNOWN | OrderStatus.SENT:
                return []
            case _:
                return [OrderAccepted(now_ns, self.order_id, self.venue_order_id)]

    def _accepted(self, status: OrderStatus, now_ns: int) -> list[OrderEvent]:
        """Accepted is told once, before anything executes, and again where we had given it up and it lives."""
        if status is OrderStatus.REJECTED or self.is_resting or (self.is_over and not self._lives_after_all(status)):
            return []
        if status is OrderStatus.CANCELLED and not self.filled and not self._venue_filled:
            return []
        if self.is_over:
            # That was our conclusion and not the venue's word; the engine, which is told, says so.
            self.status = OrderStatus.UNKNOWN
        self._follow(OrderStep.ACCEPTED)
        return [OrderAccepted(now_ns, self.order_id, self.venue_order_id)]

    def _lives_after_all(self, status: OrderStatus) -> bool:
        return self._end is None and status in RESTING and self.status is not OrderStatus.FILLED

    def _ended(self, now_ns: int) -> list[OrderEvent]:
        """Over, but not before every execution was told."""
        end = self._end
        if end is None or self.lacks_fills or self.is_over:
            return []
        if end.status is OrderStatus.FILLED and self._is_whole:
            self._follow(OrderStep.FILLED)
            return []
        said = (
            f"filled {self.filled:.10g} of {self.qty:.10g}" if self.filled > 0 else f"{end.status.value} by the venue"
        )
        detail = end.detail or said
        if end.status is OrderStatus.REJECTED and self.filled <= 0:
            self._follow(OrderStep.REJECTED, detail)
            return [OrderRejected(now_ns, self.order_id, detail)]
        self._follow(OrderStep.CANCELLED, detail)
        return [OrderCancelled(now_ns, self.order_id, detail)]

    @property
    def _is_whole(self) -> bool:
        return self.qty - self.filled <= QTY_EPSILON

    def _follow(self, step: OrderStep, detail: str = "") -> None:
        """Stand where the table says. What it calls impossible leaves an order that may still execute unknown, so that
        it is asked for, and one that is over as it was. The engine is told it all the same, and says it.
        """
        after = status_after(self.status, step, self.filled > 0)
        if after is None:
            after = self.status if self.is_over else OrderStatus.UNKNOWN
        self.status, self._detail = after, detail or self._detail

"""Our orders and what became of each. Facts are booked here; what they mean for a trade is the trade's business."""

from collections.abc import Iterable
from math import inf, isfinite

from msgspec.structs import replace

from cockpit.domain.actions import CancelOrder, OrderChanged, PlaceOrder, QueryOrder
from cockpit.domain.bounded import BoundedMap, Recent
from cockpit.domain.events import OrderAccepted, OrderCancelled, OrderEvent, OrderFilled, OrderRejected, OrderUnknown
from cockpit.domain.kinds import OrderRole, OrderStatus
from cockpit.domain.numbers import price_text
from cockpit.domain.orders import OrderProgress, OrderRequest, OrderStep, status_after
from cockpit.domain.units import NS_PER_S, average_price
from cockpit.engine.outbox import Outbox

STEP_OF = {
    OrderAccepted: OrderStep.ACCEPTED,
    OrderRejected: OrderStep.REJECTED,
    OrderCancelled: OrderStep.CANCELLED,
    OrderUnknown: OrderStep.UNKNOWN,
}
"""What each event that is no execution tells of an order."""
QTY_EPSILON = 1e-12
REMEMBERED = 1_000
"""How many orders that are final, and fills that nobody knows, are remembered."""
ASK_UNKNOWN_NS = NS_PER_S
OVERDUE_NS = 5 * NS_PER_S
"""An order on its way, or a cancel, that nobody has answered for so long is asked for."""


class OrderManager:
    """Every order that is not final yet, and the last of those that are: a venue may speak of an order late."""

    def __init__(self) -> None:
        self._orders: dict[str, OrderProgress] = {}
        self._final: BoundedMap[str, OrderProgress] = BoundedMap(REMEMBERED)
        self._unseen: set[str] = set()
        """Orders of an earlier engine that no venue has spoken of since: what the journal says of them may be over."""
        self._strange_fills: Recent[tuple[str, str]] = Recent(REMEMBERED)
        self._cancelling: set[str] = set()
        self._quiet_since_ns: dict[str, int] = {}

    def place(self, request: OrderRequest, out: Outbox) -> None:
        """Send an order; it counts as on its way until the venue says otherwise."""
        progress = OrderProgress(request)
        self._orders[request.order_id] = progress
        self._quiet_since_ns[request.order_id] = out.now_ns
        out.add(PlaceOrder(out.now_ns, request))
        out.add(OrderChanged(out.now_ns, progress))

    def cancel(self, order_id: str, out: Outbox) -> None:
        """Ask for an order's cancellation, unless that is under way."""
        if order_id in self._orders and order_id not in self._cancelling:
            self._cancelling.add(order_id)
            self._quiet_since_ns[order_id] = out.now_ns
            out.add(self._cancel_of(self._orders[order_id].request, out))

    def cancel_all(self, trade_id: str, out: Outbox) -> None:
        """Ask for the cancellation of whatever is left of a trade's orders."""
        for order in self.of_trade(trade_id):
            self.cancel(order.request.order_id, out)

    def get(self, order_id: str) -> OrderProgress | None:
        """An order that may still change, or None."""
        return self._orders.get(order_id)

    def find(self, order_id: str) -> OrderProgress | None:
        """An order that was ever asked for here, over or not."""
        return self._orders.get(order_id) or self._final.get(order_id)

    def knows(self, order_id: str) -> bool:
        """Whether the order was ever asked for here, or taken over from an earlier engine."""
        return order_id in self._orders or order_id in self._final

    def is_live(self, order_id: str) -> bool:
        """Whether the order can still execute as far as anybody knows (UNKNOWN counts: it may)."""
        return order_id in self._orders

    def live(self) -> Iterable[OrderProgress]:
        """Every order that may still execute."""
        return self._orders.values()

    def of_trade(self, trade_id: str, role: OrderRole | None = None) -> list[OrderProgress]:
        """A trade's orders that may still execute, of one role or of all, oldest first."""
        own = [order for order in self._orders.values() if order.request.trade_id == trade_id]
        return [order for order in own if role in (None, order.request.role)]

    def ever_of_trade(self, trade_id: str) -> list[OrderProgress]:
        """Every order of a trade that is remembered, over or not."""
        return [one for one in (*self._final.values(), *self._orders.values()) if one.request.trade_id == trade_id]

    def restore(self, orders: Iterable[OrderProgress], now_ns: int) -> None:
        """Take over the orders of an earlier engine, the final ones too: their fills are booked already."""
        known = {order.request.order_id: order for order in orders}
        # All of them: which of an earlier engine's orders the venue speaks of next nobody knows.
        self._final.update({order_id: order for order_id, order in known.items() if order.status.is_final})
        self._orders.update({order_id: order for order_id, order in known.items() if not order.status.is_final})
        self._quiet_since_ns = dict.fromkeys(self._orders, now_ns)
        self._unseen = set(self._orders)

    def on_time(self, out: Outbox) -> None:
        """Time passed: ask for every order nobody knows, and for those a venue has left unanswered."""
        for order_id, order in self._orders.items():
            quiet_ns = out.now_ns - self._quiet_since_ns[order_id]
            unanswered = order.status is OrderStatus.SENT or order_id in self._cancelling
            if (order.status is OrderStatus.UNKNOWN and quiet_ns >= ASK_UNKNOWN_NS) or (
                unanswered and quiet_ns >= OVERDUE_NS
            ):
                self._quiet_since_ns[order_id] = out.now_ns
                if order_id in self._cancelling:
                    out.add(self._cancel_of(order.request, out))
                self._ask_for(order, out)

    @property
    def has_unanswered(self) -> bool:
        """Whether time alone will ask a venue for an order."""
        waiting = (OrderStatus.SENT, OrderStatus.UNKNOWN)
        return bool(self._cancelling) or any(order.status in waiting for order in self._orders.values())

    def apply(self, event: OrderEvent, out: Outbox) -> OrderProgress | None:
        """Book what the venue says of an order.

        Returns its new progress, or None when the event says nothing new: a fill that was booked already, or an order
        that is not ours (which is said in a notice).
        """
        if isinstance(event, OrderFilled) and not self._is_usable(event, out):
            return None
        before = self._orders.get(event.order_id)
        if before is None:
            return self._late(event, out)
        self._quiet_since_ns[event.order_id] = out.now_ns
        after = self._booked(before, event, out)
        was_unseen = event.order_id in self._unseen
        self._unseen.discard(event.order_id)
        if after is None or (after == before and not was_unseen):
            return None
        out.add(OrderChanged(out.now_ns, after))
        self._orders[event.order_id] = after
        if after.status.is_final:
            self._finish(after)
        if after.status is OrderStatus.UNKNOWN:
            self._mention_unknown(after, out)
            self._ask_for(after, out)
        return after

    @staticmethod
    def _mention_unknown(order: OrderProgress, out: Outbox) -> None:
        """Of a stop its trade tells itself, as it matters more."""
        request = order.request
        if request.role is not OrderRole.STOP:
            what = f"{request.order_id} ({request.role.value} of {request.qty:g} {request.asset} on {request.venue})"
            out.notice("warning", "order", f"{what} unknown, asked for by its id: {order.detail}")

    def _finish(self, order: OrderProgress) -> None:
        order_id = order.request.order_id
        del self._orders[order_id], self._quiet_since_ns[order_id]
        self._cancelling.discard(order_id)
        self._final[order_id] = order

    def _late(self, event: OrderEvent, out: Outbox) -> OrderProgress | None:
        """The venue speaks of an order that was final. What executed counts, whatever was said before."""
        known = self._final.get(event.order_id)
        if known is None:
            if isinstance(event, OrderFilled) and self.is_news(event, out):
                self.mention_foreign(event, out)
            return None
        if isinstance(event, OrderAccepted) and known.status is not OrderStatus.FILLED:
            out.notice("critical", "order", f"{event.order_id} works at the venue after it was {known.status.value}")
            out.add(self._cancel_of(known.request, out))
            return None
        if not isinstance(event, OrderFilled):
            step = STEP_OF[type(event)]
            if status_after(known.status, step, known.filled_qty > 0) is None:
                out.notice("critical", "order", f"{event.order_id} {_impossible(known, step)}")
            return None
        after = self._with_fill(known, event, out)
        if after is None:
            return None
        out.notice("critical", "order", f"{event.order_id} filled after it was {known.status.value}: booked")
        self._final[event.order_id] = after
        out.add(OrderChanged(out.now_ns, after))
        return after

    def is_news(self, fill: OrderFilled, out: Outbox) -> bool:
        """Whether this fill of an order that is not in the book comes for the first time, and can be booked."""
        if not self._is_usable(fill, out) or (fill.order_id, fill.fill_id) in self._strange_fills:
            return False
        self._strange_fills.add((fill.order_id, fill.fill_id))
        return True

    @staticmethod
    def mention_foreign(event: OrderFilled, out: Outbox) -> None:
        """Tell of a fill that is nobody's we know."""
        out.notice(
            "critical",
            "order",
            f"fill {event.fill_id} of {event.qty:g} at {price_text(event.price)} on order {event.order_id}, "
            "which is not ours: check the venue",
        )

    def _booked(self, before: OrderProgress, event: OrderEvent, out: Outbox) -> OrderProgress | None:
        if isinstance(event, OrderFilled):
            return self._with_fill(before, event, out)
        step = STEP_OF[type(event)]
        status = status_after(before.status, step, before.filled_qty > 0)
        if status is None:
            return replace(before, status=OrderStatus.UNKNOWN, detail=_impossible(before, step))
        if isinstance(event, OrderAccepted):
            return replace(before, status=status, venue_order_id=event.venue_order_id)
        return replace(before, status=status, detail=event.reason)

    def _with_fill(self, before: OrderProgress, fill: OrderFilled, out: Outbox) -> OrderProgress | None:
        if fill.fill_id in before.fill_ids:
            return None
        asked, filled = before.request.qty, before.filled_qty + fill.qty
        step = OrderStep.FILLED if filled >= asked - QTY_EPSILON else OrderStep.PARTLY_FILLED
        status = status_after(before.status, step, before.filled_qty > 0)
        if filled > asked + QTY_EPSILON:
            out.notice("critical", "order", f"{fill.order_id} filled {filled:.10g}, more than the {asked:.10g} asked")
        return replace(
            before,
            status=before.status if status is None else status,
            filled_qty=asked if abs(filled - asked) <= QTY_EPSILON else filled,
            average_price=average_price(before.average_price, before.filled_qty, fill.price, fill.qty),
            fees_usd=before.fees_usd + fill.fee_usd,
            fill_ids=(*before.fill_ids, fill.fill_id),
        )

    @staticmethod
    def _is_usable(fill: OrderFilled, out: Outbox) -> bool:
        """Whether the fill's numbers are numbers: one that is not would unmake every sum after it."""
        if 0.0 < fill.qty < inf and 0.0 < fill.price < inf and isfinite(fill.fee_usd):
            return True
        out.notice(
            "critical",
            "order",
            f"fill {fill.fill_id} of {fill.order_id} not booked: expected a quantity and a price above 0, "
            f"was {fill.qty:g} at {price_text(fill.price)}, fee {fill.fee_usd:g}",
        )
        return False

    @staticmethod
    def _cancel_of(request: OrderRequest, out: Outbox) -> CancelOrder:
        return CancelOrder(out.now_ns, request.order_id, request.venue, request.asset)

    @staticmethod
    def _ask_for(order: OrderProgress, out: Outbox) -> None:
        out.add(QueryOrder(out.now_ns, order.request.order_id, order.request.venue, order.request.asset))


def _impossible(order: OrderProgress, step: OrderStep) -> str:
    filled = f"{order.filled_qty:g} of {order.request.qty:g} filled"
    return f"was told {step.value} after it was {_standing(order)} ({filled}): that cannot be"


def _standing(order: OrderProgress) -> str:
    return OrderStatus.PARTLY_FILLED.value if order.status is OrderStatus.UNKNOWN else order.status.value

"""Our orders and what became of each. The desk books facts; what they mean for a trade is the trade's business."""

from collections.abc import Iterable

from msgspec.structs import replace

from cockpit.domain.actions import CancelOrder, OrderChanged, PlaceOrder, QueryOrder
from cockpit.domain.events import OrderAccepted, OrderCancelled, OrderEvent, OrderFilled, OrderRejected, OrderUnknown
from cockpit.domain.kinds import OrderStatus
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.engine.outbox import Outbox

QTY_EPSILON = 1e-12
FILLS_REMEMBERED = 20_000


class Desk:
    """Every order that is not final yet, and the ids of the fills already booked."""

    def __init__(self) -> None:
        self._orders: dict[str, OrderProgress] = {}
        self._fills: dict[str, None] = {}
        self._cancelling: set[str] = set()

    def place(self, request: OrderRequest, out: Outbox) -> None:
        """Send an order; it counts as on its way until the venue says otherwise."""
        progress = OrderProgress(request)
        self._orders[request.order_id] = progress
        out.add(PlaceOrder(out.now_ns, request))
        out.add(OrderChanged(out.now_ns, progress))

    def cancel(self, order_id: str, out: Outbox) -> None:
        """Ask for an order's cancellation, once."""
        progress = self._orders.get(order_id)
        if progress is None or progress.status.is_final or order_id in self._cancelling:
            return
        self._cancelling.add(order_id)
        out.add(CancelOrder(out.now_ns, order_id, progress.request.venue, progress.request.asset))

    def get(self, order_id: str) -> OrderProgress | None:
        """An order that may still change, or None."""
        return self._orders.get(order_id)

    def is_live(self, order_id: str) -> bool:
        """Whether the order can still execute as far as anybody knows (UNKNOWN counts: it may)."""
        progress = self._orders.get(order_id)
        return progress is not None and not progress.status.is_final

    def live(self) -> Iterable[OrderProgress]:
        """Every order that may still execute."""
        return self._orders.values()

    def restore(self, orders: Iterable[OrderProgress]) -> None:
        """Take over the orders of an earlier engine."""
        self._orders.update((order.request.order_id, order) for order in orders if not order.status.is_final)

    def apply(self, event: OrderEvent, out: Outbox) -> OrderProgress | None:
        """Book what the venue says of an order.

        Returns its new progress, or None when the event says nothing new: a fill that was booked already, an order that
        is final, or one that is not ours (which is said in a notice).
        """
        before = self._orders.get(event.order_id)
        if before is None:
            self._mention_stranger(event, out)
            return None
        after = self._booked(before, event)
        if after is None or after == before:
            return None
        out.add(OrderChanged(out.now_ns, after))
        if after.status.is_final:
            del self._orders[event.order_id]
            self._cancelling.discard(event.order_id)
        else:
            self._orders[event.order_id] = after
        if after.status is OrderStatus.UNKNOWN:
            out.add(QueryOrder(out.now_ns, event.order_id, after.request.venue, after.request.asset))
        return after

    def _mention_stranger(self, event: OrderEvent, out: Outbox) -> None:
        if isinstance(event, OrderFilled) and self._is_new(event.fill_id):
            out.notice(
                "critical",
                "order",
                f"fill {event.fill_id} of {event.qty:g} at {event.price:g} on order {event.order_id}, which is not ours "
                "or was final: check the venue",
            )

    def _booked(self, before: OrderProgress, event: OrderEvent) -> OrderProgress | None:
        match event:
            case OrderAccepted():
                status = OrderStatus.PARTLY_FILLED if before.filled_qty > 0 else OrderStatus.WORKING
                return replace(before, status=status, venue_order_id=event.venue_order_id)
            case OrderFilled():
                return self._with_fill(before, event)
            case OrderRejected():
                return replace(before, status=OrderStatus.REJECTED, detail=event.reason)
            case OrderCancelled():
                return replace(before, status=OrderStatus.CANCELLED, detail=event.reason)
            case OrderUnknown():
                return replace(before, status=OrderStatus.UNKNOWN, detail=event.reason)

    def _with_fill(self, before: OrderProgress, fill: OrderFilled) -> OrderProgress | None:
        if not self._is_new(fill.fill_id):
            return None
        filled = before.filled_qty + fill.qty
        is_whole = filled >= before.request.qty - QTY_EPSILON
        return replace(
            before,
            status=OrderStatus.FILLED if is_whole else OrderStatus.PARTLY_FILLED,
            filled_qty=before.request.qty if is_whole else filled,
            average_price=(before.average_price * before.filled_qty + fill.price * fill.qty) / filled,
            fees_usd=before.fees_usd + fill.fee_usd,
        )

    def _is_new(self, fill_id: str) -> bool:
        if fill_id in self._fills:
            return False
        self._fills[fill_id] = None
        if len(self._fills) > FILLS_REMEMBERED:
            del self._fills[next(iter(self._fills))]
        return True

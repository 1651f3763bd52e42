"""Orders that rested and are in no list any more, while the venue does not know their id either."""

from collections.abc import Collection

from cockpit.execution.order_state import OrderState
from cockpit.execution.venue_context import VenueContext


class VanishedOrders:
    """Remembers since when each is nowhere: seen so once it is asked for again, twice it is unknown."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._since_ns: dict[str, int] = {}

    def listed(self, kept: OrderState) -> None:
        """It is in the list."""
        self._since_ns.pop(kept.order_id, None)

    def seen_nowhere(self, kept: OrderState, is_known: bool) -> bool:
        """An order that rested is in no list. Unless its id is known it has vanished; whether to look again at once."""
        context = self._context
        if is_known or not kept.is_resting:
            self._since_ns.pop(kept.order_id, None)
        elif kept.order_id not in self._since_ns:
            self._since_ns[kept.order_id] = context.now_ns
            return True
        else:
            reason = f"{context.venue} neither lists it nor knows its id"
            context.emit(kept.doubt(reason, context.now_ns))
        return False

    def give_up(self, there: Collection[str]) -> None:
        """What is still nowhere after a minute counts as gone. `there` are the client ids that are listed."""
        context = self._context
        for order_id, since_ns in list(self._since_ns.items()):
            kept = context.orders.get(order_id)
            if kept is None or kept.is_over or kept.client_id in there:
                del self._since_ns[order_id]
            elif not kept.is_resting and context.timing.since_s(since_ns) >= context.pace.gone_after_s:
                reason = f"{context.venue} neither lists it nor knows its id for {context.pace.gone_after_s:g} s: gone"
                context.emit(kept.withdraw(reason, context.now_ns))

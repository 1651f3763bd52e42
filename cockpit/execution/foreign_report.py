"""What the engine was told of each position that is not ours."""

from collections.abc import Sequence

from msgspec.structs import replace

from cockpit.domain.events import ForeignPosition
from cockpit.exchanges.base.account import HeldPosition, PositionKey
from cockpit.exchanges.base.order_text import plain_id
from cockpit.execution.foreign_protection import ForeignProtection
from cockpit.execution.venue_context import VenueContext


class ForeignReport:
    """Tells of one where it or its stop has changed, and once it is gone."""

    def __init__(self, context: VenueContext, protection: ForeignProtection) -> None:
        self._context = context
        self._protection = protection
        self._emitted: dict[PositionKey, ForeignPosition] = {}

    def emit(self, foreign: Sequence[HeldPosition]) -> None:
        """These are there now, and no others."""
        context, there = self._context, {position.key: position for position in foreign}
        for key in [key for key in self._emitted if key not in there]:
            gone = replace(self._emitted.pop(key), ts_ns=context.now_ns, qty=0.0, stop_price=None)
            context.emit([gone])
        for key, position in there.items():
            mode = "" if key.is_isolated is None else "isolated" if key.is_isolated else "cross"
            side = "" if position.nets_with_ours else plain_id(key.hedge_side or "net").lower()
            stop_price = self._protection.stop_price(position)
            event = ForeignPosition(
                context.now_ns, context.venue, plain_id(key.asset), mode, side, position.qty, position.entry_price,
                position.mark_price, stop_price,
            )  # fmt: skip
            emitted = self._emitted.get(key)
            if emitted is None or (emitted.qty, emitted.stop_price) != (event.qty, event.stop_price):
                self._emitted[key] = event
                context.emit([event])

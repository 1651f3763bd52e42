"""Flattening paper venues: from the venue's own truth, until it was seen flat twice. No timer ends it."""

from cockpit.domain.events import VenueFlat, VenuePosition
from cockpit.domain.kinds import OrderType
from cockpit.domain.quantity import rounded
from cockpit.paper.matching import Matching
from cockpit.paper.orders import PaperOrder


class PaperFlatten:
    """One venue's flatten. `step` is called after everything that happens on the venues, `read_again` when it is time.

    Entries and resting targets go first, then every position is closed reduce-only at market; stops stay until the
    position is flat, which cancels them. A look that finds the venue flat is reported; the second one, at least
    `pause_ns` after the first, ends the flatten.
    """

    def __init__(self, venue: str, reason: str, pause_ns: int) -> None:
        self.venue = venue
        self.is_done = False
        self._reason = f"flatten: {reason}"
        self._pause_ns = pause_ns
        self._read_again_ns: int | None = None
        self._touched: dict[str, None] = {}

    def step(self, matching: Matching, now_ns: int) -> int | None:
        """Cancel and close what there is. Where this is the first look that finds it flat: when to look again."""
        if not self._is_flat(matching):
            self._read_again_ns = None
        for order in self._orders(matching):
            self._touched[order.request.asset] = None
            if not order.request.reduce_only or order.request.order_type is OrderType.LIMIT:
                matching.cancel(order.request.order_id, self._reason, now_ns)
        for asset, _ in matching.positions.open_on(self.venue):
            self._touched[asset] = None
            self._close(asset, matching, now_ns)
        if self.is_done or self._read_again_ns is not None or not self._is_flat(matching):
            return None
        self._report(matching, now_ns)
        self._read_again_ns = now_ns + self._pause_ns
        return self._read_again_ns

    def read_again(self, matching: Matching, now_ns: int) -> None:
        """Look a second time; had something come back meanwhile, `step` has begun anew and this look is too early."""
        if self._read_again_ns is not None and now_ns >= self._read_again_ns and self._is_flat(matching):
            self._report(matching, now_ns)
            self.is_done = True

    def _close(self, asset: str, matching: Matching, now_ns: int) -> None:
        """Close what no order is closing yet. Without a book it waits for one."""
        book = matching.books.serving(self.venue, asset)
        if not book.is_known:
            return
        held = matching.positions.of(self.venue, asset).qty
        closing = sum(order.left for order in self._orders(matching) if order.request.asset == asset and order.taking)
        missing = rounded(abs(held) - closing)
        if missing > 0:
            matching.close(self.venue, asset, missing, now_ns)

    def _report(self, matching: Matching, now_ns: int) -> None:
        matching.out.extend(VenuePosition(now_ns, self.venue, asset, 0.0, 0.0, 0) for asset in self._touched)
        matching.out.append(VenueFlat(now_ns, self.venue))

    def _is_flat(self, matching: Matching) -> bool:
        return not self._orders(matching) and not matching.positions.open_on(self.venue)

    def _orders(self, matching: Matching) -> list[PaperOrder]:
        return [order for order in matching.working() if order.request.venue == self.venue]

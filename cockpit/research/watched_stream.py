"""One asset's prints and tops at one venue on a day, and who follows them there."""

from math import inf, nextafter

from cockpit.domain.events import Top, Trade
from cockpit.market.asset import AssetMarket, RunningBar
from cockpit.paper.book import PaperBook
from cockpit.research.columns import NO_ROW, Prints, Tops

NEVER_NS = 2**63 - 1


class WatchedStream:
    """One asset's prints and tops at one venue, and who follows them: the watched market, and the venue's book."""

    def __init__(self, prints: Prints, tops: Tops | None, market: AssetMarket | None, book: PaperBook | None) -> None:
        self.prints, self.tops, self.market, self.book = prints, tops, market, book
        self.print_row = self.top_row = NO_ROW
        self.trade: Trade | None = market.last_trade if market is not None else None
        self.top: Top | None = market.top if market is not None else None
        if book is not None:
            self.trade, self.top = book.trade, book.top
        self.first_ns = int(prints.ts_ns[0]) if len(prints) else None
        self.begun: RunningBar | None = market.running_bar if market is not None else None
        """The bar under way as the day begins: it may go on."""
        self.next_beyond = -1
        self._fences = (-inf, inf)

    def stand_at(self, print_row: int, top_row: int, running: RunningBar | None) -> None:
        """The market and the book as these rows left them; their events where somebody has made them already."""
        if print_row != self.print_row:
            self.print_row, self.trade = print_row, self.prints.event(print_row)
        if self.tops is not None and top_row != self.top_row:
            self.top_row, self.top = top_row, self.tops.event(top_row)
        if self.market is not None:
            self.market.stand_at(running, self.trade, self.top, self.first_ns if print_row >= 0 else None)
        if self.book is not None:
            self.book.trade, self.book.top = self.trade, self.top

    @property
    def is_new(self) -> bool:
        """Whether this day is the first on which the asset's market hears anything."""
        is_silent = not len(self.prints) and not (self.tops is not None and len(self.tops))
        return self.market is not None and not self.market.received_ns and not is_silent

    @property
    def first_place(self) -> int:
        """The place of its first row. Only where there is one."""
        streams = (stream for stream in (self.prints, self.tops) if stream is not None and len(stream))
        return min(int(stream.place[0]) for stream in streams)

    def next_event(self, place: int) -> Trade | Top | None:
        """The event of the row that comes next here, if it stands at this place: it becomes the latest."""
        row = self.print_row + 1
        if row < len(self.prints) and self.prints.place[row] == place:
            self.print_row, self.trade = row, self.prints.event(row)
            return self.trade
        row = self.top_row + 1
        if self.tops is not None and row < len(self.tops) and self.tops.place[row] == place:
            self.top_row, self.top = row, self.tops.event(row)
            return self.top
        return None

    def first_beyond(self, place: int) -> int:
        """The place of the next print from `place` on that somebody waits for, or beyond the last row."""
        low, high = -inf, inf
        if self.market is not None:
            low, high = nextafter(self.market.fence_low, -inf), nextafter(self.market.fence_high, inf)
        if self.book is not None:
            low, high = max(low, self.book.fence_low), min(high, self.book.fence_high)
        if (low, high) == self._fences and self.next_beyond >= place:
            return self.next_beyond
        self._fences = (low, high)
        places = self.prints.place
        row = self.prints.first_beyond(int(places.searchsorted(place)), low, high)
        self.next_beyond = int(places[row]) if row < len(places) else NEVER_NS
        return self.next_beyond

"""Every paper book, and whose book the orders of a venue execute against."""

from collections.abc import Iterable

from cockpit.config.model import CockpitConfig
from cockpit.paper.book import PaperBook
from cockpit.paper.orders import PaperOrder


class PaperBooks:
    """Books by venue and asset, for everything the config names; a print of anything else concerns nobody."""

    def __init__(self, config: CockpitConfig) -> None:
        self._listed = config.venues
        self._watch = {asset: where.watch for asset, where in config.assets.items()}
        self.by_venue: dict[str, dict[str, PaperBook]] = {}
        for venue, section in config.venues.items():
            self.by_venue[venue] = {asset: PaperBook(venue, asset) for asset in section.instruments}
        for asset, venue in self._watch.items():
            self.by_venue.setdefault(venue, {}).setdefault(asset, PaperBook(venue, asset))

    def find(self, venue: str, asset: str) -> PaperBook | None:
        """That book, or None for an instrument the config does not name."""
        return self.by_venue.get(venue, {}).get(asset)

    def require(self, venue: str, asset: str) -> None:
        """Raise ValueError unless the config lists the instrument."""
        if venue not in self._listed or asset not in self._listed[venue].instruments:
            raise ValueError(f"expected venues.{venue}.instruments.{asset} in the config, was not there")

    def serving(self, venue: str, asset: str) -> PaperBook:
        """The book an order of this venue executes against: its own if it ever had one, else the watched venue's."""
        own = self.by_venue[venue][asset]
        watch = self._watch.get(asset)
        return own if own.is_known or watch is None else self.by_venue[watch][asset]

    def refence(self, working: Iterable[PaperOrder]) -> None:
        """Set each book's fences to the nearest price, and its wake to whether anything takes or it has no top yet."""
        for books in self.by_venue.values():
            for book in books.values():
                book.fence_low, book.fence_high = 0.0, float("inf")
                book.wakes = not book.is_known
        for order in working:
            book = self.serving(order.request.venue, order.request.asset)
            low, high = order.fences()
            book.fence_low = max(book.fence_low, low)
            book.fence_high = min(book.fence_high, high)
            book.wakes = book.wakes or order.taking

"""The liquidity known of one perpetual on one venue, and the prices our resting orders wait for there."""

from collections.abc import Iterable, Sequence

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Depth, MarkPrice, Top, Trade
from cockpit.domain.kinds import Side
from cockpit.domain.quantity import rounded
from cockpit.paper.orders import PaperOrder

Level = tuple[float, float]


class PaperBook:
    """The latest top, depth, print and mark; sizes we took are gone until the next top.

    A print strictly between `fence_low` and `fence_high` concerns no order of ours; a new top concerns one only if
    `wakes`, which also holds until the first top, because that one decides whose book the orders of this venue use.
    """

    __slots__ = (
        "_depth_followed",
        "_taken",
        "_taken_from",
        "asset",
        "depth",
        "fence_high",
        "fence_low",
        "mark",
        "top",
        "trade",
        "venue",
        "wakes",
    )

    def __init__(self, venue: str, asset: str) -> None:
        self.venue = venue
        self.asset = asset
        self.top: Top | None = None
        self.depth: Depth | None = None
        self.trade: Trade | None = None
        self.mark: MarkPrice | None = None
        self.fence_low = 0.0
        self.fence_high = float("inf")
        self.wakes = True
        self._depth_followed: Top | None = None
        self._taken: dict[tuple[Side, float], float] = {}
        self._taken_from: Top | Depth | None = None

    @property
    def is_known(self) -> bool:
        """Whether the venue ever delivered a top or a depth."""
        return self.top is not None or self.depth is not None

    def on_depth(self, depth: Depth) -> None:
        """Keep a depth, and which top it came after: of two with one stamp the later arrival is right."""
        self.depth = depth
        self._depth_followed = self.top

    def known(self, taker: Side) -> Sequence[Level]:
        """The levels a taker of this side meets, best first, before what we took of them.

        A depth older than the top counts no more: its levels may be long gone.
        """
        top, depth = self.top, self.depth
        buys = taker is Side.LONG
        ladder: Sequence[Level] = () if depth is None else depth.asks if buys else depth.bids
        if top is None:
            return ladder
        best = (top.ask, top.ask_qty) if buys else (top.bid, top.bid_qty)
        if depth is None or depth.ts_ns < top.ts_ns:
            return (best,)
        if self._depth_followed is top:
            return ladder or (best,)
        return (best, *(level for level in ladder if (level[0] > best[0] if buys else level[0] < best[0])))

    def offered(self, taker: Side, share: float = 1.0) -> list[Level]:
        """The levels a taker of this side can still take, best first, where he gets so much of each."""
        taken = self._taken if self._taken_from is self._freshest() else {}
        known = ((price, qty * share) for price, qty in self.known(taker) if price > 0)
        left = [(price, rounded(qty - taken.get((taker, price), 0.0))) for price, qty in known]
        return [(price, qty) for price, qty in left if qty > 0]

    def take(self, taker: Side, price: float, qty: float) -> None:
        """Remember that `qty` of the level at `price` is ours now."""
        if self._taken_from is not self._freshest():
            self._taken = {}
            self._taken_from = self._freshest()
        self._taken[taker, price] = rounded(self._taken.get((taker, price), 0.0) + qty)

    def best(self, taker: Side) -> float | None:
        """The price a taker of this side meets first, None where that side of the book is unknown or empty."""
        return next((price for price, _ in self.known(taker) if price > 0), None)

    def value_price(self) -> float | None:
        """The price to value a position at: the mark, else the last print, else the middle; None before all of them."""
        if self.mark is not None:
            return self.mark.mark
        if self.trade is not None:
            return self.trade.price
        bid, ask = self.best(Side.SHORT), self.best(Side.LONG)
        return None if bid is None or ask is None else (bid + ask) / 2.0

    def last_price(self) -> float | None:
        """The last print while no newer top has come: a sweep prints before the top moves."""
        if self.trade is None or (self.top is not None and self.top.ts_ns > self.trade.ts_ns):
            return None
        return self.trade.price

    def _freshest(self) -> Top | Depth | None:
        return self.top if self.top is not None else self.depth


# Every paper book, and whose book the orders of a venue execute against.


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

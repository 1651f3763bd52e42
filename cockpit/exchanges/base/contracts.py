"""Base coins to a venue's units and back, in this one place: a contract is not a coin, and a price has a grid.

Binance's USD-M perpetuals count base coins (a unit of 1), OKX's swaps contracts of so many coins.
"""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from cockpit.domain.quantity import DECIMALS, rounded
from cockpit.exchanges.base.account import RefusalKind, Refused
from cockpit.exchanges.base.account_facts import Grid

TOLERANCE = Decimal("1e-6")
"""Of a lot: what adding floats leaves."""


class Listing(NamedTuple):
    """A contract as its venue lists it. `unit`: base coins in one; `lot`, `least`, `most` (at market): contracts.

    One that is not listed has a name and nothing else: no order can be written for it but the close of a position
    that says its own quantity.
    """

    asset: str
    market_id: str
    unit: Decimal
    lot: Decimal
    least: Decimal
    tick: Decimal
    most: Decimal | None = None
    is_listed: bool = True
    figures: int = 0
    """The most significant figures of a price, whole numbers aside; 0 where the tick alone decides."""

    @property
    def grid(self) -> Grid:
        """Its lot and least quantity in base coins."""
        return Grid(float(self.lot * self.unit), float(max(self.least, self.lot) * self.unit))

    def contracts(self, qty: float, may_shrink: bool = True) -> str:
        """Base coins in the venue's units, as it wants them written: down to the lot where it `may_shrink`, as an exit
        may, else only a whole number of lots.

        Raises `Refused` for less than the venue's least quantity (too small) or for what is off its grid: nothing is
        sent.
        """
        if not self.is_listed:
            raise Refused(RefusalKind.UNSUPPORTED, "", f"expected {self.market_id} listed, was not: nothing was sent")
        lots = abs(Decimal(repr(round(qty, DECIMALS)))) / (self.unit * self.lot)
        whole = (lots + TOLERANCE) // 1
        if whole < 1 or whole * self.lot < self.least:
            least = float(self.least * self.unit)
            sentence = f"{self.asset}: expected a quantity of at least {least:g}, was {qty:g}: nothing was sent"
            raise Refused(RefusalKind.TOO_SMALL, "", sentence)
        if not may_shrink and abs(lots - whole) > TOLERANCE:
            lot = float(self.lot * self.unit)
            sentence = f"{self.asset}: expected a multiple of {lot:g}, was {qty:.10g}: nothing was sent"
            raise Refused(RefusalKind.OTHER, "", sentence)
        return plain(whole * self.lot)

    def judged(self, refused: Refused, qty: float) -> Refused:
        """What the venue found off its grid is too small where it is under the least that can be asked for."""
        try:
            self.contracts(qty)
        except Refused as ours:
            return Refused(ours.kind, refused.code, str(refused)) if ours.kind is RefusalKind.TOO_SMALL else refused
        return refused

    def coins(self, contracts: object) -> float:
        """The venue's units in base coins; a sign is kept. Raises ValueError for what is no number."""
        number = Decimal(str(contracts or 0))
        if not number.is_finite():
            raise ValueError(f"expected a quantity, was {contracts!r}")
        return rounded(float(number * self.unit))

    def held(self, contracts: object) -> float:
        """The same of a position, which always says its quantity: a row without one is not flat. Raises ValueError."""
        if not isinstance(contracts, str | int | float | Decimal) or contracts == "":
            raise ValueError(f"{self.market_id}: expected the quantity held, was {contracts!r}")
        return self.coins(contracts)

    def price(self, price: float) -> str:
        """A price on the grid, the nearest one, as the venue wants it written."""
        exact = Decimal(repr(price))
        step = self.tick
        if self.figures:
            step = max(step, min(Decimal(1), Decimal(1).scaleb(exact.adjusted() - self.figures + 1)))
        return plain((exact / step).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * step)


def plain(number: Decimal) -> str:
    """A number without an exponent and without idle zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


NOT_LISTED = Decimal(1)


class Listings:
    """What a venue lists, by its own names. What it never listed has a name all the same: nothing held is "not there".

    `asset_of` is our name for one of the venue's: the base coin of a USDT perpetual, the venue's own for all others, so
    that two contracts never share a name.
    """

    def __init__(self, asset_of: Callable[[str], str]) -> None:
        self._asset_of = asset_of
        self._listed: dict[str, Listing] = {}
        self._by_asset: dict[str, Listing] = {}
        self._first: dict[str, Listing] = {}

    def is_first(self, listing: Listing) -> bool:
        """Whether orders on its asset go to it: an asset may be listed more than once."""
        first = self._by_asset.get(listing.asset)
        return first is None or first.market_id == listing.market_id

    def __contains__(self, market_id: object) -> bool:
        return market_id in self._listed

    @property
    def is_loaded(self) -> bool:
        """Whether the venue has told any."""
        return bool(self._listed)

    def take(self, listings: Iterable[Listing]) -> None:
        """The venue's list of today. What it has left out keeps its name."""
        self._listed = {listing.market_id: listing for listing in listings}
        self._by_asset |= {listing.asset: self._unlisted(listing.market_id) for listing in self._by_asset.values()}
        self._by_asset |= {listing.asset: listing for listing in self._listed.values()}
        self._first = {listing.asset: listing for listing in self._listed.values()} | self._first

    def changed(self, asset: str) -> str:
        """How the grid there is another than at first, so that what was on that one may be off this; "" where not."""
        first, now = self._first.get(asset), self._by_asset.get(asset)
        if first is None or now is None or not now.is_listed:
            return ""
        lots = first.lot * first.unit, now.lot * now.unit
        if not first.tick % now.tick and not lots[0] % lots[1]:
            return ""
        return f"price step {first.tick:f} to {now.tick:f}, lot {plain(lots[0])} to {plain(lots[1])}"

    def of(self, market_id: str) -> Listing:
        """By the venue's name, listed or not."""
        listing = self._listed.get(market_id)
        if listing is None:
            listing = self._by_asset.setdefault(self._asset_of(market_id), self._unlisted(market_id))
        return listing

    def of_asset(self, asset: str) -> Listing | None:
        """By our name; None where neither the list nor the account has ever had it."""
        return self._by_asset.get(asset)

    def asset_of(self, market_id: str) -> str:
        """Our name."""
        return self._asset_of(market_id)

    def _unlisted(self, market_id: str) -> Listing:
        one = NOT_LISTED
        return Listing(self._asset_of(market_id), market_id, unit=one, lot=one, least=one, tick=one, is_listed=False)

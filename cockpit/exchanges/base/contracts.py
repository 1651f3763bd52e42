"""Base coins to a venue's units and back, in this one place: a contract is not a coin, and a price has a grid.

Binance's USD-M perpetuals count base coins (a unit of 1), OKX's swaps contracts of so many coins.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from cockpit.domain.quantity import DECIMALS, rounded
from cockpit.exchanges.base.account import RefusalKind, Refused

TOLERANCE = Decimal("1e-6")
"""Of a lot: what adding floats leaves."""


class Listing(NamedTuple):
    """A USDT perpetual as its venue lists it. `unit`: base coins in a contract; `lot`, `least`: contracts."""

    asset: str
    market_id: str
    unit: Decimal
    lot: Decimal
    least: Decimal
    tick: Decimal

    def contracts(self, qty: float, may_shrink: bool = True) -> str:
        """Base coins in the venue's units, as it wants them written: down to the lot where it `may_shrink`, as an exit
        may, else only a whole number of lots.

        Raises `Refused` for less than the venue's least quantity (too small) or for what is off its grid: nothing is
        sent.
        """
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

    def coins(self, contracts: object) -> float:
        """The venue's units in base coins; a sign is kept."""
        return rounded(float(Decimal(str(contracts or 0)) * self.unit))

    def price(self, price: float) -> str:
        """A price on the grid, the nearest one, as the venue wants it written."""
        ticks = (Decimal(repr(price)) / self.tick).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        return plain(ticks * self.tick)


def is_first_listing(listing: Listing, listings: Mapping[str, Listing]) -> bool:
    """Whether orders on its asset go to it: an asset may be listed more than once."""
    return next(one for one in listings.values() if one.asset == listing.asset).market_id == listing.market_id


def plain(number: Decimal) -> str:
    """A number without an exponent and without idle zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def listings_of(markets: Mapping[str, Mapping[str, Any]]) -> dict[str, Listing]:
    """The USDT perpetuals among the client library's markets, by the venue's own name."""
    found = {}
    for market in markets.values():
        if market.get("swap") and market.get("quote") == "USDT" and market.get("settle") == "USDT":
            listing = _listing(market)
            found[listing.market_id] = listing
    return found


def _listing(market: Mapping[str, Any]) -> Listing:
    lot = Decimal(str(market["precision"]["amount"]))
    return Listing(
        asset=str(market["base"]),
        market_id=str(market["id"]),
        unit=Decimal(str(market["contractSize"] or 1)),
        lot=lot,
        least=max(lot, Decimal(str(market["limits"]["amount"]["min"] or 0))),
        tick=Decimal(str(market["precision"]["price"])),
    )

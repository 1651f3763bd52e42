"""What reading a venue's rows has in common: whose contracts they are about, and an execution made of its numbers."""

from collections.abc import Mapping
from typing import Any

from cockpit.domain.kinds import Side
from cockpit.exchanges.base.account import CoinAmount, VenueFill
from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.fees import Fees

Row = Mapping[str, Any]
NOT_BOOKED = CoinAmount(0.0, "")


class RowParser:
    """Reads bodies and frames about contracts, listed or not: nothing that is held may be overlooked for being new."""

    def __init__(self, listings: Listings, fees: Fees) -> None:
        self.listings = listings
        self._fees = fees

    def execution(
        self,
        listing: Listing,
        row_id: Any,
        *,
        client_id: str,
        venue_order_id: Any,
        side: Side,
        size: Any,
        price: Any,
        fee: CoinAmount | None,
        is_maker: bool,
        ts_ns: int,
        forced: str = "",
    ) -> VenueFill:
        """An execution in base coins and USD. `fee` > 0 was paid; one that nobody has told yet is estimated, at the
        config's rate.
        """
        qty, paid = listing.coins(size), float(price)
        booked = self._fees.fee(*(fee or NOT_BOOKED), qty * paid, is_maker)
        return VenueFill(
            fill_id=f"{listing.asset}-{row_id}",
            client_id=client_id,
            asset=listing.asset,
            side=side,
            qty=qty,
            price=paid,
            fee_usd=booked.usd,
            unconverted_fee=booked.unconverted if fee is not None else None,
            is_maker=is_maker,
            ts_ns=ts_ns,
            venue_order_id=str(venue_order_id),
            forced=forced,
            nets_with_ours=self.listings.is_first(listing),
        )

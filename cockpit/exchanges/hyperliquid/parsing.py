"""Hyperliquid's words for orders, executions and positions, as our own. A size is in base coins.

Bodies: `orderStatus`, `frontendOpenOrders`, `userFillsByTime`, `clearinghouseState` and `userFunding` of its info
endpoint; the feeds `orderUpdates`, `userFills` and `clearinghouseState`. A stop that is triggered keeps its number.
"""

from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import OrderStatus, Side
from cockpit.domain.quantity import rounded
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import CoinAmount, FundingUpdate, HeldPosition, VenueFill, VenueOrder
from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.fees import Fees
from cockpit.exchanges.base.row_parser import Row, RowParser
from cockpit.exchanges.base.rows import rows_with
from cockpit.exchanges.base.values import number_or_none, price_of
from cockpit.exchanges.hyperliquid.cloids import client_id_of

OPEN, TRIGGERED, FILLED = "open", "triggered", "filled"
STATUS = {OPEN: OrderStatus.WORKING, TRIGGERED: OrderStatus.WORKING, FILLED: OrderStatus.FILLED}
ENDINGS = (("canceled", OrderStatus.CANCELLED), ("scheduledcancel", OrderStatus.CANCELLED))
REJECTED = "rejected"
"""Its words for an end are many, and end alike: marginCanceled, siblingFilledCanceled, reduceOnlyRejected."""
SIDES = {"B": Side.LONG, "A": Side.SHORT}
IOC = "Ioc"
DELEVERAGED, LIQUIDATED = "Auto-Deleveraging", "Liquidated"
PRICE_DECIMALS, PRICE_FIGURES = 6, 5


def status_of(name: str) -> OrderStatus:
    """A status that nobody has a word for is unknown, and is asked for."""
    if name.lower().endswith(REJECTED):
        return OrderStatus.REJECTED
    ended = next((status for ending, status in ENDINGS if name.lower().endswith(ending)), OrderStatus.UNKNOWN)
    return STATUS.get(name, ended)


def asset_of(market_id: str) -> str:
    """The coin itself; one of another dex is written with that dex before it, and stays so."""
    return market_id


def side_of(letter: Any) -> Side:
    """`B` bids, `A` asks. Raises ValueError for what may be either."""
    if letter not in SIDES:
        raise ValueError(f"expected B or A, was {letter!r}")
    return SIDES[letter]


class HyperliquidParser(RowParser):
    """Reads bodies and frames about contracts, listed or not. `user` is the account's address."""

    def __init__(self, listings: Listings, fees: Fees, user: str) -> None:
        super().__init__(listings, fees)
        self._user = user.lower()

    def order(self, row: Row, name: str = OPEN) -> VenueOrder:
        """An order with its terms, as `orderStatus` and `frontendOpenOrders` have it; `name` is its status."""
        listing = self.listings.of(str(row["coin"]))
        qty, left = listing.coins(row["origSz"]), listing.coins(row["sz"])
        filled, status = rounded(qty - left), status_of(name)
        if status is OrderStatus.WORKING and filled:
            status = OrderStatus.PARTLY_FILLED
        if status is OrderStatus.FILLED and left and row.get("tif") == IOC:
            status = OrderStatus.CANCELLED  # it took what was there, and the rest of it is gone
        return VenueOrder(
            client_id=client_id_of(row.get("cloid")),
            venue_order_id=str(row["oid"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=status,
            qty=qty,
            filled_qty=filled,
            average_price=0.0,
            reduce_only=bool(row.get("reduceOnly")),
            is_conditional=bool(row.get("isTrigger")) and name != TRIGGERED and status is not OrderStatus.FILLED,
            limit_price=None if row.get("isTrigger") else price_of(row.get("limitPx")),
            trigger_price=price_of(row.get("triggerPx")),
            detail="" if name in STATUS else name,
        )

    def fill(self, row: Row) -> VenueFill:
        """An execution, with its fee as the venue booked it."""
        listing = self.listings.of(str(row["coin"]))
        return self.execution(
            listing,
            row["tid"],
            client_id=client_id_of(row.get("cloid")),
            venue_order_id=row["oid"],
            side=side_of(row["side"]),
            size=row["sz"],
            price=row["px"],
            fee=CoinAmount(float(row["fee"]), str(row["feeToken"]).upper()),
            is_maker=not row["crossed"],
            ts_ns=int(row["time"]) * NS_PER_MS,
            forced=self._forced(row),
        )

    def _forced(self, row: Row) -> str:
        """A fill that liquidates somebody else, whose order met ours, is nobody's force on us."""
        about, direction = row.get("liquidation") or {}, str(row.get("dir", ""))
        if str(about.get("liquidatedUser", "")).lower() == self._user or direction.startswith(LIQUIDATED):
            return "liquidation"
        return "auto-deleveraging" if direction.startswith(DELEVERAGED) else ""

    def position(self, row: Row) -> HeldPosition | None:
        """A row of assetPositions; None for a flat one. It says its worth, not its mark."""
        held = row["position"]
        listing = self.listings.of(str(held["coin"]))
        qty = listing.held(held["szi"])
        if qty == 0.0:
            return None
        leverage: Row = next(iter(rows_with([held.get("leverage")])), {})
        worth_usd = number_or_none(held.get("positionValue"))
        return HeldPosition(
            asset=listing.asset,
            qty=qty,
            entry_price=number_or_none(held.get("entryPx")) or 0.0,
            mark_price=None if worth_usd is None else worth_usd / abs(qty),
            leverage=number_or_none(leverage.get("value")),
            is_isolated=None if "type" not in leverage else leverage["type"] == "isolated",
            market_id=listing.market_id,
            nets_with_ours=self.listings.is_first(listing),
            contracts=str(held["szi"]).removeprefix("-"),
        )

    def funding(self, row: Row) -> tuple[str, FundingUpdate]:
        """A row of userFunding. Its hash is nothing but zeros: coin and instant name it."""
        paid = row["delta"]
        booked = CoinAmount(float(paid["usdc"]), "USDC")
        asset = self.listings.of(str(paid["coin"])).asset
        return f"{asset}-{row['time']}", FundingUpdate(asset, booked.amount, int(row["time"]) * NS_PER_MS, booked)


def listing_of(row: Row) -> Listing | None:
    """A row of the universe; None for what is listed no more."""
    if row.get("isDelisted"):
        return None
    decimals, coin = int(row["szDecimals"]), str(row["name"])
    lot = Decimal(1).scaleb(-decimals)
    return Listing(
        asset=asset_of(coin),
        market_id=coin,
        unit=Decimal(1),
        lot=lot,
        least=lot,
        tick=Decimal(1).scaleb(decimals - PRICE_DECIMALS),
        figures=PRICE_FIGURES,
    )

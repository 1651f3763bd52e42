"""OKX's words for orders, executions and positions, as our own. Quantities come in contracts.

Bodies: OKX's API v5, "Order Book Trading", "Algo Trading" and "Trading Account"; the private channels use the same rows
"""

from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import OrderStatus
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import CoinAmount, HeldPosition, OrderUpdate, PositionUpdate, VenueFill, VenueOrder
from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.fees import Fees
from cockpit.exchanges.base.row_parser import Row, RowParser
from cockpit.exchanges.base.values import is_true, number_or_none, price_of, side_of

# What an order says to OKX, and what its bare acknowledgement says to us.


def margin(is_isolated: bool) -> str:
    """The venue's word for the margin mode."""
    return "isolated" if is_isolated else "cross"


def size(listing: Listing, order: OrderRequest, position: HeldPosition | None) -> str:
    """A position on what is not listed says its own quantity."""
    if position is not None and not listing.is_listed:
        return position.contracts
    return listing.contracts(order.qty, order.reduce_only)


STATUS = {
    "live": OrderStatus.WORKING,
    "partially_filled": OrderStatus.PARTLY_FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "mmp_canceled": OrderStatus.CANCELLED,
}
ALGO_STATUS = {
    "live": OrderStatus.WORKING,
    "pause": OrderStatus.WORKING,
    "partially_effective": OrderStatus.WORKING,
    "effective": OrderStatus.WORKING,
    "canceled": OrderStatus.CANCELLED,
    "order_failed": OrderStatus.REJECTED,
    "partially_failed": OrderStatus.REJECTED,
}
"""Effective is not filled: what became of it is told by the order that it turned into."""
FORCED = {
    "full_liquidation": "liquidation",
    "partial_liquidation": "liquidation",
    "adl": "auto-deleveraging",
    "delivery": "settlement",
}
"""What the venue closes by itself is of these categories."""
NET = "net"
SPOT = "SPOT"
"""Money that was exchanged: nothing is held with it that could be closed."""


class OkxParser(RowParser):
    """A row about the spot market is None."""

    def __init__(self, listings: Listings, fees: Fees, wants_isolated: bool) -> None:
        super().__init__(listings, fees)
        self._wants_isolated = wants_isolated

    def order(self, row: Row) -> VenueOrder | None:
        """A plain order. One that a conditional order turned into goes by that one's id, which its row carries."""
        if row.get("instType") == SPOT:
            return None
        listing = self.listings.of(row["instId"])
        return VenueOrder(
            client_id=str(row.get("algoClOrdId") or row.get("clOrdId") or ""),
            venue_order_id=str(row["ordId"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=STATUS.get(row.get("state", ""), OrderStatus.UNKNOWN),
            qty=listing.coins(row["sz"]),
            filled_qty=listing.coins(row.get("accFillSz")),
            average_price=number_or_none(row.get("avgPx")) or 0.0,
            reduce_only=is_true(row.get("reduceOnly")),
            is_conditional=False,
            limit_price=price_of(row.get("px")),
            trigger_price=None,
            detail=FORCED.get(str(row.get("category", "")), ""),
            nets_with_ours=self._nets_with_ours(row, listing, "tdMode"),
        )

    def algo(self, row: Row) -> VenueOrder | None:
        """A conditional order by its own word; one that is effective has to be followed to what it became."""
        if row.get("instType") == SPOT:
            return None
        listing = self.listings.of(row["instId"])
        failure = str(row.get("failCode") or "0")
        return VenueOrder(
            client_id=str(row.get("algoClOrdId") or ""),
            venue_order_id=str(row["algoId"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=ALGO_STATUS.get(row.get("state", ""), OrderStatus.UNKNOWN),
            qty=listing.coins(row.get("sz")),
            filled_qty=0.0,
            average_price=0.0,
            reduce_only=is_true(row.get("reduceOnly")) or bool(row.get("closeFraction")),
            is_conditional=True,
            limit_price=None,
            trigger_price=price_of(row.get("slTriggerPx")) or price_of(row.get("tpTriggerPx")),
            detail=str(row.get("state", "")) if failure == "0" else f"{row.get('state', '')} {failure}",
            nets_with_ours=self._nets_with_ours(row, listing, "tdMode"),
        )

    @staticmethod
    def triggered_as(row: Row) -> str:
        """The id of the order that a conditional one turned into; "" while it waits."""
        return str(row.get("ordId") or next(iter(row.get("ordIdList") or ()), ""))

    def fill(self, row: Row, client_id: str) -> VenueFill:
        """A row of fills."""
        return self._fill(row, client_id, CoinAmount(-float(row["fee"]), row["feeCcy"]), row["ts"])

    def order_update(self, row: Row) -> OrderUpdate | None:
        """A row of the orders channel, with the execution that changed the order, where one did."""
        order = self.order(row)
        if order is None:
            return None
        executed = bool(row.get("tradeId")) and float(row.get("fillSz") or 0.0) > 0.0
        fill = None
        if executed:
            fee = CoinAmount(-float(row.get("fillFee") or 0.0), row.get("fillFeeCcy") or "USDT")
            fill = self._fill(row, order.client_id, fee, row["fillTime"])
        return OrderUpdate(order, fill, int(row["uTime"]) * NS_PER_MS)

    def algo_update(self, row: Row) -> OrderUpdate | None:
        """A row of the conditional orders' channel."""
        order = self.algo(row)
        return None if order is None else OrderUpdate(order, None, int(row.get("uTime") or row["cTime"]) * NS_PER_MS)

    def position(self, row: Row) -> HeldPosition | None:
        """A position; None for a flat one."""
        listing = self.listings.of(row["instId"])
        qty = self._signed(row, listing)
        if qty == 0.0:
            return None
        side = str(row.get("posSide", NET))
        return HeldPosition(
            asset=listing.asset,
            qty=qty,
            entry_price=number_or_none(row.get("avgPx")) or 0.0,
            mark_price=number_or_none(row.get("markPx")) or None,
            leverage=number_or_none(row.get("lever")) or None,
            is_isolated=row["mgnMode"] == "isolated",
            hedge_side="" if side == NET else side,
            market_id=listing.market_id,
            nets_with_ours=self._nets_with_ours(row, listing, "mgnMode"),
            contracts=str(row["pos"]).lstrip("-"),
        )

    def position_update(self, row: Row) -> PositionUpdate | None:
        """A row of the positions channel, which does not say why."""
        listing = self.listings.of(row["instId"])
        ts_ns = int(row.get("uTime") or 0) * NS_PER_MS
        qty, entry_price = self._signed(row, listing), number_or_none(row.get("avgPx")) or 0.0
        nets_with_ours = self._nets_with_ours(row, listing, "mgnMode")
        return PositionUpdate(listing.asset, qty, entry_price, "", ts_ns, nets_with_ours)

    def _nets_with_ours(self, row: Row, listing: Listing, mode: str) -> bool:
        """Whether it is of the margin mode and side, and of the listing, that our orders act on."""
        is_isolated = str(row.get(mode) or _mode(self._wants_isolated)) == _mode(True)
        is_net = str(row.get("posSide") or NET) == NET
        return is_net and is_isolated == self._wants_isolated and self.listings.is_first(listing)

    def _signed(self, row: Row, listing: Listing) -> float:
        """Net positions are signed; in an account that keeps two sides the short one is not."""
        qty = (_with_unit_of(listing, row) if not listing.is_listed else listing).held(row["pos"])
        return -abs(qty) if row.get("posSide") == "short" else qty

    def _fill(self, row: Row, client_id: str, fee: CoinAmount, stamp_ms: Any) -> VenueFill:
        return self.execution(
            self.listings.of(row["instId"]),
            row["tradeId"],
            client_id=client_id,
            venue_order_id=row["ordId"],
            side=side_of(row["side"]),
            size=row["fillSz"],
            price=row["fillPx"],
            fee=fee,
            is_maker=row.get("execType") == "M",
            ts_ns=int(stamp_ms) * NS_PER_MS,
            forced=FORCED.get(str(row.get("category", "")), ""),
        )


def _mode(is_isolated: bool) -> str:
    return "isolated" if is_isolated else "cross"


def listing_of(row: Row, asset: str) -> Listing | None:
    """A row of instruments; None for one that counts in dollars, or that is announced and has no sizes yet."""
    if row.get("ctType") != "linear" or (row.get("state") != "live" and not (row.get("lotSz") and row.get("tickSz"))):
        return None
    return Listing(
        asset=asset,
        market_id=str(row["instId"]),
        unit=Decimal(str(row["ctVal"])) * Decimal(str(row.get("ctMult") or 1)),
        lot=Decimal(str(row["lotSz"])),
        least=max(Decimal(str(row["lotSz"])), Decimal(str(row.get("minSz") or 0))),
        tick=Decimal(str(row["tickSz"])),
        most=Decimal(str(row["maxMktSz"])) if row.get("maxMktSz") else None,
    )


def _with_unit_of(listing: Listing, row: Row) -> Listing:
    """What a contract is worth by the position's own word: good enough to show, where no list says it."""
    contracts, mark, worth = (abs(number_or_none(row.get(key)) or 0.0) for key in ("pos", "markPx", "notionalUsd"))
    if not (contracts and mark and worth):
        return listing
    return listing._replace(unit=Decimal(f"{worth / mark / contracts:.6g}"))


def margin_in_use_usd(balance: Any) -> float:
    """The largest of what a balance says positions tie up: margins of cross and isolated ones, or their worth.

    Accounts of one currency say it by currency, others in total; the words that do not apply are empty.
    """
    totals = [float(balance.get(key) or 0.0) for key in ("imr", "isoEq", "notionalUsd")]
    details = balance.get("details") or ()
    by_currency = [sum(float(row.get(key) or 0.0) for row in details) for key in ("imr", "isoEq")]
    return max(*totals, *by_currency)

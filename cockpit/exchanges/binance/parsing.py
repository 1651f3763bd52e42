"""Binance's words for orders, executions and positions, as our own.

Bodies: Binance's USD-M futures "Trade" and "Account" REST endpoints and the "User Data Streams" events.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import OrderStatus
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import HeldPosition, OrderUpdate, PositionUpdate, VenueFill, VenueOrder
from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.fees import Fee, Fees
from cockpit.exchanges.base.rows import rows_with
from cockpit.exchanges.base.values import is_true, number_or_none, price_of, side_of

Row = Mapping[str, Any]

STATUS = {
    "NEW": OrderStatus.WORKING,
    "NEW_INSURANCE": OrderStatus.WORKING,
    "NEW_ADL": OrderStatus.WORKING,
    "PARTIALLY_FILLED": OrderStatus.PARTLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.CANCELLED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
}
ALGO_STATUS = {
    "NEW": OrderStatus.WORKING,
    "TRIGGERING": OrderStatus.WORKING,
    "TRIGGERED": OrderStatus.WORKING,
    "FINISHED": OrderStatus.WORKING,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
}
"""Triggered is not filled: what became of it is told by the order that it turned into."""
FORCED = {"autoclose-": "liquidation", "adl_autoclose": "auto-deleveraging", "settlement_autoclose-": "settlement"}
"""What the venue closes by itself carries these client ids."""
BOTH_SIDES = "BOTH"


class BinanceParser:
    """Reads bodies and frames about contracts, listed or not."""

    def __init__(self, listings: Listings, fees: Fees) -> None:
        self.listings = listings
        self._fees = fees

    # -- REST

    def order(self, row: Row) -> VenueOrder:
        listing = self.listings.of(row["symbol"])
        client_id = str(row["clientOrderId"])
        return VenueOrder(
            client_id=client_id,
            venue_order_id=str(row["orderId"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=STATUS.get(row["status"], OrderStatus.UNKNOWN),
            qty=listing.coins(row["origQty"]),
            filled_qty=listing.coins(row["executedQty"]),
            average_price=number_or_none(row.get("avgPrice")) or 0.0,
            reduce_only=is_true(row.get("reduceOnly")) or is_true(row.get("closePosition")),
            is_conditional=False,
            limit_price=price_of(row.get("price")),
            trigger_price=None,
            detail=forced(client_id),
        )

    def algo(self, row: Row) -> VenueOrder:
        """A conditional order by its own word; one that was triggered has to be followed to what it became."""
        listing = self.listings.of(row["symbol"])
        return VenueOrder(
            client_id=str(row["clientAlgoId"]),
            venue_order_id=str(row["algoId"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=ALGO_STATUS.get(row["algoStatus"], OrderStatus.UNKNOWN),
            qty=listing.coins(row.get("quantity")),
            filled_qty=0.0,
            average_price=0.0,
            reduce_only=is_true(row.get("reduceOnly")) or is_true(row.get("closePosition")),
            is_conditional=True,
            limit_price=price_of(row.get("price")),
            trigger_price=price_of(row.get("triggerPrice")),
            detail=str(row["algoStatus"]).lower(),
        )

    @staticmethod
    def triggered_as(row: Row) -> str:
        """The id of the order that a conditional one turned into, of either kind of body; "" while it waits."""
        order_id = str(row.get("actualOrderId") or row.get("ai") or "")
        return "" if order_id == "0" else order_id

    def fill(self, row: Row, client_id: str) -> VenueFill:
        """A row of userTrades."""
        listing = self.listings.of(row["symbol"])
        is_maker = is_true(row["maker"])
        fee = self._fee(row["commission"], row["commissionAsset"], row["price"], listing.coins(row["qty"]), is_maker)
        return VenueFill(
            fill_id=f"{listing.asset}-{row['id']}",
            client_id=client_id,
            asset=listing.asset,
            side=side_of(row["side"]),
            qty=listing.coins(row["qty"]),
            price=float(row["price"]),
            fee_usd=fee.usd,
            unconverted_fee=fee.unconverted,
            is_maker=is_maker,
            ts_ns=int(row["time"]) * NS_PER_MS,
            venue_order_id=str(row["orderId"]),
            forced=forced(client_id),
        )

    def position(self, row: Row) -> HeldPosition | None:
        """A row of positionRisk; None for a flat one."""
        listing = self.listings.of(row["symbol"])
        qty = listing.held(row["positionAmt"])
        if qty == 0.0:
            return None
        side = str(row.get("positionSide", BOTH_SIDES))
        return HeldPosition(
            asset=listing.asset,
            qty=qty,
            entry_price=number_or_none(row.get("entryPrice")) or 0.0,
            mark_price=number_or_none(row.get("markPrice")) or None,
            leverage=None,
            is_isolated=(number_or_none(row.get("isolatedWallet")) or 0.0) != 0.0,
            hedge_side="" if side == BOTH_SIDES else side,
            market_id=listing.market_id,
            nets_with_ours=side == BOTH_SIDES and self.listings.is_first(listing),
            contracts=str(row["positionAmt"]).lstrip("-"),
        )

    # -- the stream

    def order_update(self, frame: Row) -> OrderUpdate:
        """ORDER_TRADE_UPDATE."""
        row = frame["o"]
        listing = self.listings.of(row["s"])
        client_id, ts_ns = str(row["c"]), int(frame.get("T") or frame["E"]) * NS_PER_MS
        order = VenueOrder(
            client_id=client_id,
            venue_order_id=str(row["i"]),
            asset=listing.asset,
            side=side_of(row["S"]),
            status=STATUS.get(row["X"], OrderStatus.UNKNOWN),
            qty=listing.coins(row["q"]),
            filled_qty=listing.coins(row["z"]),
            average_price=number_or_none(row.get("ap")) or 0.0,
            reduce_only=is_true(row.get("R")) or is_true(row.get("cp")),
            is_conditional=False,
            limit_price=price_of(row.get("p")),
            trigger_price=None,
            detail=forced(client_id),
        )
        return OrderUpdate(order, self._fill_in(row, listing, client_id, ts_ns), ts_ns)

    def algo_update(self, frame: Row) -> OrderUpdate:
        """ALGO_UPDATE. What the order became, if anything, is `became` of the same frame."""
        row = frame["o"]
        listing = self.listings.of(row["s"])
        order = VenueOrder(
            client_id=str(row["caid"]),
            venue_order_id=str(row["aid"]),
            asset=listing.asset,
            side=side_of(row["S"]),
            status=ALGO_STATUS.get(row["X"], OrderStatus.UNKNOWN),
            qty=listing.coins(row["q"]),
            filled_qty=0.0,
            average_price=0.0,
            reduce_only=is_true(row.get("R")) or is_true(row.get("cp")),
            is_conditional=True,
            limit_price=price_of(row.get("p")),
            trigger_price=price_of(row.get("tp")),
            detail=str(row.get("rm") or row["X"]).lower(),
        )
        return OrderUpdate(order, None, int(frame.get("T") or frame["E"]) * NS_PER_MS)

    def account_update(self, frame: Row) -> list[PositionUpdate]:
        """ACCOUNT_UPDATE: the positions that changed."""
        ts_ns, cause = int(frame.get("T") or frame["E"]) * NS_PER_MS, str(frame["a"].get("m", "")).lower()
        parser = []
        for row in frame["a"].get("P", ()):
            listing = self.listings.of(row["s"])
            nets = row.get("ps", BOTH_SIDES) == BOTH_SIDES and self.listings.is_first(listing)
            qty, entry_price = listing.held(row["pa"]), number_or_none(row.get("ep")) or 0.0
            parser.append(PositionUpdate(listing.asset, qty, entry_price, cause, ts_ns, nets))
        return parser

    def _fill_in(self, row: Row, listing: Listing, client_id: str, ts_ns: int) -> VenueFill | None:
        qty = listing.coins(row.get("l"))
        if qty <= 0.0 or not row.get("t"):
            return None
        is_maker = is_true(row.get("m"))
        fee = self._fee(row.get("n") or 0.0, row.get("N") or "USDT", row["L"], qty, is_maker)
        return VenueFill(
            fill_id=f"{listing.asset}-{row['t']}",
            client_id=client_id,
            asset=listing.asset,
            side=side_of(row["S"]),
            qty=qty,
            price=float(row["L"]),
            fee_usd=fee.usd,
            unconverted_fee=fee.unconverted,
            is_maker=is_maker,
            ts_ns=ts_ns,
            venue_order_id=str(row["i"]),
            forced=forced(client_id),
        )

    def _fee(self, amount: Any, coin: str, price: Any, qty: float, is_maker: bool) -> Fee:
        return self._fees.fee(float(amount), coin, qty * float(price), is_maker)


def listing_of(row: Row, asset: str) -> Listing | None:
    """A row of exchangeInfo; None for one that is not trading and has no sizes."""
    filters = {one["filterType"]: one for one in rows_with(row.get("filters") or (), "filterType")}
    price, size, at_market = (filters.get(name, {}) for name in ("PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"))
    if row.get("status") != "TRADING" and not (price.get("tickSize") and size.get("stepSize")):
        return None
    lot = Decimal(str(size["stepSize"]))
    return Listing(
        asset=asset,
        market_id=str(row["symbol"]),
        unit=Decimal(1),
        lot=lot,
        least=max(lot, Decimal(str(size.get("minQty") or 0))),
        tick=Decimal(str(price["tickSize"])),
        most=Decimal(str(at_market["maxQty"])) if at_market.get("maxQty") else None,
    )


def forced(client_id: str) -> str:
    """Why the venue itself traded, "" for anybody else's order."""
    return next((why for prefix, why in FORCED.items() if client_id.startswith(prefix)), "")

"""Binance's words for orders, executions and positions, as our own.

Bodies: Binance's USD-M futures "Trade" and "Account" REST endpoints and the "User Data Streams" events.
"""

from collections.abc import Mapping
from decimal import Decimal

from cockpit.domain.kinds import OrderStatus
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import CoinAmount, HeldPosition, OrderUpdate, PositionUpdate, VenueFill, VenueOrder
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.row_parser import Row, RowParser
from cockpit.exchanges.base.rows import rows_with
from cockpit.exchanges.base.values import is_true, number_or_none, price_of, side_of

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
_OF_BOTH = {"symbol": "s", "side": "S", "price": "p", "reduceOnly": "R", "closePosition": "cp"}
ORDER_LETTERS = _OF_BOTH | {
    "clientOrderId": "c",
    "orderId": "i",
    "status": "X",
    "origQty": "q",
    "executedQty": "z",
    "avgPrice": "ap",
}
ALGO_LETTERS = _OF_BOTH | {
    "clientAlgoId": "caid",
    "algoId": "aid",
    "algoStatus": "X",
    "quantity": "q",
    "triggerPrice": "tp",
}
FILL_LETTERS = {"symbol": "s", "id": "t", "orderId": "i", "side": "S", "qty": "l", "price": "L"}
"""What REST calls what the stream has a letter for."""


class BinanceParser(RowParser):
    """REST spells its fields out, the stream has a letter or two for each."""

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
        return self.execution(
            listing,
            row["id"],
            client_id=client_id,
            venue_order_id=row["orderId"],
            side=side_of(row["side"]),
            size=row["qty"],
            price=row["price"],
            fee=CoinAmount(float(row["commission"]), row["commissionAsset"]),
            is_maker=is_true(row["maker"]),
            ts_ns=int(row["time"]) * NS_PER_MS,
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
        row, ts_ns = frame["o"], int(frame.get("T") or frame["E"]) * NS_PER_MS
        order = self.order(_spelled_out(row, ORDER_LETTERS))
        is_executed = self.listings.of(row["s"]).coins(row.get("l")) > 0.0 and bool(row.get("t"))
        fill = self.fill(self._execution_in(row, ts_ns), order.client_id) if is_executed else None
        return OrderUpdate(order, fill, ts_ns)

    def algo_update(self, frame: Row) -> OrderUpdate:
        """ALGO_UPDATE. What the order became, if anything, is `became` of the same frame."""
        row = frame["o"]
        order = self.algo(_spelled_out(row, ALGO_LETTERS))._replace(detail=str(row.get("rm") or row["X"]).lower())
        return OrderUpdate(order, None, int(frame.get("T") or frame["E"]) * NS_PER_MS)

    def account_update(self, frame: Row) -> list[PositionUpdate]:
        """ACCOUNT_UPDATE: the positions that changed."""
        ts_ns, cause = int(frame.get("T") or frame["E"]) * NS_PER_MS, str(frame["a"].get("m", "")).lower()
        updates = []
        for row in frame["a"].get("P", ()):
            listing = self.listings.of(row["s"])
            nets = row.get("ps", BOTH_SIDES) == BOTH_SIDES and self.listings.is_first(listing)
            qty, entry_price = listing.held(row["pa"]), number_or_none(row.get("ep")) or 0.0
            updates.append(PositionUpdate(listing.asset, qty, entry_price, cause, ts_ns, nets))
        return updates

    def _execution_in(self, row: Row, ts_ns: int) -> Row:
        """The execution that an order's frame tells, as userTrades would: without a fee until one was taken."""
        fee = {"commission": row.get("n") or 0.0, "commissionAsset": row.get("N") or "USDT"}
        return {**_spelled_out(row, FILL_LETTERS), **fee, "maker": row.get("m"), "time": ts_ns // NS_PER_MS}


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


def _spelled_out(row: Row, letters: Mapping[str, str]) -> Row:
    """A frame's row under REST's names."""
    return {name: row[letter] for name, letter in letters.items() if letter in row}

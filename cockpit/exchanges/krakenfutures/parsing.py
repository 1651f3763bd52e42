"""Kraken Futures' words for orders, executions and positions, as our own.

Bodies: its "Order Management" and "Account Information" REST endpoints, its "Account History", and the private feeds of
its WebSocket. REST writes names in camel case, the feeds with underscores. A contract is one base coin.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import OrderStatus, Side
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import CoinAmount, FundingUpdate, HeldPosition, VenueFill, VenueOrder
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.fees import CoinPrices
from cockpit.exchanges.base.row_parser import Row, RowParser
from cockpit.exchanges.base.values import number_or_none, price_of, side_of, signed

STATUS = {
    "ENTERED_BOOK": OrderStatus.WORKING,
    "FULLY_EXECUTED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
    "TRIGGER_PLACED": OrderStatus.WORKING,
    "TRIGGER_ACTIVATION_FAILURE": OrderStatus.REJECTED,
}
TRIGGER, MAKER = "TRIGGER", "maker"
FORCED = {
    "liquidation": "liquidation",
    "unwindBankrupt": "liquidation",
    "unwindCounterparty": "auto-deleveraging",
    "assignee": "liquidation",
    "assignor": "liquidation",
}
"""Kinds of executions that nobody ordered."""
PERPETUAL, USD = "PF_", "USD"
OWN_COINS = {"XBT": "BTC", "XDG": "DOGE"}
STOP_KINDS = frozenset({"stop", "stp", "take_profit", "trailing_stop"})


def asset_of(market_id: str) -> str:
    """BTC for PF_XBTUSD; every other kind of contract keeps the venue's own name."""
    name = market_id.upper()
    if not (name.startswith(PERPETUAL) and name.endswith(USD)):
        return name
    return coin_of(name.removeprefix(PERPETUAL).removesuffix(USD))


def coin_of(name: Any) -> str:
    """BTC for xbt: a coin by the name that everybody else has for it."""
    coin = str(name).upper()
    return OWN_COINS.get(coin, coin)


def stamp_ns(text: Any) -> int:
    """A time as the venue's REST writes it (2026-08-11T13:08:44.251Z), to the millisecond."""
    return round(datetime.fromisoformat(str(text)).timestamp() * 1_000) * NS_PER_MS


class KrakenParser(RowParser):
    """REST and the feeds name the same things otherwise."""

    # -- REST

    def open_order(self, row: Row) -> VenueOrder:
        """A row of openorders."""
        listing = self.listings.of(row["symbol"].upper())
        filled, left = (listing.coins(row.get(key)) for key in ("filledSize", "unfilledSize"))
        return VenueOrder(
            client_id=str(row.get("cliOrdId") or ""),
            venue_order_id=str(row["order_id"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=OrderStatus.PARTLY_FILLED if filled else OrderStatus.WORKING,
            qty=filled + left,
            filled_qty=filled,
            average_price=0.0,
            reduce_only=bool(row.get("reduceOnly")),
            is_conditional=str(row["orderType"]) in STOP_KINDS,
            limit_price=price_of(row.get("limitPrice")),
            trigger_price=price_of(row.get("stopPrice")),
        )

    def order_status(self, row: Row) -> VenueOrder:
        """A row of orders/status: of an order that is open, or ended some seconds ago."""
        order, status = row["order"], STATUS.get(row["status"], OrderStatus.UNKNOWN)
        listing = self.listings.of(order["symbol"].upper())
        filled = listing.coins(order.get("filled"))
        if status is OrderStatus.WORKING and filled:
            status = OrderStatus.PARTLY_FILLED
        trigger = order.get("priceTriggerOptions") or {}
        return VenueOrder(
            client_id=str(order.get("cliOrdId") or ""),
            venue_order_id=str(order["orderId"]),
            asset=listing.asset,
            side=side_of(order["side"]),
            status=status,
            qty=listing.coins(order["quantity"]),
            filled_qty=filled,
            average_price=0.0,
            reduce_only=bool(order.get("reduceOnly")),
            is_conditional=TRIGGER in str(order.get("type", "")),
            limit_price=price_of(order.get("limitPrice")),
            trigger_price=price_of(trigger.get("triggerPrice")),
            detail=str(row.get("error") or row.get("updateReason") or ""),
        )

    def past_order(self, row: Row, status: OrderStatus) -> VenueOrder:
        """The order in a row of the account's history, as it was when that was written; quantity is what was left."""
        listing = self.listings.of(row["tradeable"].upper())
        filled, left = listing.coins(row.get("filled")), listing.coins(row.get("quantity"))
        return VenueOrder(
            client_id=str(row.get("clientId") or ""),
            venue_order_id=str(row["uid"]),
            asset=listing.asset,
            side=side_of(row["direction"]),
            status=status,
            qty=filled + left,
            filled_qty=filled,
            average_price=0.0,
            reduce_only=bool(row.get("reduceOnly")),
            is_conditional="triggerSignal" in row or "triggerOptions" in row,
            limit_price=price_of(row.get("limitPrice")),
            trigger_price=price_of(row.get("stopPrice") or (row.get("triggerOptions") or {}).get("triggerPrice")),
        )

    def fill(self, row: Row, booked: Mapping[str, CoinAmount]) -> VenueFill:
        """A row of fills; what it cost stands in the account's log, under its id."""
        listing = self.listings.of(row["symbol"].upper())
        return self.execution(
            listing,
            row["fill_id"],
            client_id=str(row.get("cliOrdId") or ""),
            venue_order_id=row["order_id"],
            side=side_of(row["side"]),
            size=row["size"],
            price=row["price"],
            fee=booked.get(str(row["fill_id"])),
            is_maker=row["fillType"] == MAKER,
            ts_ns=stamp_ns(row["fillTime"]),
            forced=FORCED.get(str(row["fillType"]), ""),
        )

    def position(self, row: Row) -> HeldPosition | None:
        """A row of openpositions; None for a flat one. It has no mark."""
        listing = self.listings.of(row["symbol"].upper())
        qty = listing.held(row["size"])
        if qty == 0.0:
            return None
        leverage = row.get("maxFixedLeverage")
        return HeldPosition(
            asset=listing.asset,
            qty=signed(qty, row["side"]),
            entry_price=number_or_none(row.get("price")) or 0.0,
            mark_price=None,
            leverage=number_or_none(leverage),
            is_isolated=leverage is not None,
            market_id=listing.market_id,
            nets_with_ours=self.listings.is_first(listing),
            contracts=str(row["size"]),
        )

    def booked_fee(self, row: Row) -> tuple[str, CoinAmount] | None:
        """A row of the account's log: what an execution cost, by its id; None for a row about something else."""
        if not row.get("execution") or row.get("fee") is None:
            return None
        return str(row["execution"]), CoinAmount(float(row["fee"]), coin_of(row["asset"]))

    def funding(self, row: Row, prices: CoinPrices) -> tuple[str, FundingUpdate] | None:
        """A row of the account's log: a payment, in whatever coin; None for a row about something else."""
        if row.get("realized_funding") is None or row.get("contract") is None or row.get("execution"):
            return None
        booked = CoinAmount(float(row["realized_funding"]), coin_of(row["asset"]))
        asset = self.listings.of(str(row["contract"]).upper()).asset
        return str(row["booking_uid"]), FundingUpdate(asset, prices.usd(*booked), stamp_ns(row["date"]), booked)

    # -- the feeds

    def feed_order(self, row: Row) -> VenueOrder:
        """An order of the open_orders feed; its `qty` is what is left of it."""
        listing = self.listings.of(row["instrument"].upper())
        filled, left = listing.coins(row.get("filled")), listing.coins(row["qty"])
        is_stop = str(row["type"]) in STOP_KINDS
        return VenueOrder(
            client_id=str(row.get("cli_ord_id") or ""),
            venue_order_id=str(row["order_id"]),
            asset=listing.asset,
            side=Side.LONG if row["direction"] == 0 else Side.SHORT,
            status=OrderStatus.PARTLY_FILLED if filled else OrderStatus.WORKING,
            qty=filled + left,
            filled_qty=filled,
            average_price=0.0,
            reduce_only=bool(row.get("reduce_only")),
            is_conditional=is_stop,
            limit_price=price_of(row.get("limit_price")),
            trigger_price=price_of(row.get("stop_price")) if is_stop else None,
        )

    def feed_fill(self, row: Row) -> VenueFill:
        """An execution of the fills feed, which says its fee."""
        listing = self.listings.of(row["instrument"].upper())
        coin = coin_of(row.get("fee_currency") or USD)
        fee = None if row.get("fee_paid") is None else CoinAmount(float(row["fee_paid"]), coin)
        return self.execution(
            listing,
            row["fill_id"],
            client_id=str(row.get("cli_ord_id") or ""),
            venue_order_id=row["order_id"],
            side=Side.LONG if row["buy"] else Side.SHORT,
            size=row["qty"],
            price=row["price"],
            fee=fee,
            is_maker=row["fill_type"] == MAKER,
            ts_ns=int(row["time"]) * NS_PER_MS,
            forced=FORCED.get(str(row["fill_type"]), ""),
        )


def listing_of(row: Row) -> Listing | None:
    """A row of instruments; None for what is no multi-collateral contract, or is announced and has no sizes yet."""
    if row.get("type") != "flexible_futures" or row.get("tickSize") is None:
        return None
    decimals = row.get("contractValueTradePrecision")
    if decimals is None:
        return None
    lot, market_id = Decimal(10) ** -int(decimals), str(row["symbol"]).upper()
    return Listing(
        asset=asset_of(market_id),
        market_id=market_id,
        unit=Decimal(str(row.get("contractSize") or 1)),
        lot=lot,
        least=lot,
        tick=Decimal(str(row["tickSize"])),
    )

"""Bybit's words for orders, executions and positions, as our own.

Bodies: its API v5, "Get Open & Closed Orders", "Get Trade History", "Get Position Info", "Get Wallet Balance", "Get
Transaction Log" and "Get API Key Information"; the private topics order, execution and position use the same rows.
Quantities of linear contracts are base coins; those of inverse ones are dollars, worth what the position's mark says.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import OrderStatus
from cockpit.domain.quantity import rounded
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.account import (
    CoinAmount,
    FundingUpdate,
    HeldPosition,
    OrderUpdate,
    PositionUpdate,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.fees import CoinPrices
from cockpit.exchanges.base.row_parser import Row, RowParser
from cockpit.exchanges.base.values import number_or_none, price_of, side_of, signed

STATUS = {
    "New": OrderStatus.WORKING,
    "PartiallyFilled": OrderStatus.PARTLY_FILLED,
    "Untriggered": OrderStatus.WORKING,
    "Triggered": OrderStatus.WORKING,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "PartiallyFilledCanceled": OrderStatus.CANCELLED,
    "Deactivated": OrderStatus.CANCELLED,
    "Rejected": OrderStatus.REJECTED,
}
WAITING = frozenset({"Untriggered", "Deactivated"})
"""Of a conditional order: it waits for its price, or was taken off while it did."""
BY_KIND = {
    "AdlTrade": "auto-deleveraging",
    "BustTrade": "liquidation",
    "Settle": "settlement",
    "Delivery": "settlement",
}
BY_ORIGIN = {
    "CreateByLiq": "liquidation",
    "CreateByTakeOver_PassThrough": "liquidation",
    "CreateByAdl_PassThrough": "auto-deleveraging",
    "CreateBySettle": "settlement",
}
"""What the venue closes by itself: by the kind of the execution, or by what created its order."""
TRADES = frozenset({"Trade", *BY_KIND})
"""Kinds of executions in which something was traded: a payment of funding is listed as an execution too."""
NO_REASON = frozenset({"", "UNKNOWN", "EC_NoError"})
HEDGE_SIDES = {0: "", 1: "Buy", 2: "Sell"}
INDEX_OF = {side: index for index, side in HEDGE_SIDES.items()}
PERPETUAL = "USDT"
LINEAR, INVERSE, OPTION = "linear", "inverse", "option"
MOVING_MONEY = ("Wallet", "FiatP2P", "FiatBybitPay", "FiatBitPay", "FiatGlobalPay", "BitCard")
"""Groups of permissions by which money leaves the account: transfers, withdrawals, payments to others."""
HARMLESS = frozenset({"SubMemberTransferList"})
_INVERSE = re.compile(r"USD(?:[FGHJKMNQUVXZ]\d{2})?$")
_OPTION = re.compile(r"-[CP](?:-USDT)?$")


def asset_of(market_id: str) -> str:
    """BTC for BTCUSDT; every other kind of contract keeps the venue's own name."""
    is_perpetual = market_id.endswith(PERPETUAL) and "-" not in market_id
    return market_id.removesuffix(PERPETUAL) if is_perpetual else market_id


def category_of(market_id: str) -> str:
    """Under which category the venue keeps a contract of that name."""
    if _OPTION.search(market_id):
        return OPTION
    return INVERSE if _INVERSE.search(market_id) else LINEAR


def settled_in(market_id: str) -> str:
    """The coin in which a contract's fees are paid, where its row names none."""
    if category_of(market_id) == INVERSE:
        return _INVERSE.sub("", market_id)
    return "USDT" if "USDT" in market_id else "USDC"


class BybitParser(RowParser):
    """A row of the private topics is one of REST's."""

    def order(self, row: Row) -> VenueOrder:
        """An order or a stop; one that was triggered keeps its ids and is conditional no more."""
        listing = self.listings.of(row["symbol"])
        status = str(row["orderStatus"])
        return VenueOrder(
            client_id=str(row.get("orderLinkId") or ""),
            venue_order_id=str(row["orderId"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=STATUS.get(status, OrderStatus.UNKNOWN),
            qty=listing.coins(row["qty"]),
            filled_qty=listing.coins(row.get("cumExecQty")),
            average_price=number_or_none(row.get("avgPrice")) or 0.0,
            reduce_only=bool(row.get("reduceOnly")) or bool(row.get("closeOnTrigger")),
            is_conditional=status in WAITING,
            limit_price=price_of(row.get("price")) if row.get("orderType") == "Limit" else None,
            trigger_price=price_of(row.get("triggerPrice")),
            detail=_detail(row),
            nets_with_ours=self._nets_with_ours(row, listing),
        )

    def order_update(self, row: Row) -> OrderUpdate:
        """A row of the order topic."""
        return OrderUpdate(self.order(row), None, int(row["updatedTime"]) * NS_PER_MS)

    def fill(self, row: Row) -> VenueFill | None:
        """An execution, with its fee as the venue booked it; None for a payment of funding."""
        if row["execType"] not in TRADES:
            return None
        listing = self.listings.of(row["symbol"])
        coin = str(row.get("feeCurrency") or settled_in(listing.market_id))
        return self.execution(
            listing,
            row["execId"],
            client_id=str(row.get("orderLinkId") or ""),
            venue_order_id=row["orderId"],
            side=side_of(row["side"]),
            size=row["execQty"],
            price=row["execPrice"],
            fee=CoinAmount(float(row.get("execFee") or 0.0), coin),
            is_maker=bool(row["isMaker"]),
            ts_ns=int(row["execTime"]) * NS_PER_MS,
            forced=_forced(row),
        )

    def order_of(self, row: Row, fill: VenueFill, average_price: float) -> VenueOrder:
        """The order as it is after an execution of it: how much of it is left is in the execution's row.

        What kind of order it was is not: that is told by its own topic.
        """
        listing = self.listings.of(row["symbol"])
        whole, left = listing.coins(row["orderQty"]), listing.coins(row["leavesQty"])
        return VenueOrder(
            client_id=fill.client_id,
            venue_order_id=fill.venue_order_id,
            asset=fill.asset,
            side=fill.side,
            status=OrderStatus.PARTLY_FILLED if left > 0.0 else OrderStatus.FILLED,
            qty=whole,
            filled_qty=rounded(whole - left),
            average_price=average_price,
            reduce_only=False,
            is_conditional=False,
            limit_price=None,
            trigger_price=None,
            detail=fill.forced,
            nets_with_ours=fill.nets_with_ours,
        )

    def position(self, row: Row) -> HeldPosition | None:
        """A position; None for a flat one. The account's margin mode is one for all of them."""
        listing = self._valued(row)
        qty = listing.held(row["size"])
        if qty == 0.0:
            return None
        return HeldPosition(
            asset=listing.asset,
            qty=signed(qty, row["side"]),
            entry_price=number_or_none(row.get("avgPrice") or row.get("entryPrice")) or 0.0,
            mark_price=number_or_none(row.get("markPrice")) or None,
            leverage=number_or_none(row.get("leverage")) or None,
            is_isolated=None,
            hedge_side=HEDGE_SIDES[int(row["positionIdx"])],
            market_id=listing.market_id,
            nets_with_ours=self._nets_with_ours(row, listing),
            contracts=str(row["size"]),
        )

    def position_update(self, row: Row) -> PositionUpdate:
        """A row of the position topic, which does not say why."""
        listing = self._valued(row)
        qty = listing.held(row["size"])
        entry_price = number_or_none(row.get("entryPrice") or row.get("avgPrice")) or 0.0
        nets, ts_ns = self._nets_with_ours(row, listing), int(row["updatedTime"]) * NS_PER_MS
        return PositionUpdate(listing.asset, signed(qty, row["side"]), entry_price, "", ts_ns, nets)

    def _valued(self, row: Row) -> Listing:
        """Its contract; of an inverse one what a dollar of it is in coins, which no list of ours says."""
        listing, mark = self.listings.of(row["symbol"]), number_or_none(row.get("markPrice")) or None
        if listing.is_listed or mark is None or category_of(listing.market_id) != INVERSE:
            return listing
        return listing._replace(unit=Decimal(f"{1.0 / mark:.6g}"))

    def _nets_with_ours(self, row: Row, listing: Listing) -> bool:
        """Whether it is of the one-way side, and of the listing, that our orders act on."""
        return int(row.get("positionIdx") or 0) == 0 and self.listings.is_first(listing)


def funding_of(row: Row, prices: CoinPrices) -> tuple[str, FundingUpdate] | None:
    """A row of the transaction log: > 0 was received; None for a settlement in which nothing was paid for holding."""
    if not row.get("funding"):
        return None
    booked = CoinAmount(float(row["funding"]), str(row["currency"]))
    stamp_ns = int(row["transactionTime"]) * NS_PER_MS
    return str(row["id"]), FundingUpdate(asset_of(str(row["symbol"])), prices.usd(*booked), stamp_ns, booked)


def listing_of(row: Row) -> Listing | None:
    """A row of instruments-info; None for a contract that is not linear, or is announced and has no sizes yet."""
    if row.get("contractType") not in ("LinearPerpetual", "LinearFutures") or row.get("status") == "PreLaunch":
        return None
    sizes, market_id = row["lotSizeFilter"], str(row["symbol"])
    lot = Decimal(sizes["qtyStep"])
    return Listing(
        asset=asset_of(market_id),
        market_id=market_id,
        unit=Decimal(1),
        lot=lot,
        least=max(lot, Decimal(sizes["minOrderQty"])),
        tick=Decimal(row["priceFilter"]["tickSize"]),
        most=Decimal(sizes["maxMktOrderQty"]) if sizes.get("maxMktOrderQty") else None,
    )


def margin_in_use_usd(wallet: Row) -> float:
    """What positions tie up, coin by coin: the totals of the account are empty where its margin is isolated."""
    used = 0.0
    for coin in wallet["coin"]:
        tied, equity = (float(coin.get(key) or 0.0) for key in ("totalPositionIM", "equity"))
        worth = float(coin.get("usdValue") or 0.0)
        used += tied * (worth / equity if equity and worth else 1.0)
    return used


def can_trade(rights: Mapping[str, Any]) -> bool:
    """Whether it may order: it is not read-only, and has the right to contracts."""
    granted = rights["permissions"]
    return int(rights["readOnly"]) == 0 and "Order" in (granted.get("ContractTrade") or ())


def dangerous(rights: Mapping[str, Any]) -> tuple[str, ...]:
    """The permissions that let it move money out."""
    granted = rights["permissions"]
    names = (str(name) for group in MOVING_MONEY for name in granted.get(group) or ())
    return tuple(dict.fromkeys(name for name in names if name not in HARMLESS))


def is_ip_restricted(rights: Mapping[str, Any]) -> bool:
    """Whether it works from named addresses alone; `*` is any."""
    return any(address != "*" for address in rights.get("ips") or ())


def _forced(row: Row) -> str:
    return BY_KIND.get(str(row.get("execType")), "") or BY_ORIGIN.get(str(row.get("createType")), "")


def _detail(row: Row) -> str:
    """Why the venue placed it, refused it or took it off, where it says so."""
    said = (BY_ORIGIN.get(str(row.get("createType")), ""), row.get("rejectReason"), row.get("cancelType"))
    return next((str(word) for word in said if word and word not in NO_REASON), "")

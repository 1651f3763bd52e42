"""Coinbase's words for orders, executions and positions, as our own, and our orders in its words.

Bodies: its "Orders" and "Futures" REST endpoints, and the user channel of its WebSocket. Quantities of futures are
contracts. Money comes as a plain number here and as `{value, currency}` there.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.quantity import rounded
from cockpit.domain.units import offset_price
from cockpit.exchanges.base.account import (
    CoinAmount,
    HeldPosition,
    PositionUpdate,
    RefusalKind,
    Refused,
    VenueFill,
    VenueOrder,
)
from cockpit.exchanges.base.account_facts import Previewed
from cockpit.exchanges.base.contracts import Listing
from cockpit.exchanges.base.order_terms import given
from cockpit.exchanges.base.row_parser import Row, RowParser
from cockpit.exchanges.base.values import number_or_none, price_of, side_of, signed
from cockpit.exchanges.coinbase.client import LIMIT, MARKET, PROTECTING, REDUCES, STOP
from cockpit.exchanges.coinbase.codes import COINBASE_CODES
from cockpit.exchanges.coinbase.stamps import stamp_ns

STATUS = {
    "PENDING": OrderStatus.SENT,
    "QUEUED": OrderStatus.SENT,
    "OPEN": OrderStatus.WORKING,
    "CANCEL_QUEUED": OrderStatus.WORKING,
    "EDIT_QUEUED": OrderStatus.WORKING,
    "FILLED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.CANCELLED,
    "FAILED": OrderStatus.REJECTED,
}
"""One that is pending rests nowhere yet."""
STOP_PENDING, STOP_TRIGGERED = "STOP_PENDING", "STOP_TRIGGERED"
LIQUIDATION = "liquidation"
PERPETUAL = "PERP"
OWN_CODES = {"BIP": "BTC", "ETP": "ETH", "SLP": "SOL", "XPP": "XRP"}
"""Coins of contracts as long as the venue's list cannot be had."""


def value_of(amount: Any) -> float:
    """An amount, in whichever form it comes."""
    return float(amount["value"] if isinstance(amount, Mapping) else amount)


def value_or_none(amount: Any) -> float | None:
    """The same; None where there is none."""
    return number_or_none(amount.get("value") if isinstance(amount, Mapping) else amount)


class CoinbaseParser(RowParser):
    """Of futures; what is spot about a row is `SpotParser`'s."""

    # -- REST

    def order(self, row: Row) -> VenueOrder:
        """A row of the account's orders. A stop keeps its ids when it is triggered: it is conditional no more."""
        listing = self.listings.of(row["product_id"])
        ((kind, terms),) = (row.get("order_configuration") or {"": {}}).items()
        filled = listing.coins(row.get("filled_size"))
        size = terms.get("base_size")
        qty = listing.coins(size) if size else filled
        trigger_price = price_of(terms.get("stop_price") or terms.get("stop_trigger_price"))
        status, detail = self._ended(row, filled, trigger_price)
        return VenueOrder(
            client_id=str(row.get("client_order_id") or ""),
            venue_order_id=str(row["order_id"]),
            asset=listing.asset,
            side=side_of(row["side"]),
            status=status,
            qty=qty,
            filled_qty=filled,
            average_price=number_or_none(row.get("average_filled_price")) or 0.0,
            reduce_only=terms.get("reduce_only") is True,
            is_conditional=row.get("trigger_status") == STOP_PENDING or (kind == STOP and _is_unborn(row)),
            limit_price=price_of(terms.get("limit_price")),
            trigger_price=trigger_price,
            detail=detail,
            nets_with_ours=self.listings.is_first(listing),
        )

    def _ended(self, row: Row, filled: float, trigger_price: float | None) -> tuple[OrderStatus, str]:
        """How it stands. A stop that was triggered and then taken off unfilled has not protected anything: its limit
        was gapped through."""
        status = STATUS.get(str(row["status"]), OrderStatus.UNKNOWN)
        if status is OrderStatus.WORKING and filled:
            status = OrderStatus.PARTLY_FILLED
        detail = str(row.get("reject_message") or row.get("reject_reason") or row.get("cancel_message") or "")
        if detail.startswith(("REJECT_REASON_UNSPECIFIED", "UNKNOWN")):
            detail = ""
        if _is_forced(row):
            detail = LIQUIDATION
        if status is OrderStatus.CANCELLED and row.get("trigger_status") == STOP_TRIGGERED and not filled:
            at = f" at {trigger_price:g}" if trigger_price else ""
            return OrderStatus.REJECTED, f"triggered{at} and not filled within its limit"
        return status, detail

    def fill(self, row: Row, client_id: str = "", forced: str = "") -> VenueFill:
        """An execution; `client_id` and `forced` are its order's. What it cost is in the contract's currency."""
        listing = self.listings.of(row["product_id"])
        return self.execution(
            listing,
            row["entry_id"],
            client_id=client_id,
            venue_order_id=row["order_id"],
            side=side_of(row["side"]),
            size=row["size"],
            price=row["price"],
            fee=CoinAmount(float(row.get("commission") or 0.0), "USD"),
            is_maker=row.get("liquidity_indicator") == "MAKER",
            ts_ns=stamp_ns(row["trade_time"]),
            forced=forced,
        )

    def position(self, row: Row) -> HeldPosition | None:
        """A row of the futures account's positions; None for a flat one.

        It says its own contract's size: nothing that is held depends on the venue's list.
        """
        listing = self.listings.of(row["product_id"])
        number = abs(Decimal(str(row["number_of_contracts"])))
        unit = listing.unit if listing.is_listed else Decimal(str(row.get("contract_size") or 1))
        qty = listing._replace(unit=unit).held(number)
        if qty == 0.0:
            return None
        leverage = value_or_none(row.get("leverage"))
        return HeldPosition(
            asset=listing.asset,
            qty=signed(qty, row["side"]),
            entry_price=value_or_none(row.get("avg_entry_price")) or 0.0,
            mark_price=value_or_none(row.get("current_price")),
            leverage=leverage or None,
            is_isolated=None,
            market_id=listing.market_id,
            nets_with_ours=self.listings.is_first(listing),
            contracts=f"{number:f}",
        )

    # -- the user channel

    def streamed_order(self, row: Row, known: VenueOrder | None) -> VenueOrder:
        """An order as the channel tells it, which is how it stands: what it leaves out is as it was `known`."""
        listing = self.listings.of(row["product_id"])
        filled, left = (listing.coins(row[key] or 0) for key in ("cumulative_quantity", "leaves_quantity"))
        trigger_price = price_of(row.get("stop_price")) or (None if known is None else known.trigger_price)
        status, detail = self._ended(row, filled, trigger_price)
        return VenueOrder(
            client_id=str(row.get("client_order_id") or ""),
            venue_order_id=str(row["order_id"]),
            asset=listing.asset,
            side=side_of(row["order_side"]),
            status=status,
            qty=max(rounded(filled + left), 0.0 if known is None else known.qty),
            filled_qty=filled,
            average_price=number_or_none(row.get("avg_price")) or 0.0,
            reduce_only=False if known is None else known.reduce_only,
            is_conditional=row.get("trigger_status") == STOP_PENDING,
            limit_price=price_of(row.get("limit_price")) or (None if known is None else known.limit_price),
            trigger_price=trigger_price,
            detail=detail or str(row.get("cancel_reason") or ""),
            nets_with_ours=self.listings.is_first(listing),
        )

    def streamed_position(self, row: Row, ts_ns: int) -> PositionUpdate:
        """A position in the channel, where the venue has switched them on for the account."""
        listing = self.listings.of(row["product_id"])
        qty = signed(listing.held(row["number_of_contracts"]), row["side"])
        nets = self.listings.is_first(listing)
        return PositionUpdate(listing.asset, qty, number_or_none(row.get("entry_price")) or 0.0, "", ts_ns, nets)


def previewed(answer: Row) -> Previewed:
    """What the venue says of an order that it was only asked about. Raises `Refused` where it would not take it, by
    the first reason that we know: nothing was placed, so that any reason is a refusal.
    """
    names = [str(name) for name in answer["errs"]]
    if names:
        refusals = COINBASE_CODES.refusals
        known = next((name for name in names if name in refusals), names[0])
        told = ", ".join(name[:60] for name in names[:3])
        raise Refused(refusals.get(known, RefusalKind.OTHER), known, f"coinbase would not take it: {told}")
    warnings = tuple(str(warning)[:60] for warning in answer.get("warning") or ())
    return Previewed(value_or_none(answer.get("commission_total")), warnings)


def _is_forced(row: Row) -> bool:
    """Whether nobody ordered it: the venue's FCM took the position off."""
    return row.get("is_liquidation") is True or str(row.get("order_type", "")).upper() == "LIQUIDATION"


def _is_unborn(row: Row) -> bool:
    """Whether a stop has no trigger status yet: it is not even pending."""
    return STATUS.get(str(row["status"])) is OrderStatus.SENT


def asset_of(market_id: str, coins: Mapping[str, str]) -> str:
    """BTC for BIP-20DEC30-CDE, by the coins that the venue's list gave; any other contract keeps the venue's name."""
    code, _, rest = market_id.partition("-")
    known = coins.get(market_id)
    return known or (OWN_CODES.get(code, market_id) if rest else market_id)


def coin_of(row: Row) -> str:
    """Whose perpetual-style future a product is; "" for any other kind of product."""
    details = row.get("future_product_details") or {}
    is_perpetual = bool(details.get("funding_interval")) or str(row.get("display_name", "")).endswith(PERPETUAL)
    is_ours = row.get("product_type") == "FUTURE" and row.get("quote_currency_id") == "USD" and is_perpetual
    return str(details.get("contract_root_unit") or "") if is_ours else ""


def listing_of(row: Row) -> Listing | None:
    """A row of the venue's futures; None for what is no perpetual-style future, or is not traded."""
    coin = coin_of(row)
    if not coin or row.get("is_disabled") or row.get("trading_disabled"):
        return None
    details, most = row["future_product_details"], row.get("base_max_size")
    return Listing(
        asset=coin,
        market_id=str(row["product_id"]),
        unit=Decimal(str(details["contract_size"])),
        lot=Decimal(str(row["base_increment"])),
        least=Decimal(str(row["base_min_size"])),
        tick=Decimal(str(row["price_increment"])),
        most=Decimal(str(most)) if most else None,
    )


# Orders as the venue wants them written: raw bodies, as its own call takes them.
#
# Its only stop is a stop-limit, triggered by the last trade; so far beyond the trigger as `limit_bps` says lies the
# price at which it still leaves. What reduces says so inside the order's terms.


def side_name(side: Side) -> str:
    """The venue's word for buying or selling."""
    return "BUY" if side is Side.LONG else "SELL"


def size_of(listing: Listing, order: OrderRequest, position: HeldPosition | None) -> str:
    """In whole contracts, at most as many as are held; a contract that is not listed is closed by what it says."""
    if position is None:
        return listing.contracts(order.qty, order.reduce_only)
    if not listing.is_listed:
        return position.contracts
    return listing.contracts(order.qty)


def order_body(listing: Listing, order: OrderRequest, size: str, client_id: str) -> dict[str, Any]:
    """A market or limit order."""
    terms: dict[str, Any] = {"base_size": size}
    kind = MARKET
    if order.order_type is OrderType.LIMIT:
        kind = LIMIT
        terms |= {"limit_price": listing.price(given(order.limit_price, "a limit price")), "post_only": False}
    if order.reduce_only:
        terms[REDUCES] = True
    return _body(listing, order.side, {kind: terms}, client_id)


def stop_body(listing: Listing, order: OrderRequest, client_id: str, limit_bps: float) -> dict[str, Any]:
    """A stop: once the last price is at its trigger, a limit order `limit_bps` on the far side of that."""
    trigger, side = given(order.trigger_price, "a trigger price"), side_name(order.side)
    terms = {
        "base_size": listing.contracts(order.qty),
        "limit_price": listing.price(offset_price(trigger, order.side.sign * limit_bps)),
        "stop_price": listing.price(trigger),
        "stop_direction": PROTECTING[side],
        REDUCES: True,
    }
    return _body(listing, order.side, {STOP: terms}, client_id)


def _body(listing: Listing, side: Side, terms: dict[str, Any], client_id: str) -> dict[str, Any]:
    return {
        "client_order_id": client_id,
        "product_id": listing.market_id,
        "side": side_name(side),
        "order_configuration": terms,
    }

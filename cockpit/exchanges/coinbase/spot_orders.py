"""Spot orders in Coinbase's words, their rows as our own, and the fence around them: coins are bought, and sold once.

Nothing there reduces only, so that the field is absent. A sale never rests: it leaves at market, or at a price at once
or not at all; the only order that waits is a stop that sells.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cockpit.domain.kinds import OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.domain.units import offset_price
from cockpit.exchanges.base.account import RefusalKind, Refused, VenueOrder
from cockpit.exchanges.base.contracts import Listing, Listings, plain
from cockpit.exchanges.base.fees import Fees
from cockpit.exchanges.base.order_terms import given
from cockpit.exchanges.base.row_parser import Row
from cockpit.exchanges.coinbase.client import LIMIT, MARKET, ORDER_FIELDS, PROTECTING, STOP, TERMS
from cockpit.exchanges.coinbase.parsing import CoinbaseParser, side_name
from cockpit.exchanges.coinbase.spot_books import Mark, OwnOrder, SpotBooks, mark_of
from cockpit.exchanges.coinbase.stamps import stamp_ns

SPOT = "SPOT"
AT_ONCE = "sor_limit_ioc"
SPOT_TERMS = {**TERMS, AT_ONCE: frozenset({"base_size", "limit_price"})}


class SpotParser(CoinbaseParser):
    """Reads rows of orders into the books as well. An order goes by the id that the engine gave it."""

    def __init__(self, listings: Listings, fees: Fees, books: SpotBooks) -> None:
        super().__init__(listings, fees)
        self._books = books

    def order(self, row: Row) -> VenueOrder:
        ((_, terms),) = (row.get("order_configuration") or {"": {}}).items()
        return self._owned(super().order(row), row.get("created_time"), terms)

    def streamed_order(self, row: Row, known: VenueOrder | None) -> VenueOrder:
        return self._owned(super().streamed_order(row, known), row.get("creation_time"), row)

    def _owned(self, order: VenueOrder, created: Any, terms: Row) -> VenueOrder:
        mark = mark_of(order.client_id)
        if mark is None:
            return order._replace(nets_with_ours=False)
        trigger = str(terms.get("stop_price") or "")
        is_stop = bool(trigger) and trigger != "0"
        self._books.take(
            OwnOrder(
                order_id=order.venue_order_id,
                mark=mark,
                asset=order.asset,
                is_sale=order.side is Side.SHORT,
                qty=order.qty,
                filled=order.filled_qty,
                average=order.average_price,
                is_over=order.status.is_final,
                created_ns=stamp_ns(created),
                trigger=trigger if is_stop else "",
                limit=str(terms.get("limit_price") or "") if is_stop else "",
            )
        )
        return order._replace(client_id=mark.client_id, reduce_only=order.side is Side.SHORT)


def spot_listing(row: Row, asset: str) -> Listing | None:
    """A spot product; None for one that is not traded. Raises `Refused` for what is none, or is of another coin."""
    product, kind = str(row["product_id"]), str(row.get("product_type"))
    if kind != SPOT:
        raise Refused(RefusalKind.UNSUPPORTED, "", f"coinbase {product}: expected a product of type SPOT, was {kind}")
    coin, quote = str(row.get("base_currency_id")), str(row.get("quote_currency_id"))
    if (coin, quote) != (asset, "USD"):
        sentence = f"coinbase {product}: expected {asset} against USD, was {coin} against {quote}"
        raise Refused(RefusalKind.UNSUPPORTED, "", sentence)
    if row.get("is_disabled") or row.get("trading_disabled"):
        return None
    most = row.get("base_max_size")
    return Listing(
        asset=asset,
        market_id=product,
        unit=Decimal(1),
        lot=Decimal(str(row["base_increment"])),
        least=Decimal(str(row["base_min_size"])),
        tick=Decimal(str(row.get("price_increment") or row["quote_increment"])),
        most=Decimal(str(most)) if most else None,
    )


# Orders as they are written.


def size_text(listing: Listing, qty: float, may_shrink: bool = True) -> str:
    """So many coins on the grid; where the venue's list cannot be had as they are, which is as they were bought."""
    return listing.contracts(qty, may_shrink) if listing.is_listed else plain(Decimal(repr(qty)))


def spot_body(listing: Listing, order: OrderRequest, size: str, client_id: str) -> dict[str, Any]:
    """At market, a purchase that rests at its price, or a sale that leaves at its price at once or not at all."""
    terms: dict[str, Any] = {"base_size": size}
    kind = MARKET
    if order.order_type is OrderType.LIMIT:
        terms["limit_price"] = listing.price(given(order.limit_price, "a limit price"))
        kind = LIMIT if order.side is Side.LONG else AT_ONCE
    if kind == LIMIT:
        terms["post_only"] = False
    return _body(listing.market_id, order.side, {kind: terms}, client_id)


def spot_stop_body(
    listing: Listing, order: OrderRequest, size: str, client_id: str, limit_bps: float
) -> dict[str, Any]:
    """A stop that sells, at a limit `limit_bps` below its trigger."""
    trigger = given(order.trigger_price, "a trigger price")
    limit = listing.price(offset_price(trigger, -limit_bps))
    return stop_again(listing.market_id, size, listing.price(trigger), limit, client_id)


def stop_again(product: str, size: str, trigger: str, limit: str, client_id: str) -> dict[str, Any]:
    """The same of prices that were written before."""
    terms = {
        "base_size": size,
        "limit_price": limit,
        "stop_price": trigger,
        "stop_direction": PROTECTING[side_name(Side.SHORT)],
    }
    return _body(product, Side.SHORT, {STOP: terms}, client_id)


def next_link(mark: Mark) -> str:
    """The id under which a stop is laid again."""
    return f"{mark.client_id}r{mark.link + 1}"


def _body(product: str, side: Side, terms: dict[str, Any], client_id: str) -> dict[str, Any]:
    return {
        "client_order_id": client_id,
        "product_id": product,
        "side": side_name(side),
        "order_configuration": terms,
    }


# The fence.


def against_spot(fields: Mapping[str, Any], products: frozenset[str]) -> str:
    """What is wrong with a spot order, or the question about one; "" where it is one that we place."""
    strange = sorted(set(fields) - ORDER_FIELDS)
    if strange:
        return f"a field of the fence, was {strange[0]}"
    product, side, terms = (fields.get(name) for name in ("product_id", "side", "order_configuration"))
    if product not in products:
        return f"one of {', '.join(sorted(products))}, was {str(product)[:40]}"
    if side not in PROTECTING:
        return f"a side of {', '.join(sorted(PROTECTING))}, was {side}"
    if not isinstance(terms, dict) or len(terms) != 1 or next(iter(terms)) not in SPOT_TERMS:
        return f"one kind of order of {', '.join(SPOT_TERMS)}"
    ((kind, said),) = terms.items()
    if not isinstance(said, dict) or set(said) != SPOT_TERMS[kind]:
        return f"{kind} with {', '.join(sorted(SPOT_TERMS[kind]))}, was other fields"
    if kind == LIMIT and side != side_name(Side.LONG):
        return "a sale that does not rest, was one that does"
    if kind in (STOP, AT_ONCE) and side != side_name(Side.SHORT):
        return f"a sale, was a purchase by {kind}"
    if kind == STOP and said["stop_direction"] != PROTECTING[side]:
        return f"a {side} stop in the direction {PROTECTING[side]}, was {said['stop_direction']}"
    return ""

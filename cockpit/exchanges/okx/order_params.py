"""What an order says to OKX, and what its bare acknowledgement says to us."""

from cockpit.domain.kinds import OrderStatus, OrderType, Side
from cockpit.domain.orders import OrderRequest
from cockpit.exchanges.base.account import HeldPosition, VenueOrder
from cockpit.exchanges.base.contracts import Listing


def accepted(order: OrderRequest, client_id: str, venue_order_id: str) -> VenueOrder:
    """The venue answers an order with its ids only: how it stands is told by the stream, or asked."""
    return VenueOrder(
        client_id=client_id,
        venue_order_id=venue_order_id,
        asset=order.asset,
        side=order.side,
        status=OrderStatus.WORKING,
        qty=order.qty,
        filled_qty=0.0,
        average_price=0.0,
        reduce_only=order.reduce_only,
        is_conditional=order.order_type is OrderType.STOP_MARKET,
        limit_price=order.limit_price,
        trigger_price=order.trigger_price,
        detail="accepted",
    )


def venue_side(side: Side) -> str:
    """The venue's word for buying or selling."""
    return "buy" if side is Side.LONG else "sell"


def margin(is_isolated: bool) -> str:
    """The venue's word for the margin mode."""
    return "isolated" if is_isolated else "cross"


def size(listing: Listing, order: OrderRequest, position: HeldPosition | None) -> str:
    """A position on what is not listed says its own quantity."""
    if position is not None and not listing.is_listed:
        return position.contracts
    return listing.contracts(order.qty, order.reduce_only)

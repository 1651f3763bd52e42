"""Orders and positions of a real venue in a few words, safe to print whoever placed them."""

from cockpit.domain.kinds import Side
from cockpit.domain.numbers import price_text
from cockpit.exchanges.base.account import HeldPosition, VenueOrder

LONGEST_ID = 40


def guards(order: VenueOrder) -> bool:
    """Whether it is a stop (or anything like it): it waits for its price and can only reduce a position."""
    return order.is_conditional and order.reduce_only


def order_text(order: VenueOrder) -> str:
    """An order, as `entry buy 0.01 BTC at 99,000`."""
    direction = "buy" if order.side is Side.LONG else "sell"
    price = order.trigger_price if order.is_conditional else order.limit_price
    at = "" if price is None else f" at {price_text(price)}"
    kind = "stop" if guards(order) else "reduce-only" if order.reduce_only else "entry"
    return f"{kind} {direction} {order.qty - order.filled_qty:.10g} {plain_id(order.asset)}{at}"


def held_text(position: HeldPosition) -> str:
    """A position with its worth, as `+0.0004 BTC (43.36 USD)`."""
    worth = "" if position.mark_price is None else f" ({abs(position.qty) * position.mark_price:,.2f} USD)"
    return f"{position.qty:+.10g} {plain_id(position.asset)}{apart_text(position)}{worth}"


def apart_text(position: HeldPosition) -> str:
    """What keeps it apart from ours: its margin mode, its side, its own listing."""
    if position.nets_with_ours:
        return ""
    mode = "" if position.is_isolated is None else " isolated" if position.is_isolated else " cross"
    side = f" {plain_id(position.hedge_side).lower()} side" if position.hedge_side else ""
    return f"{mode}{side} ({plain_id(position.market_id)})"


def plain_id(text: str) -> str:
    """An id or a name from outside, free of anything but letters, digits and dashes."""
    return "".join(char for char in text if char.isascii() and (char.isalnum() or char in "-_"))[:LONGEST_ID] or "-"

"""What happens to an account without its client asking: somebody's hand, liquidation, ADL."""

from decimal import Decimal

from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import Order, OrderAsked, Reason, Refused, d, opposite


def trade_by_hand(core: MatchingCore, symbol: str, side: str, qty: float, client_id: str = "") -> Order:
    """Somebody trades on the same account, in the app or with another tool."""
    name = client_id or f"web_{len(core.orders)}"
    return core.place(OrderAsked(symbol, side, "market", d(qty), client_id=name, owner="stranger"))


def liquidate(core: MatchingCore, symbol: str) -> Order:
    """The venue takes the whole position over; its order's client id begins with `autoclose-`."""
    return _forced(core, symbol, f"autoclose-{core.clock_ms()}")


def deleverage(core: MatchingCore, symbol: str, fraction: float = 1.0) -> Order:
    """The venue closes (a part of) the position against somebody's bankruptcy: `adl_autoclose`."""
    return _forced(core, symbol, "adl_autoclose", d(fraction))


def _forced(core: MatchingCore, symbol: str, client_id: str, fraction: Decimal = Decimal(1)) -> Order:
    held = core.positions[symbol].qty
    if held == 0:
        raise Refused(Reason.NO_POSITION)
    lot = core.rules[symbol].lot
    qty = abs(held) * fraction // lot * lot
    side = opposite("buy" if held > 0 else "sell")
    return core.place(OrderAsked(symbol, side, "market", qty, client_id=client_id, owner="venue"))

"""Hyperliquid's sentences that prove that nothing was executed: it has no numbers, and a sentence ends as it likes.

Sources: its API documentation, "Error responses" (each of an order is "not placed"), and what its library's errors are
told by. A sentence is known by how it begins. What is missing is missing on purpose: a nonce that came twice says
nothing of the first, and what an expired action is answered with is written down nowhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cockpit.exchanges.base.account import RefusalKind
from cockpit.exchanges.base.codes import VenueCodes

MISSING = "Order was never placed, already canceled, or filled."
NOT_KNOWN = "unknownOid"
NOT_OPEN = frozenset({MISSING, NOT_KNOWN})
"""The venue has no such (open) order."""
REFUSALS: Mapping[str, RefusalKind] = {
    "Price must be divisible by tick size.": RefusalKind.OFF_GRID,
    "Order has invalid price.": RefusalKind.OFF_GRID,
    "Order has invalid size": RefusalKind.OFF_GRID,
    "Order has zero size.": RefusalKind.TOO_SMALL,
    "Order must have minimum value of": RefusalKind.TOO_SMALL,
    "Insufficient margin to place order.": RefusalKind.MARGIN,
    "Reduce only order would increase position.": RefusalKind.NOTHING_TO_REDUCE,
    "Post only order would have immediately matched": RefusalKind.OTHER,
    "Order could not immediately match against any resting orders.": RefusalKind.OTHER,
    "No liquidity available for market order.": RefusalKind.OTHER,
    "Invalid TP/SL price.": RefusalKind.WOULD_TRIGGER,
    "Order would increase open interest while open interest is capped": RefusalKind.OTHER,
    "Order rejected due to price more aggressive than oracle": RefusalKind.OTHER,
    "Order would increase open interest too quickly": RefusalKind.OTHER,
    "Order price too far from oracle": RefusalKind.OTHER,
    "Order price cannot be more than 80% away from the reference price": RefusalKind.OTHER,
    "Order would cause position to exceed margin tier limit": RefusalKind.MARGIN,
    MISSING: RefusalKind.OTHER,
    NOT_KNOWN: RefusalKind.OTHER,
}
ORDER_ERROR = "order error"
"""Of an order or a cancel alone, with a sentence that is on no list."""
TURNED_AWAY = "Too many cumulative requests sent"
KEYS_LOST = ("User or API Wallet ", "Must deposit before performing actions")
KNOWN = (*REFUSALS, TURNED_AWAY, *KEYS_LOST)


def code_in(answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """How its sentence begins where that is known, else the whole of it; and what else it says."""
    for sentence, of_order in _sentences(answer):
        known = next((known for known in KNOWN if sentence.startswith(known)), None)
        if known is None:
            return (ORDER_ERROR, sentence) if of_order else (sentence, "")
        return known, sentence.removeprefix(known).strip()
    return None


def _sentences(answer: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each with whether it is of one order: an action's answer says `ok` beside the errors of each order in it."""
    if answer.get("status") == "err":
        yield str(answer.get("response")), False
    if answer.get("status") == NOT_KNOWN:
        yield NOT_KNOWN, False
    response = answer.get("response")
    data = response.get("data") if isinstance(response, Mapping) else None
    for status in (data.get("statuses") or ()) if isinstance(data, Mapping) else ():
        if isinstance(status, Mapping) and status.get("error"):
            yield str(status["error"]), True


HYPERLIQUID_CODES = VenueCodes(
    refusals=REFUSALS,
    turned_away=frozenset({TURNED_AWAY}),
    clock=frozenset(),
    keys=frozenset(KEYS_LOST),
    code_in=code_in,
    of_order=frozenset({ORDER_ERROR}),
)

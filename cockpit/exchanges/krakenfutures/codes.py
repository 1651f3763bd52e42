"""Kraken Futures' errors that cannot have executed anything, by name: it has no numbers.

Sources: its REST guide's "Errors", and the statuses of sendorder, each "the order was not placed because ...". What is
missing is missing on purpose: Server Error, unknownError, unavailable, marketUnavailable and Json Parse Error say
nothing of what became of an order.
"""

from collections.abc import Mapping
from typing import Any

from cockpit.exchanges.base.account import RefusalKind
from cockpit.exchanges.base.codes import VenueCodes, of_kind

NOT_OPEN = frozenset({"notFound", "filled", "cancelled"})
"""The venue has no such open order; in the answer to a cancel the last one says that it was open until now."""


def code_in(answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """Its name of an error and what else it says; None for an answer without one."""
    errors = answer.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("message") or errors[0].get("code")), ""
    name = answer.get("error")
    return (str(name), "") if name else None


KRAKEN_CODES = VenueCodes(
    refusals={
        **of_kind(RefusalKind.OTHER, "invalidSide selfFill tooManySmallOrders marketSuspended marketInactive"),
        **of_kind(RefusalKind.OTHER, "clientOrderIdTooLong outsidePriceCollar postWouldExecute iocWouldNotExecute"),
        **of_kind(RefusalKind.OTHER, "requiredArgumentMissing invalidArgument contractNotFound notFound invalidUnit"),
        **of_kind(RefusalKind.OTHER, "accountInactive invalidAccount invalidAmount"),
        **of_kind(RefusalKind.NOTHING_TO_REDUCE, "wouldNotReducePosition WOULD_NOT_REDUCE_POSITION"),
        **of_kind(RefusalKind.DUPLICATE_ID, "clientOrderIdAlreadyExist"),
        **of_kind(RefusalKind.OFF_GRID, "invalidSize invalidPrice"),
        **of_kind(RefusalKind.TOO_LARGE, "maxPositionViolation"),
        **of_kind(RefusalKind.MARGIN, "insufficientAvailableFunds insufficientFunds INSUFFICIENT_MARGIN"),
        **of_kind(RefusalKind.MARGIN, "wouldCauseLiquidation"),
        **of_kind(RefusalKind.UNSUPPORTED, "invalidOrderType"),
    },
    turned_away=frozenset({"apiLimitExceeded"}),
    clock=frozenset({"nonceBelowThreshold", "nonceDuplicate"}),
    keys=frozenset({"authenticationError"}),
    code_in=code_in,
)

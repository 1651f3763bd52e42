"""The venue's error codes that cannot have executed anything. Source: name the page here.

What is missing here is missing on purpose: whatever may come after an order was executed, and whatever is newer than
this list, is Unknown and is asked for.
"""

from cockpit.exchanges.base.account import RefusalKind
from cockpit.exchanges.base.codes import VenueCodes, of_kind

NOT_OPEN: frozenset[str] = frozenset()
"""The venue has no such (open) order."""

TEMPLATE_CODES = VenueCodes(
    refusals={
        **of_kind(RefusalKind.OTHER, ""),
        **of_kind(RefusalKind.NOTHING_TO_REDUCE, ""),
        **of_kind(RefusalKind.WOULD_TRIGGER, ""),
        **of_kind(RefusalKind.DUPLICATE_ID, ""),
        **of_kind(RefusalKind.TOO_SMALL, ""),
        **of_kind(RefusalKind.TOO_LARGE, ""),
        **of_kind(RefusalKind.OFF_GRID, ""),
        **of_kind(RefusalKind.MARGIN, ""),
        **of_kind(RefusalKind.UNSUPPORTED, ""),
    },
    turned_away=frozenset(),
    clock=frozenset(),
    keys=frozenset(),
)
"""`code_in` finds the code of an answer, where the venue does not write it as `code`."""

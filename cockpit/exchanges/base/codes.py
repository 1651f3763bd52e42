"""A venue's error codes by what they prove. A code that is on none of its lists proves nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from cockpit.exchanges.base.account import RefusalKind


class VenueCodes(NamedTuple):
    """`refusals`: nothing of the request was or ever will be executed. `turned_away`: it was not even looked at.

    `clock`: turned away because the clocks are too far apart. `keys`: the venue no longer knows us. `code_in` finds the
    code and the message of an answer, None where it has none; a venue that writes them as `code` and `msg` needs none.
    `of_order`: an error in the place of the one order's own status, whatever else it says.
    """

    refusals: Mapping[str, RefusalKind]
    turned_away: frozenset[str]
    clock: frozenset[str]
    keys: frozenset[str]
    code_in: Callable[[Mapping[str, Any]], tuple[str, str] | None] | None = None
    of_order: frozenset[str] = frozenset()


NO_CODES = VenueCodes({}, frozenset(), frozenset(), frozenset())
"""Of a venue that nobody has made lists for."""


def of_kind(kind: RefusalKind, codes: str) -> Mapping[str, RefusalKind]:
    """All of these codes, written with blanks between them, mean the same."""
    return dict.fromkeys(_listed(codes), kind)


def _listed(codes: str) -> Iterator[str]:
    """`-1100..-1106` stands for every code of that span."""
    for word in codes.split():
        first, _, last = word.partition("..")
        if last:
            low, high = sorted((int(first), int(last)))
            yield from map(str, range(low, high + 1))
        else:
            yield first

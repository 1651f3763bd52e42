"""Bybit's error codes that cannot have executed anything. Source: its API v5 "Error Codes", and the texts of 10001.

What is missing here is missing on purpose: -1, 429, 10000, 10014 and 10016 (server timeouts, load, a request that is
a duplicate of an earlier one) may come after the order was executed, and so may any code that is newer than this list.
"""

from collections.abc import Mapping
from typing import Any

from cockpit.exchanges.base.account import RefusalKind
from cockpit.exchanges.base.codes import VenueCodes, of_kind

NOT_OPEN = frozenset({"110001", "110008", "110010"})
"""The venue has no such order, or it has ended."""

MALFORMED = "10001"
QTY, LEAST, MOST, SIDE = "10001.qty", "10001.least", "10001.most", "10001.side"
MALFORMED_TEXTS = (
    ("minimum limit", LEAST),
    ("maximum limit", MOST),
    ("qty invalid", QTY),
    ("position idx not match", SIDE),
)
"""One code stands for everything that is wrong with a request: which it is, is said in its text alone."""


def code_in(answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """Its number and what it says; of a malformed request, what is malformed."""
    code, message = answer.get("retCode"), str(answer.get("retMsg") or "")
    if code in (None, 0, "0", ""):
        return None
    if str(code) == MALFORMED:
        return next((ours for part, ours in MALFORMED_TEXTS if part in message.lower()), MALFORMED), message
    return str(code), message


PRICES = "110003 110031 110032 110037 110049 110050"
POSITION = "110005 110011 110021 110023 110033..110035 110039..110042"
LIMITS = "110009 110020 110022 110047 110048 110064"
ATTACHED = "110054..110062"
MARKET = "10017 10024 10027 10029 110063 110066 110068..110070"

BYBIT_CODES = VenueCodes(
    refusals={
        **of_kind(RefusalKind.OTHER, f"{MALFORMED} {PRICES} {POSITION} {LIMITS} {ATTACHED} {MARKET}"),
        **of_kind(RefusalKind.OTHER, " ".join(sorted(NOT_OPEN))),
        **of_kind(RefusalKind.NOTHING_TO_REDUCE, "110017"),
        **of_kind(RefusalKind.WOULD_TRIGGER, "110092 110093"),
        **of_kind(RefusalKind.DUPLICATE_ID, "110030 110072"),
        **of_kind(RefusalKind.TOO_SMALL, f"110094 {LEAST}"),
        **of_kind(RefusalKind.TOO_LARGE, f"110016 {MOST}"),
        **of_kind(RefusalKind.OFF_GRID, QTY),
        **of_kind(RefusalKind.MARGIN, "110004 110006 110007 110012 110014 110044 110045 110051..110053"),
        **of_kind(RefusalKind.MODE, f"10028 110024 110028 110029 110067 {SIDE}"),
        **of_kind(RefusalKind.UNSUPPORTED, "10032"),
    },
    turned_away=frozenset({"10006", "10018"}),
    clock=frozenset({"10002"}),
    keys=frozenset({"10003", "10004", "10005", "10007", "10008", "10009", "10010", "33004", "-2015"}),
    code_in=code_in,
)

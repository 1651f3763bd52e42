"""What an error of the client library means: nobody knows, unless the venue's own code proves more.

An order that failed is one of two things that must never be mixed up: certainly not executed, or nobody knows. The
library's classes do not tell: a cut-off answer to an order that was executed arrives as its most general error, and a
code that it has never heard of as a refusal. What decides is whether the venue's own code is in the text, and on that
venue's list of codes that cannot have executed; everything else is asked for.

The classes are the library's, told by name, so that judging an error imports nothing.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from cockpit.exchanges.base.account import (
    Ambiguous,
    ErrorOfOrder,
    KeysLost,
    NotSent,
    RefusalKind,
    Refused,
    VenueFailure,
)
from cockpit.exchanges.base.codes import VenueCodes
from cockpit.exchanges.base.fence import FencedOff
from cockpit.exchanges.base.masking import error_text, masked
from cockpit.exchanges.registry import codes_of

TURNED_AWAY_CLASSES = frozenset({"DDoSProtection", "RateLimitExceeded"})
"""What the library makes of the HTTP statuses 418 and 429, where no code came with them."""
KEYS_CLASSES = frozenset({"AuthenticationError", "PermissionDenied", "AccountSuspended"})
NO_CONNECTION = "ClientConnectorError"

_CODE = re.compile(r'"s?[cC]ode"\s*:\s*"?(-?\d+)"?')


def failure_of(error: BaseException, venue: str, secrets: Iterable[str] = ()) -> VenueFailure:
    """The failure that an error of the client library (or of reading its answer) stands for, in one masked line.

    `secrets` are cut out of the text. Retry-After is taken from the error where the client noted it.
    """
    if isinstance(error, VenueFailure):
        return error
    codes = codes_of(venue)
    code, message = _code_of(error, codes)
    told = error_text(error, secrets) if code is None else masked(f"{code} {message}".strip(), secrets)
    sentence = f"{venue}: {told}"
    if isinstance(error, FencedOff):
        return Refused(RefusalKind.OTHER, "fence", sentence)
    if code is None or codes is None:
        return _by_class(error, sentence)
    return _by_code(code, codes, sentence, error)


def _by_code(code: str, codes: VenueCodes, sentence: str, error: BaseException) -> VenueFailure:
    """What the venue's own code proves; nothing, where it is on none of the lists."""
    if code in codes.clock or code in codes.turned_away:
        return NotSent(sentence, _retry_after_s(error), is_clock=code in codes.clock)
    if code in codes.keys:
        return KeysLost(sentence)
    if code in codes.of_order:
        return ErrorOfOrder(sentence)
    kind = codes.refusals.get(code)
    return Ambiguous(sentence) if kind is None else Refused(kind, code, sentence)


def _by_class(error: BaseException, sentence: str) -> VenueFailure:
    """Without a code that anybody has a list for: no class of the library proves a refusal."""
    classes = {cls.__name__ for cls in type(error).__mro__}
    if classes & TURNED_AWAY_CLASSES:
        return NotSent(sentence, _retry_after_s(error))
    if _had_no_connection(error):
        return NotSent(sentence)
    return KeysLost(sentence) if classes & KEYS_CLASSES and not _is_a_page(error) else Ambiguous(sentence)


def _had_no_connection(error: BaseException) -> bool:
    """Whether no connection could be made at all: not a byte of the request has left."""
    return any(cls.__name__ == NO_CONNECTION for cls in type(error.__cause__).__mro__)


def _is_a_page(error: BaseException) -> bool:
    """Whether something else than the venue answered, such as a wall before it: the library then names the address."""
    return "://" in str(error)


def _retry_after_s(error: BaseException) -> float | None:
    wait_s: float | None = getattr(error, "retry_after_s", None)
    return wait_s


def _code_of(error: BaseException, codes: VenueCodes | None) -> tuple[str | None, str]:
    """The venue's code and its message, from the answer that the library puts into its error's text."""
    text = str(error)
    start = text.find("{")
    if start < 0:
        return None, ""
    try:
        answer = json.loads(text[start:])
    except ValueError:
        # A body that was cut off still has its code; a page may have anybody's.
        found = None if _is_a_page(error) else _CODE.search(text)
        return (found.group(1), "") if found else (None, "")
    if codes is not None and codes.code_in is not None:
        return (codes.code_in(answer) if isinstance(answer, dict) else None) or (None, "")
    return _code_in(answer)


def _code_in(answer: Any) -> tuple[str | None, str]:
    if not isinstance(answer, dict):
        return None, ""
    for row in answer.get("data") or ():
        if isinstance(row, dict) and str(row.get("sCode") or "0") != "0":
            return str(row["sCode"]), str(row.get("sMsg", ""))
    if answer.get("code") in (None, ""):
        return None, ""
    return str(answer["code"]), str(answer.get("msg", ""))

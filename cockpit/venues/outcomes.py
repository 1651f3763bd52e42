"""What an error of the client library means: refused, nobody knows, not sent, or keys lost.

An order that failed is one of two things that must never be mixed up: certainly not executed, or nobody knows. The
library's classes alone do not tell: a cut-off answer to an order that was executed arrives as its most general error,
and so does a refusal it has no class for. What decides is whether the venue's own code is in the text.

Codes: Binance's and OKX's lists of error codes; the classes are the library's, told by name, so that judging an error
imports nothing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cockpit.exchanges.fence import FencedOff
from cockpit.exchanges.library import said
from cockpit.exchanges.masking import masked
from cockpit.venues.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused, VenueFailure

BINANCE_KINDS: Mapping[str, RefusalKind] = {
    "-2022": RefusalKind.NOTHING_TO_REDUCE,
    "-4118": RefusalKind.QUANTITY_RESERVED,
    "-2021": RefusalKind.WOULD_TRIGGER,
    "-4142": RefusalKind.WOULD_TRIGGER,
    "-4116": RefusalKind.DUPLICATE_ID,
    "-4003": RefusalKind.TOO_SMALL,
    "-4004": RefusalKind.TOO_SMALL,
    "-4164": RefusalKind.TOO_SMALL,
    "-2018": RefusalKind.MARGIN,
    "-2019": RefusalKind.MARGIN,
    "-2024": RefusalKind.MARGIN,
    "-4061": RefusalKind.MODE,
    "-4062": RefusalKind.MODE,
    "-4168": RefusalKind.MODE,
    "-1116": RefusalKind.UNSUPPORTED,
    "-4120": RefusalKind.UNSUPPORTED,
}
OKX_KINDS: Mapping[str, RefusalKind] = {
    "51023": RefusalKind.NOTHING_TO_REDUCE,
    "51169": RefusalKind.NOTHING_TO_REDUCE,
    "51170": RefusalKind.NOTHING_TO_REDUCE,
    "51112": RefusalKind.QUANTITY_RESERVED,
    "51115": RefusalKind.QUANTITY_RESERVED,
    "51206": RefusalKind.QUANTITY_RESERVED,
    "51278": RefusalKind.WOULD_TRIGGER,
    "51280": RefusalKind.WOULD_TRIGGER,
    "51050": RefusalKind.WOULD_TRIGGER,
    "51051": RefusalKind.WOULD_TRIGGER,
    "51052": RefusalKind.WOULD_TRIGGER,
    "51053": RefusalKind.WOULD_TRIGGER,
    "51016": RefusalKind.DUPLICATE_ID,
    "51065": RefusalKind.DUPLICATE_ID,
    "51020": RefusalKind.TOO_SMALL,
    "51008": RefusalKind.MARGIN,
    "51119": RefusalKind.MARGIN,
    "51127": RefusalKind.MARGIN,
    "51131": RefusalKind.MARGIN,
    "51010": RefusalKind.MODE,
    "51205": RefusalKind.MODE,
    "51076": RefusalKind.UNSUPPORTED,
}
KINDS = {"binance": BINANCE_KINDS, "okx": OKX_KINDS}

NOBODY_KNOWS = frozenset({"-1000", "-1001", "-1006", "-1007", "50004", "50013", "50026"})
"""The venue may have executed what it answered with these."""
CLOCK = frozenset({"-1021", "50102", "50112", "60006"})
"""Our clock and the venue's are too far apart: nothing was executed, the clocks must be compared anew."""
TURNED_AWAY = CLOCK | {"-1003", "-1008", "-1015", "50001", "50011", "50040", "50061", "60014"}
KEYS = frozenset(
    {"-1022", "-2014", "-2015", "-4192"}
    | {"50100", "50101", "50103", "50104", "50105", "50106", "50107", "50110", "50111", "50113", "50114", "50119"}
    | {"50120", "60004", "60005", "60007", "60009", "60024", "60032"}
)
STREAM_KEY_GONE = "-1125"
"""The listen key expired: a new one is asked for, ours are fine."""
TURNED_AWAY_CLASSES = frozenset({"DDoSProtection", "RateLimitExceeded", "OnMaintenance", "InvalidNonce"})
KEYS_CLASSES = frozenset({"AuthenticationError", "PermissionDenied", "AccountSuspended"})
NO_CONNECTION = "ClientConnectorError"
KIND_OF_CLASS = {
    "OrderImmediatelyFillable": RefusalKind.WOULD_TRIGGER,
    "InsufficientFunds": RefusalKind.MARGIN,
    "DuplicateOrderId": RefusalKind.DUPLICATE_ID,
}

_CODE = re.compile(r'"s?[cC]ode"\s*:\s*"?(-?\d+)"?')


def failure_of(error: BaseException, venue: str, secrets: Iterable[str] = ()) -> VenueFailure:
    """The failure that an error of the client library (or of reading its answer) stands for, in one masked line.

    `secrets` are cut out of the text. Retry-After is taken from the error where the client noted it.
    """
    if isinstance(error, VenueFailure):
        return error
    code, message = _word_of(error)
    sentence = f"{venue}: " + (said(error, secrets) if code is None else masked(f"{code} {message}".strip(), secrets))
    classes = {cls.__name__ for cls in type(error).__mro__}
    if isinstance(error, FencedOff):
        return Refused(RefusalKind.OTHER, "fence", sentence)
    return _by_code(code, venue, sentence, error) or _by_class(classes, code, sentence, error)


def _by_code(code: str | None, venue: str, sentence: str, error: BaseException) -> VenueFailure | None:
    if code in NOBODY_KNOWS:
        return Ambiguous(sentence)
    if code in TURNED_AWAY:
        return NotSent(sentence, _retry_after_s(error), is_clock=code in CLOCK)
    if code in KEYS:
        return KeysLost(sentence)
    if code == STREAM_KEY_GONE:
        return Refused(RefusalKind.OTHER, code, sentence)
    kind = KINDS[venue].get(code or "")
    return None if code is None or kind is None else Refused(kind, code, sentence)


def _by_class(classes: set[str], code: str | None, sentence: str, error: BaseException) -> VenueFailure:
    if classes & TURNED_AWAY_CLASSES:
        return NotSent(sentence, _retry_after_s(error), is_clock="InvalidNonce" in classes)
    if _had_no_connection(error):
        return NotSent(sentence)
    if classes & KEYS_CLASSES:
        return KeysLost(sentence)
    is_bare = type(error).__name__ == "ExchangeError"
    if "ExchangeError" not in classes or (is_bare and code is None):
        return Ambiguous(sentence)
    kind = next((kind for name, kind in KIND_OF_CLASS.items() if name in classes), RefusalKind.OTHER)
    return Refused(kind, code or "", sentence)


def _had_no_connection(error: BaseException) -> bool:
    """Whether no connection could be made at all: not a byte of the request has left."""
    return any(cls.__name__ == NO_CONNECTION for cls in type(error.__cause__).__mro__)


def _retry_after_s(error: BaseException) -> float | None:
    wait_s: float | None = getattr(error, "retry_after_s", None)
    return wait_s


def _word_of(error: BaseException) -> tuple[str | None, str]:
    """The venue's code and its message, from the answer that the library puts into its error's text."""
    text = str(error)
    start = text.find("{")
    if start < 0:
        return None, ""
    try:
        answer = json.loads(text[start:])
    except ValueError:
        found = _CODE.search(text)
        return (found.group(1), "") if found else (None, "")
    return _word_in(answer)


def _word_in(answer: Any) -> tuple[str | None, str]:
    if not isinstance(answer, dict):
        return None, ""
    for row in answer.get("data") or ():
        if isinstance(row, dict) and str(row.get("sCode") or "0") != "0":
            return str(row["sCode"]), str(row.get("sMsg", ""))
    if answer.get("code") in (None, ""):
        return None, ""
    return str(answer["code"]), str(answer.get("msg", ""))

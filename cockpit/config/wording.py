"""Validation errors in our words: "expected a number, was "12" (text)", with the nearest known name for a wrong key."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cockpit.config.keys import follow, known_names, known_tags, value_at
from cockpit.config.show import quoted_key, shown

NEAR_ENOUGH = 0.5

PATTERNS = {
    r"^[A-Z0-9]{1,20}-USD$": "a spot product in USD, e.g. BTC-USD (none in USDC: its stream names those otherwise)",
    r"^[A-Z0-9]{2,12}$": "an asset in capitals, e.g. BTC",
    r"^[a-z][a-z0-9_]{1,20}$": "a venue in small letters, e.g. okx",
    r"^\d{4}-\d{2}-\d{2}$": "a date, e.g. 2025-10-19",
    r"^0x[0-9a-fA-F]{40}$": "an address, 0x and 40 hex digits",
    r"^[1-9A-HJ-NP-Za-km-z]{32,44}$": "a Solana address in base58",
    r"^[a-z0-9][a-z0-9_-]{0,39}$": "a source's name in small letters, digits, - and _",
    r"^https?://[^\s@]+$": "a web address without a user or password",
}
"""What the models' patterns mean."""

_TYPES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "finite_number": "a finite number",
}

_RANGES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda limit: f"more than {limit['gt']:g}",
    "greater_than_equal": lambda limit: f"at least {limit['ge']:g}",
    "less_than": lambda limit: f"less than {limit['lt']:g}",
    "less_than_equal": lambda limit: f"at most {limit['le']:g}",
    "too_short": lambda limit: f"at least {limit['min_length']} entries",
    "too_long": lambda limit: f"at most {limit['max_length']} entries",
    "string_too_short": lambda limit: f"text of at least {limit['min_length']} characters",
    "string_too_long": lambda limit: f"text of at most {limit['max_length']} characters",
    "string_pattern_mismatch": lambda limit: PATTERNS.get(limit["pattern"], f"text like {limit['pattern']}"),
    "literal_error": lambda limit: limit["expected"].replace("True", "true").replace("False", "false"),
    "union_tag_invalid": lambda limit: f"one of {limit['expected_tags']}",
}


class Finding(NamedTuple):
    """One mistake of a config before it is known where it came from. `kind` is unknown, missing or value."""

    key: tuple[str, ...]
    kind: str
    text: str
    advice: str
    nearest: str = ""


def nearest_name(name: str, known: Sequence[str]) -> str:
    """The known name most like this one, or empty where none is near."""
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=NEAR_ENOUGH)), "")


def unknown_key(key: tuple[str, ...], known: Sequence[str]) -> Finding:
    """The finding for a key that does not exist; its value is not shown, since it may be a secret somebody pasted."""
    nearest = nearest_name(key[-1], known)
    if nearest:
        text, advice = f"unknown key {quoted_key(key[-1])}, nearest known is '{nearest}'", "rename or remove it"
    else:
        text = f"unknown key {quoted_key(key[-1])}" + (f", known are {', '.join(known)}" if known else "")
        advice = "remove it"
    return Finding((*key[:-1], quoted_key(key[-1])[1:-1]), "unknown", text, advice, nearest)


def findings(model: type[BaseModel], raw: Any, errors: Sequence[ErrorDetails]) -> list[Finding]:
    """Every mistake pydantic found, unknown keys first; a missing key that a misspelt one explains is left out."""
    found = [_finding(model, raw, error) for error in errors]
    explained = {(*finding.key[:-1], finding.nearest) for finding in found if finding.kind == "unknown"}
    found = [finding for finding in found if not (finding.kind == "missing" and finding.key in explained)]
    return sorted(found, key=lambda finding: finding.kind != "unknown")


def _finding(model: type[BaseModel], raw: Any, error: ErrorDetails) -> Finding:
    location = error["loc"]
    parts, spot = follow(model, location)
    key = tuple(parts)
    kind = error["type"]
    if location and location[-1] == "[key]":
        if kind == "value_error":
            return Finding(key, "value", str(error["ctx"]["error"]), "rename it")
        return Finding(key, "value", f"expected {_expected(error)} as key, was {quoted_key(key[-1])}", "rename it")
    if kind == "extra_forbidden":
        _, section = follow(model, location[:-1])
        return unknown_key(key, known_names(section))
    if kind == "missing":
        return Finding(key, "missing", "expected a value, was absent", "add it")
    if kind == "union_tag_not_found":
        kinds = ", ".join(known_tags(spot))
        return Finding((*key, "kind"), "missing", f"expected one of {kinds}, was absent", "add it")
    if kind == "union_tag_invalid":
        was = shown(error["ctx"]["tag"])
        advice = f"use one of these, or put {key[0]}/{error['ctx']['tag']}.py beside the config"
        return Finding((*key, "kind"), "value", f"expected {_expected(error)}, was {was}", advice)
    if kind == "value_error":
        return _own_text(key, str(error["ctx"]["error"]))
    try:
        was = shown(value_at(raw, parts))
    except KeyError:
        was = "absent"
    return Finding(key, "value", f"expected {_expected(error)}, was {was}", _advice(error))


def _own_text(key: tuple[str, ...], sentence: str) -> Finding:
    """A model's own sentence; where it starts with a key of its own (`bias: expected ...`), that key counts."""
    named, _, rest = sentence.partition(": ")
    if rest.startswith("expected") and " " not in named:
        key, sentence = (*key, *named.split(".")), rest
    return Finding(key, "value", sentence, "change one of them")


def _expected(error: ErrorDetails) -> str:
    kind = error["type"]
    if kind in _TYPES:
        return _TYPES[kind]
    if kind in _RANGES:
        return _RANGES[kind](error.get("ctx", {}))
    return f"a valid value ({error['msg'][:1].lower()}{error['msg'][1:]})"


def _advice(error: ErrorDetails) -> str:
    if error["type"] in ("float_type", "int_type", "bool_type") and isinstance(error["input"], str):
        return "write it without quotes"
    if error["type"] == "literal_error":
        return "use that"
    return "change it"

"""What is wrong with a body or a parameter, in the shape every refusal has: a word, a sentence, and the fields."""

import json
import re
from collections.abc import Iterable
from typing import Any

INVALID = "invalid"
SHOULD = re.compile(r"^\w+ should (?:be|have|match) ")
"""How pydantic begins: `Input should be greater than 0`, `String should have at most 128 characters`."""
UNREADABLE = "expected JSON in UTF-8, was something else"
LONGEST_TEXT, LONGEST_VALUE = 200, 40
MOST_SAID = 5
"""Problems told in the sentence; all of them are in the list."""


def invalid_detail(problems: Iterable[Any]) -> dict[str, Any]:
    """The detail of a 422 made of pydantic's findings: every problem, and the first few in one sentence."""
    found = list(problems)
    said = [_sentence(problem) for problem in found]
    more = f"; and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
    return {
        "error": INVALID,
        "reason": "; ".join(said[:MOST_SAID]) + more,
        "fields": list(dict.fromkeys(_field(problem) for problem in found)),
        "problems": [_problem(problem) for problem in found],
    }


def unreadable_detail() -> dict[str, Any]:
    """The detail of a 422 for a body that is no JSON at all."""
    problem = {"loc": ["body"], "msg": UNREADABLE, "type": "json_invalid"}
    return {"error": INVALID, "reason": f"body: {UNREADABLE}", "fields": ["body"], "problems": [problem]}


def _sentence(problem: Any) -> str:
    """As `side: expected 'auto', 'long' or 'short', was 'up'`."""
    match problem["type"]:
        case "missing":
            finding = "expected a value, was absent"
        case "extra_forbidden":
            finding = "expected a field of this call, was another"
        case "json_invalid":
            finding = UNREADABLE
        case _:
            finding = _finding(problem)
    return f"{_field(problem)}: {finding}"


def _finding(problem: Any) -> str:
    words = _printable(str(problem["msg"])).removeprefix("Value error, ")
    if not words.startswith("expected "):
        words = f"expected {SHOULD.split(words, maxsplit=1)[-1]}"
    return words if ", was " in words else f"{words}, was {_value(problem.get('input'))}"


def _value(value: Any) -> str:
    """What was sent, where it is short and plain: the answer goes to whoever sent it, and to nobody else."""
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)[:LONGEST_VALUE]
    if isinstance(value, str):
        shown = ascii(value[:LONGEST_VALUE])
        return shown if len(value) <= LONGEST_VALUE else f"{shown} and {len(value) - LONGEST_VALUE} characters more"
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "something else"


def _field(problem: Any) -> str:
    """The field by its path, `targets.0.share_pct`; `body` for the whole."""
    if problem["type"] == "json_invalid":
        return "body"
    place = [str(part) for part in problem["loc"]]
    named = place[1:] if len(place) > 1 and place[0] in ("body", "query", "path") else place
    return _printable(".".join(named)) or "body"


def _problem(problem: Any) -> dict[str, Any]:
    place = [part if isinstance(part, int) else _printable(str(part)) for part in problem["loc"]]
    return {"loc": place, "msg": _printable(str(problem["msg"])), "type": problem["type"]}


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else "?" for char in text[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    )

"""How a config value is shown in an error: short, with its type where that is the point, and never a secret."""

import json
import re
from typing import Any

from cockpit.domain.numbers import counted

LONGEST_SHOWN = 60
_SECRET_LIKE = re.compile(r"[A-Za-z0-9+/=_\-]{20,}")
_ADDRESS_LIKE = re.compile(r"0x[0-9a-zA-Z]{1,44}")


def shown(value: Any) -> str:
    """A JSON value as an error names it; text says that it is text, and what may be a secret shows its length only."""
    if isinstance(value, str):
        return f"{_text(value)} (text)"
    if isinstance(value, dict):
        return f"an object of {counted(len(value), 'key')}"
    if isinstance(value, list):
        if _holds_text(value):
            return f"a list of {len(value)}"
        line = json.dumps(value)
        return line if len(line) <= LONGEST_SHOWN else f"a list of {len(value)}"
    return json.dumps(value)


def quoted_key(key: str) -> str:
    """A key as an error names it."""
    return f"'{key}'" if len(key) <= LONGEST_SHOWN else f"'{key[: LONGEST_SHOWN - 3]}...'"


def _text(text: str) -> str:
    if _SECRET_LIKE.search(text) and not _ADDRESS_LIKE.fullmatch(text):
        return f"{len(text)} characters"
    line = json.dumps(text, ensure_ascii=False)
    return line if len(line) <= LONGEST_SHOWN else f'{line[: LONGEST_SHOWN - 4]}..."'


def _holds_text(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_text(item) for item in value)
    return isinstance(value, str | dict)

"""Times as Coinbase writes them (2026-08-12T19:27:48.098821666Z), to the nanosecond."""

import re
from datetime import UTC, datetime
from typing import Any

from cockpit.domain.units import NS_PER_S

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(?:Z|\+00:00)")
NEVER = "0001-"
"""How it writes that there is none."""


def stamp_ns(text: Any) -> int:
    """Nanoseconds since the epoch. Raises ValueError for what is no time in UTC."""
    found = _STAMP.fullmatch(str(text))
    if found is None:
        raise ValueError(f"expected a time in UTC, was {str(text)[:40]!r}")
    seconds = int(datetime.fromisoformat(found.group(1)).replace(tzinfo=UTC).timestamp())
    return seconds * NS_PER_S + int((found.group(2) or "").ljust(9, "0"))


def stamp_or_none(text: Any) -> int | None:
    """The same; None where none is said."""
    return None if not text or str(text).startswith(NEVER) else stamp_ns(text)


def stamp_text(ns: int) -> str:
    """As it is asked for, to the millisecond."""
    return datetime.fromtimestamp(ns / NS_PER_S, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

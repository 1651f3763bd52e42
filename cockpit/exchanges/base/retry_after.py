"""How long a server that turned a request away wants to be left alone: one rule for every venue and every source."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

REFUSED = frozenset({418, 429})
"""Too many requests, and the ban of those who go on all the same."""
LONGEST_WAIT_S = 3600.0
WAIT_WITHOUT_WORD_S = 10.0
"""Where it does not say for how long."""


def wait_after_refusal_s(headers: Mapping[str, str], now_ns: int) -> float:
    """What its Retry-After asks for, at most an hour; ten seconds where it asks for nothing."""
    known = {name.lower(): value for name, value in headers.items()}
    wait_s = retry_after_s(known.get("retry-after"), now_ns)
    return WAIT_WITHOUT_WORD_S if wait_s is None else wait_s


def retry_after_s(header: str | None, now_ns: int) -> float | None:
    """A Retry-After header (seconds or a date) in seconds from now, at most an hour; None where it says nothing."""
    if not header:
        return None
    text = header.strip()
    try:
        wait_s = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        wait_s = (at - datetime.fromtimestamp(now_ns / 1e9, UTC)).total_seconds()
    if wait_s != wait_s:
        return None
    return min(LONGEST_WAIT_S, max(0.0, wait_s))

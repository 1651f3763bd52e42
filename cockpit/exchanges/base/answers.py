"""Reading what a venue's REST says: the number that was asked for, or a sentence that says what came instead."""

from collections.abc import Mapping, Sequence
from typing import Any

from cockpit.domain.units import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns, utc_text
from cockpit.exchanges.base.rows import read_rows
from cockpit.exchanges.base.trouble import FeedTrouble

FUTURE_NS = 15 * NS_PER_S


def number(row: Any, field: str | int, what: str) -> float:
    """A finite number out of a row. Raises `FeedTrouble` for anything else."""
    try:
        found = float(row[field])
    except (KeyError, IndexError, TypeError, ValueError):
        raise FeedTrouble(f"{what}: expected a number as {field}, was {shown(row)}") from None
    if found - found != 0.0:
        raise FeedTrouble(f"{what}: expected a finite number as {field}, was {found}")
    return found


def stamp_ns(row: Any, field: str | int, what: str, now_ns: int) -> int:
    """A stamp in ms as ns, never later than now. Raises `FeedTrouble` where there is none, or none that can be."""
    ts_ns = int(number(row, field, what)) * NS_PER_MS
    refuse_future(ts_ns, now_ns, what)
    return min(now_ns, ts_ns)


def bar_end_ns(row: Any, field: str | int, bar_s: float, what: str, now_ns: int) -> int:
    """The end of a bar stamped at its start, never later than now: that is the instant its value is true for.

    Raises `FeedTrouble` for a bar that has not begun.
    """
    start_ns = int(number(row, field, what)) * NS_PER_MS
    refuse_future(start_ns, now_ns, what)
    return min(now_ns, start_ns + seconds_to_ns(bar_s))


def refuse_future(ts_ns: int, now_ns: int, what: str) -> None:
    """Raises `FeedTrouble` for a stamp that clocks which differ a little do not explain."""
    if ts_ns - now_ns > FUTURE_NS:
        ahead_s = ns_to_seconds(ts_ns - now_ns)
        raise FeedTrouble(f"{what}: expected a stamp of now, was {utc_text(ts_ns)}, {ahead_s:.0f} s ahead of the clock")


def rows_of(body: Any, what: str) -> Sequence[Any]:
    """The rows of an answer: a list itself, or an envelope's `data`. Raises `FeedTrouble` where there is no row."""
    rows = body.get("data") if isinstance(body, Mapping) else body
    if not isinstance(rows, list) or not rows:
        raise FeedTrouble(f"{what}: expected at least one row, was {shown(rows)}")
    return rows


def nearest(rows: Sequence[Any], field: str | int, target_ns: int, within_s: float, what: str) -> Any:
    """The row stamped closest to an instant; one without a stamp is nobody's. Raises `FeedTrouble` where none is within
    reach.
    """
    stamped, unreadable = read_rows(what, rows, lambda row: (number(row, field, what), row))
    if not stamped:
        raise FeedTrouble(unreadable[0] if unreadable else f"{what}: expected at least one row, was none")
    _, best = min(stamped, key=lambda one: abs(one[0] * NS_PER_MS - target_ns))
    away_s = ns_to_seconds(abs(round(number(best, field, what)) * NS_PER_MS - target_ns))
    if away_s > within_s:
        raise FeedTrouble(f"{what}: expected a row within {within_s:.0f} s of the instant, was {away_s:.0f} s away")
    return best


def shown(value: object) -> str:
    """A piece of an answer, short."""
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."

"""A venue's own bars of a minute, for the eye only: a chart has something on it at its first picture."""

from typing import Any

from cockpit.domain.market_detail import Candle
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.exchanges.base.answers import number, refuse_future
from cockpit.exchanges.base.rows import read_rows
from cockpit.exchanges.base.trouble import FeedTrouble

BAR = "1m"
BAR_MS, BAR_NS = 60_000, 60 * NS_PER_S
START_MS, OPEN, HIGH, LOW, CLOSE, VOLUME = range(6)


def first_start_ms(now_ns: int, most: int) -> int:
    """Where the oldest of the newest bars begins, the running one being the newest."""
    return (now_ns // BAR_NS - most + 1) * BAR_MS


def candles_of(rows: Any, what: str, now_ns: int, counts_coins: bool) -> tuple[Candle, ...]:
    """The library's bars as candles; one that cannot be read is left out.

    None of them tells what takers bought minus sold. Raises `FeedTrouble` where no bar is left.
    """

    def candle(row: Any) -> Candle:
        start_ns = int(number(row, START_MS, what)) * NS_PER_MS
        refuse_future(start_ns, now_ns, what)
        opened, high, low, close = (number(row, field, what) for field in (OPEN, HIGH, LOW, CLOSE))
        if not 0.0 < low <= min(opened, close) <= max(opened, close) <= high:
            raise FeedTrouble(f"{what}: expected a bar from low to high, was {opened:g}, {high:g}, {low:g}, {close:g}")
        return Candle(start_ns, opened, high, low, close, number(row, VOLUME, what) if counts_coins else None, None)

    found, unreadable = read_rows(what, rows if isinstance(rows, list) else [], candle)
    if not found:
        raise FeedTrouble(unreadable[0] if unreadable else f"{what}: expected at least one, was none")
    return tuple(found)

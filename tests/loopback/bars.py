"""Bars of a minute, as a venue has them: every minute the same, in the form that each venue writes them in."""

from typing import NamedTuple

MINUTE_MS = 60_000


class Bar(NamedTuple):
    start_ms: int
    open: str = "100.0"
    high: str = "101.0"
    low: str = "99.0"
    close: str = "100.5"
    volume: str = "2.5"

    def named(self, start: str, begins: str | int) -> dict[str, str | int]:
        """With a name for each, where the venue writes them so."""
        return {start: begins, **{name: text for name, text in self._asdict().items() if name != "start_ms"}}


def bars_between(first_ms: int, last_ms: int, now_ms: int, most: int) -> list[Bar]:
    """The minutes that begin from the first to the last instant, oldest first; at most so many; none of the future."""
    first = -(-first_ms // MINUTE_MS)
    last = min(last_ms, now_ms) // MINUTE_MS
    return [Bar(minute * MINUTE_MS) for minute in range(first, last + 1)][:most]

"""The tape: prints as they come, newest first, forced orders marked."""

from dataclasses import dataclass
from math import log10

from cockpit.domain.market_detail import TapePrint
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.glyphs import Glyphs
from cockpit.tui.panes import blocks
from cockpit.tui.text import Line, Span, in_columns
from cockpit.tui.view import UNKNOWN_LINE, View

SIZES_USD = (0, 1_000, 10_000, 50_000, 250_000)
WIDE = 36
"""With so many cells a print has tenths of a second, what a forced order closed, and a bar for its size."""
COLUMN_CELLS = 29
"""A tape that is wider has several columns, each going on where the one before ends."""
BAR_CELLS = 8
LEAST_BAR, MOST_BAR = 2.0, 6.0
"""Powers of ten in USD from where to where the bar of a print goes."""
FORCED = "F"


@dataclass(slots=True)
class Tape:
    """Keeps the least size that is shown."""

    size: int = 0

    @property
    def least_usd(self) -> int:
        """Smaller prints are left out; forced orders never are."""
        return SIZES_USD[self.size]

    def next_size(self) -> None:
        """The next larger, after the largest all."""
        self.size = (self.size + 1) % len(SIZES_USD)

    def lines(self, view: View, cells: int, rows: int) -> list[Line]:
        """One line a print."""
        if view.snapshot is None:
            return [UNKNOWN_LINE]
        columns = max(1, (cells + 2) // (COLUMN_CELLS + 2))
        shown: list[Line] = []
        for one in reversed(view.store.detail(view.asset).prints):
            if len(shown) == columns * rows:
                break
            if one.is_forced or one.notional_usd >= self.least_usd:
                shown.append(_print(one, view.glyphs, cells // columns))
        if not shown:
            return [((f"no print of {numbers.short(self.least_usd)} USD or more yet", "dim"),)]
        return in_columns(shown, cells, rows, COLUMN_CELLS)


def title(kept: Tape, view: View) -> str:
    """The asset, and what is left out."""
    least = f" {view.glyphs.dot} {view.glyphs.at_least} {numbers.short(kept.least_usd)} USD" if kept.least_usd else ""
    return f"Tape {view.glyphs.dot} {view.asset_title}{least} {view.glyphs.dot} {FORCED}: forced"


def _print(one: TapePrint, glyphs: Glyphs, cells: int) -> Line:
    role = "warn" if one.is_forced else "good" if one.taker_is_buyer else "bad"
    is_wide = cells >= WIDE
    tenths = f".{one.ts_ns % NS_PER_S // (NS_PER_S // 10)}" if is_wide else ""
    return (
        (f"{numbers.clock(one.ts_ns)}{tenths} ", "dim"),
        (f"{glyphs.up if one.taker_is_buyer else glyphs.down} ", role),
        (f"{numbers.price(one.price):>{10 if is_wide else 9}} ", "text"),
        (f"{numbers.short(one.notional_usd):>6}", "strong" if one.notional_usd >= SIZES_USD[2] else role),
        _forced(one, is_wide) if one.is_forced else (_bar(one, glyphs, cells), role),
    )


def _forced(one: TapePrint, is_wide: bool) -> Span:
    """Whose positions it closed: a forced buyer was short."""
    return (f" {'shorts' if one.taker_is_buyer else 'longs'} forced" if is_wide else f" {FORCED}", "warn")


def _bar(one: TapePrint, glyphs: Glyphs, cells: int) -> str:
    room = min(BAR_CELLS, cells - WIDE + 3)
    share = (log10(max(1.0, one.notional_usd)) - LEAST_BAR) / (MOST_BAR - LEAST_BAR)
    return f" {blocks.bar(max(0.0, share), room, glyphs)}" if room >= 3 else ""

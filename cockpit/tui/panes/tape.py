"""The tape: prints as they come, newest first, forced orders marked."""

from dataclasses import dataclass

from cockpit.domain.market_detail import TapePrint
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.glyphs import Glyphs
from cockpit.tui.text import Line
from cockpit.tui.view import UNKNOWN_LINE, View

SIZES_USD = (0, 1_000, 10_000, 50_000, 250_000)
WIDE = 36


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
        detail = view.store.detail(view.asset)
        shown: list[Line] = []
        for one in reversed(detail.prints):
            if len(shown) == rows:
                break
            if one.is_forced or one.notional_usd >= self.least_usd:
                shown.append(_print(one, view.glyphs, cells))
        return shown or [((f"no print of {numbers.short(self.least_usd)} USD or more yet", "dim"),)]


def title(kept: Tape, view: View) -> str:
    """The asset, and what is left out."""
    least = f" {view.glyphs.dot} {view.glyphs.at_least} {numbers.short(kept.least_usd)} USD" if kept.least_usd else ""
    return f"Tape {view.glyphs.dot} {view.asset_title}{least}"


def _print(one: TapePrint, glyphs: Glyphs, cells: int) -> Line:
    role = "good" if one.taker_is_buyer else "bad"
    tenths = f".{one.ts_ns % NS_PER_S // (NS_PER_S // 10)}" if cells >= WIDE else ""
    forced = "shorts" if one.taker_is_buyer else "longs"
    return (
        (f"{numbers.clock(one.ts_ns)}{tenths} ", "dim"),
        (f"{glyphs.up if one.taker_is_buyer else glyphs.down} ", role),
        (f"{numbers.price(one.price):>10} ", "text"),
        (f"{numbers.short(one.notional_usd):>6}", "strong" if one.notional_usd >= SIZES_USD[2] else role),
        (f" {forced} forced" if one.is_forced else "", "warn"),
    )

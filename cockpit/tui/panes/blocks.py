"""Bars and curves in parts of a cell; with whole cells only where the terminal has no others."""

from collections.abc import Sequence

from cockpit.tui.glyphs import Glyphs

EIGHTHS_ACROSS = " ▏▎▍▌▋▊▉█"
EIGHTHS_UP = " ▁▂▃▄▅▆▇█"


def bar(share: float, cells: int, glyphs: Glyphs) -> str:
    """A bar of 0..1 of `cells`, padded to them; whatever is more than nothing is seen."""
    eighths = min(cells * 8, round(share * cells * 8))
    if share > 0:
        eighths = max(1, eighths)
    if glyphs.full != EIGHTHS_ACROSS[-1]:
        return (glyphs.full * ((eighths + 4) // 8)).ljust(cells)
    whole, part = divmod(eighths, 8)
    return (EIGHTHS_ACROSS[-1] * whole + (EIGHTHS_ACROSS[part] if part else "")).ljust(cells)


def column(filled: float, glyphs: Glyphs) -> str:
    """One cell filled from below by 0..1 of it."""
    eighths = min(8, max(0, round(filled * 8)))
    if glyphs.full != EIGHTHS_UP[-1]:
        return glyphs.full if eighths >= 4 else " "
    return EIGHTHS_UP[eighths]


def curve(values: Sequence[float], rows: int, glyphs: Glyphs) -> list[str]:
    """The values as columns from their lowest to their highest, top row first."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    heights = [(value - low) / span * (rows - 0.2) + 0.2 for value in values]
    return ["".join(column(height - (rows - 1 - row), glyphs) for height in heights) for row in range(rows)]

"""The question before proposed bands take the place of those in force: what would change, and on what ground."""

from collections.abc import Sequence

from cockpit.domain.bands import BandProposal, ProposedBand
from cockpit.domain.snapshot import AssetView
from cockpit.tui import numbers
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.choose import Choice, Choose
from cockpit.tui.text import Line, clean, wrap

CELLS = 74
ACCEPT = "accept"

Band = tuple[float, float]


def question(asset: AssetView, proposal: BandProposal, appearance: Appearance) -> Choose:
    """Asks whether these bands are to be traded from now on; answered with `ACCEPT` or left."""
    when = f"Drawn {numbers.clock(proposal.ts_ns)}Z at {_price(proposal.price)}; in force until the UTC day ends."
    lines: list[Line] = [((when, "dim"),)]
    sides = (
        ("upper", proposal.upper, proposal.new_upper, asset.bands_upper),
        ("lower", proposal.lower, proposal.new_lower, asset.bands_lower),
    )
    for name, drawn, new, before in sides:
        lines += [(), *_side(name, drawn, new, before)]
    if proposal.explained_pct is not None:
        share, source = f"{proposal.explained_pct:.0f} % of open interest", clean(proposal.map_source)
        ground = f"Estimated bands rest on {share} ({source})."
        lines += [(), *(((row, "warn"),) for row in wrap(ground, CELLS))]
    return Choose(
        f"New bands of {asset.asset}?", lines, [Choice("y", ACCEPT, "use these bands until 00:00 UTC")], appearance
    )


def _side(name: str, drawn: Sequence[ProposedBand], new: Sequence[Band], before: Sequence[Band]) -> list[Line]:
    if not drawn:
        return [((f"{name} stays ", "strong"), (_bands(new), "text"))]
    lines: list[Line] = [((f"{name} ", "strong"), (_bands(new), "good")), ((f"  was {_bands(before)}", "dim"),)]
    for band in drawn:
        lines += [((f"  {row}", "text"),) for row in wrap(f"{_band((band.low, band.high))}: {clean(band.why)}", CELLS)]
    return lines


def _bands(bands: Sequence[Band]) -> str:
    return "  ".join(_band(band) for band in bands) or "none"


def _band(band: Band) -> str:
    low, high = band
    return _price(low) if low == high else f"{_price(low)}-{_price(high)}"


def _price(price: float) -> str:
    return f"{price:,.8g}"

"""The heat column of the ladder: where liquidations happened, and where they are estimated to wait.

Two cells a row: shades for what was observed, strokes for what is only estimated. Each is relative to its own hottest
row, since one counts days of forced orders and the other open interest. Nothing known leaves them empty.
"""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from cockpit.domain.events import LiquidationCluster
from cockpit.tui import numbers
from cockpit.tui.glyphs import Glyphs
from cockpit.tui.panes.scale import Scale
from cockpit.tui.text import Span

OBSERVED, ESTIMATED = "observed", "estimated"
ROLES = {OBSERVED: "text", ESTIMATED: "info"}


class Heat(NamedTuple):
    """One row: the share of the hottest row, 0..1, of each kind, and the largest cluster whose middle is here."""

    observed: float = 0.0
    estimated: float = 0.0
    middle: LiquidationCluster | None = None


def by_row(clusters: Sequence[LiquidationCluster], scale: Scale) -> list[Heat]:
    """The heat of every row of a ladder. A cluster's notional lies evenly on the rows it spans."""
    usd = {OBSERVED: [0.0] * scale.rows, ESTIMATED: [0.0] * scale.rows}
    middles: dict[int, LiquidationCluster] = {}
    for cluster in clusters:
        if cluster.kind not in usd:
            continue
        first, last = scale.row_of(cluster.price_high), scale.row_of(cluster.price_low)
        share = cluster.notional_usd / (last - first + 1)
        for row in range(max(0, first), min(scale.rows - 1, last) + 1):
            usd[cluster.kind][row] += share
        middle = (first + last) // 2
        known = middles.get(middle)
        if known is None or known.notional_usd < cluster.notional_usd:
            middles[middle] = cluster
    observed, estimated = (_shares(usd[kind]) for kind in (OBSERVED, ESTIMATED))
    return [Heat(observed[row], estimated[row], middles.get(row)) for row in range(scale.rows)]


def column(heat: Heat, glyphs: Glyphs) -> list[Span]:
    """The two cells of a row, and the gap behind them."""
    return [
        (_sign(heat.observed, glyphs.shades), ROLES[OBSERVED]),
        (_sign(heat.estimated, glyphs.guesses), ROLES[ESTIMATED]),
        (" ", "text"),
    ]


def legend(heat: Heat) -> list[Span]:
    """What the row's cluster is, where nothing of ours stands there: `527k longs`, estimated ones as `~3.4M longs`."""
    if heat.middle is None:
        return []
    side = "longs" if heat.middle.longs else "shorts"
    about = "~" if heat.middle.kind == ESTIMATED else ""
    return [(f"{about}{numbers.short(heat.middle.notional_usd)} {side}", "dim")]


def _shares(usd: list[float]) -> list[float]:
    hottest = max(usd, default=0.0)
    return [value / hottest if hottest else 0.0 for value in usd]


def _sign(share: float, signs: str) -> str:
    """From the faintest sign for anything at all to the last for the hottest row."""
    return signs[min(len(signs) - 1, ceil(share * (len(signs) - 1)))]

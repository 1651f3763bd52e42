"""Liquidation bands: a price ladder to scale, with the bands, the price, and what our trades have resting on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import NamedTuple

from cockpit.domain.events import LiquidationCluster
from cockpit.domain.kinds import Reading
from cockpit.domain.snapshot import AssetView
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import bps_between
from cockpit.tui import numbers
from cockpit.tui.glyphs import RICH, Glyphs
from cockpit.tui.panes.levels import of_trade
from cockpit.tui.text import Line, Span, line_width, width, wrap
from cockpit.tui.view import UNKNOWN_LINE, View, feed_text, stale_note, staleness

# Prices to rows of the ladder, and back.


@dataclass(frozen=True, slots=True)
class Scale:
    """Row 0 is at `top`, each row `step` USD lower."""

    top: float
    step: float
    rows: int

    def row_of(self, price: float) -> int:
        """The row nearest to a price; outside the scale it is below 0 or beyond the last."""
        return round((self.top - price) / self.step)

    def price_at(self, row: int) -> float:
        """The price in the middle of a row."""
        return self.top - row * self.step

    def holds(self, low: float, high: float) -> bool:
        """Whether both prices have a row."""
        return self.row_of(high) >= 0 and self.row_of(low) < self.rows


# The heat column of the ladder: where liquidations happened, and where they are estimated to wait.
#
# Two cells a row: shades for what was observed, strokes for what is only estimated. Each is relative to its own
# hottest row, since one counts days of forced orders and the other open interest. Nothing known leaves them empty.

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


NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
AROUND = 0.02
"""Without any band, the ladder shows this share of the price around it."""
MARGIN_ROWS = 1.0
PRICE_CELLS = 11
LEGEND_FROM_ROWS = 12
LEGEND_CELLS, TEXT_CELLS = 46, 33
WHOLE_FROM = 1_000.0
ABOVE = "above"
Band = tuple[float, float]
NEW = "new: {}"
"""That bands are proposed for another asset."""
AROUND_TITLE_CELLS = 7
"""What of the frame's top row is neither the title nor its note: the pane's key, the corners, the gaps."""


@dataclass(slots=True)
class Marks:
    """What stands in one row."""

    price_text: str = ""
    price_role: str = "faint"
    rank: int = 9
    texts: list[Span] = field(default_factory=list)

    def label(self, rank: int, text: str, role: str) -> None:
        """The price label of the most important mark wins."""
        if rank < self.rank:
            self.rank, self.price_text, self.price_role = rank, text, role


class Ladder:
    """Keeps its scale between looks, so that the rows do not move under the reader's eye."""

    def __init__(self) -> None:
        self._scale: Scale | None = None
        self._asset = ""

    def lines(self, view: View, cells: int, rows: int) -> list[Line]:
        """The ladder in `rows` lines."""
        snapshot, asset = view.snapshot, view.chosen
        if snapshot is None or asset is None:
            return [UNKNOWN_LINE]
        price = asset.price if asset.price is not None else asset.mark
        if price is None:
            return no_price(view, asset, cells)[:rows]
        above, below = outside_lines(view, asset, price, cells)
        trades = [open_trade.trade for open_trade in snapshot.open_trades if open_trade.trade.asset == asset.asset]
        if asset.clusters and rows >= LEGEND_FROM_ROWS:
            below.insert(0, _legend(view, asset, cells))
        inner = rows - len(above) - len(below)
        if inner < 3:
            return [*above[:1], _price_line(view, price), *below[:1]][: max(1, rows)]
        scale = self._scale_for(asset, price, trades, inner)
        marks = _marks(view, asset, price, trades, scale, cells)
        heats = by_row(asset.clusters, scale)
        body = [_row(view, asset, scale, row, marks[row], heats[row], cells) for row in range(scale.rows)]
        return [*above, *body, *below]

    def _scale_for(self, asset: AssetView, price: float, trades: list[TradeRecord], rows: int) -> Scale:
        low, high = _wanted(asset, price, trades)
        kept = self._scale
        if (
            kept is None
            or self._asset != asset.asset
            or kept.rows != rows
            or not kept.holds(low, high)
            or kept.step > 2.5 * _step(low, high, rows)
        ):
            kept = self._scale = _scale(low, high, rows)
            self._asset = asset.asset
        return kept


def title(view: View, cells: int) -> str:
    """The pane's name with its asset; the same whatever stands beside it."""
    return titled(view, cells, "Bands")


def titled(view: View, cells: int, name: str, *more: str) -> str:
    """The name, the asset and one of the `more`, in as many words as fit beside the longest note; the asset stays."""
    dot, asset = f" {view.glyphs.dot} ", view.asset_title
    longest = max((len(NEW.format(shown.asset)) for shown in view.snapshot.assets), default=0) if view.snapshot else 0
    stale_s = staleness(view)
    note_cells = longest if stale_s is None else width(stale_note(stale_s))
    forms = (*(f"{name}{dot}{asset}{dot}{part}" for part in more), f"{name}{dot}{asset}", f"{name} {asset}", asset)
    return next((form for form in forms if width(form) <= cells - note_cells - AROUND_TITLE_CELLS), forms[-1])


def note(view: View) -> str:
    """That bands are proposed and wait for the operator: for the asset on show the key, else for which or how many."""
    assets = view.snapshot.assets if view.snapshot else ()
    proposed = [asset.asset for asset in assets if asset.proposed_bands is not None]
    if view.asset in proposed:
        return "b: new"
    return NEW.format(proposed[0] if len(proposed) == 1 else len(proposed)) if proposed else ""


def _scale(low: float, high: float, rows: int) -> Scale:
    step = _step(low, high, rows)
    used = ceil((high - low) / step)
    top = (floor(high / step) + max(1, (rows - used) // 2)) * step
    while round((top - high) / step) > rows - 1 - ceil((high - low) / step) and round((top - high) / step) > 0:
        top -= step
    return Scale(top, step, rows)


def _step(low: float, high: float, rows: int) -> float:
    """The smallest round number of USD at which low..high and a margin fit into the rows."""
    wanted = max(high - low, high * 1e-4) / max(1.0, rows - 1 - 2 * MARGIN_ROWS)
    magnitude = 10.0 ** floor(log10(wanted))
    return next(nice * magnitude for nice in NICE_STEPS if nice * magnitude >= wanted * 0.999_999)


def _wanted(asset: AssetView, price: float, trades: list[TradeRecord]) -> Band:
    """From the nearest band below to the nearest above, and whatever our trades have resting."""
    levels = [price]
    if asset.bands_lower:
        levels += asset.bands_lower[0]
    if asset.bands_upper:
        levels += asset.bands_upper[0]
    if len(levels) == 1:
        levels += [price * (1 - AROUND / 2), price * (1 + AROUND / 2)]
    for trade in trades:
        levels += [level.price for level in of_trade(trade, RICH)]
    return min(levels), max(levels)


def _marks(
    view: View, asset: AssetView, price: float, trades: list[TradeRecord], scale: Scale, cells: int
) -> list[Marks]:
    marks = [Marks() for _ in range(scale.rows)]

    def at(level: float) -> Marks | None:
        row = scale.row_of(level)
        return marks[row] if 0 <= row < scale.rows else None

    here = at(price)
    if here is not None:
        here.label(0, numbers.price(price), "price")
        here.texts.append((view.glyphs.here, "price"))
    for trade in trades:
        for level in of_trade(trade, view.glyphs):
            mark = at(level.price)
            if mark is not None:
                mark.label(level.rank, numbers.price(level.price), level.role)
                mark.texts.append((level.text, level.role))
    for band, side in [(b, "upper") for b in asset.bands_upper] + [(b, "lower") for b in asset.bands_lower]:
        edge = band[0] if side == "upper" else band[1]
        mark = at(edge)
        if mark is not None:
            mark.label(5, numbers.price(edge), "warn")
            mark.texts.append((_edge_text(side, bps_between(edge, price), cells), "warn"))
        far = at(band[1] if side == "upper" else band[0])
        if far is not None:
            far.label(6, numbers.price(band[1] if side == "upper" else band[0]), "warn")
    return marks


def _edge_text(side: str, bps: float, cells: int) -> str:
    """How far a band's edge is; by its side where the price is in the band or beyond. There are 12 cells beside it."""
    if cells < TEXT_CELLS:
        return f"{bps:+.0f} bps"
    far = "here" if abs(bps) < 0.5 else f"{abs(bps):.0f} bps"
    is_ahead = (side == "upper") == (bps >= 0) and far != "here"
    return f"{far} {'above' if bps >= 0 else 'below'}" if is_ahead else f"{side} {far}"


def _row(view: View, asset: AssetView, scale: Scale, row: int, marks: Marks, heated: Heat, cells: int) -> Line:
    level = scale.price_at(row)
    bands = (*asset.bands_upper, *asset.bands_lower)
    if marks.rank == 0 and asset.price is not None:
        in_band = any(low <= asset.price <= high for low, high in bands)
    else:
        in_band = any(scale.row_of(high) <= row <= scale.row_of(low) for low, high in bands)
    label = marks.price_text or numbers.price(level)
    axis = view.glyphs.band * 2 if in_band else f"{view.glyphs.axis} "
    line: list[Span] = [
        (f"{label:>{PRICE_CELLS}} ", marks.price_role),
        (axis, "warn" if in_band else "faint"),
        *column(heated, view.glyphs),
    ]
    texts = marks.texts or legend(heated)
    if texts == [(view.glyphs.here, "price")]:
        texts = [(f"{view.glyphs.here} price", "price")]
    for number, (text, role) in enumerate(texts):
        told = ("  " if number else "") + text
        if number and line_width(line) + width(told) > cells:
            break
        line.append((told, role))
    return tuple(line)


def no_price(view: View, asset: AssetView, cells: int) -> list[Line]:
    """That nothing is known, and what its feeds say of it."""
    drawn: list[Line] = [((f"{asset.asset}: no price yet", "warn"),)]
    for feed in view.feeds(Reading.STREAM, asset.asset):
        text = f"{feed.name}: {feed_text(feed)}{f', {feed.detail}' if feed.detail else ''}"
        drawn += [((row, "warn"),) for row in wrap(text, cells)]
    return drawn


def _legend(view: View, asset: AssetView, cells: int) -> Line:
    """What the signs of the heat column are, and on how much of the open interest the estimate rests."""
    explained = asset.estimated_explained_pct
    estimate = "(none)" if explained is None else f"({explained:.0f} % of OI)"
    about = "estimated" if cells >= TEXT_CELLS else "est."
    past = "past liquidations" if cells >= LEGEND_CELLS else "past"
    seen, guessed = view.glyphs.shades[-1], view.glyphs.guesses[-1]
    roles = ROLES
    return (
        (seen, roles[OBSERVED]), (f" {past}  ", "dim"),
        (guessed, roles[ESTIMATED]), (f" {about} {estimate}", "dim"),
    )  # fmt: skip


def _price_line(view: View, price: float) -> Line:
    return ((f"{numbers.price(price):>{PRICE_CELLS}} ", "price"), (f"{view.glyphs.here} price", "price"))


def outside_lines(view: View, asset: AssetView, price: float, cells: int) -> tuple[list[Line], list[Line]]:
    """The distance to the nearest band each way, and the bands beyond it."""
    up, down = view.glyphs.up, view.glyphs.down
    return (
        [_distances(up, ABOVE, asset.bands_upper, price, cells)],
        [_distances(down, "below", asset.bands_lower, price, cells)],
    )


def _distances(glyph: str, word: str, bands: tuple[Band, ...], price: float, cells: int) -> Line:
    """How far to the nearest band that way, then as many of the farther ones as fit."""
    sign = 1 if word == ABOVE else -1
    edges = [band[0] if sign > 0 else band[1] for band in bands]
    ahead = sorted((edge for edge in edges if (edge - price) * sign > 0), key=lambda edge: abs(edge - price))
    if not bands:
        return ((f"{glyph} no band {word}", "dim"),)
    if not ahead:
        return ((f"{glyph} beyond every band {word}", "warn"),)
    head = f"{glyph} {abs(bps_between(ahead[0], price)):>4.0f} bps to {_edge(ahead[0])}"
    rest = ""
    for edge in ahead[1:]:
        if len(head) + len(rest) + 2 + len(_edge(edge)) > cells:
            break
        rest += f"  {_edge(edge)}"
    return ((head, "text"), (rest, "faint"))


def _edge(price: float) -> str:
    return numbers.whole(price) if price >= WHOLE_FROM else numbers.price(price)

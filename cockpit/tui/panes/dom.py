"""The price ladder, centred on the price: what rests, what was traded and by whom, and everything of ours at its price.

Rows are fixed prices. They stay where they are while the price walks over them, and move only when it has been away
from the middle for a while, has left the rows, or the operator asks.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from math import floor, log10
from typing import NamedTuple

from cockpit.domain.snapshot import AssetView
from cockpit.domain.units import BPS, bps_between
from cockpit.tui import numbers
from cockpit.tui.detail import KeptDetail
from cockpit.tui.panes import blocks, ladder, levels
from cockpit.tui.panes.ladder import PRICE_CELLS, Heat, Scale, no_price, outside_lines
from cockpit.tui.panes.levels import Level
from cockpit.tui.text import Line, Span, cut, line_width
from cockpit.tui.view import UNKNOWN_LINE, View

ZOOM_BPS = (1, 2, 5, 10, 20, 50)
USUAL = 1
"""Rows of 2 bps: stops of 22-35 bps are in sight in the usual terminal."""
REST_S = 5.0
"""For so long the price may be away from the middle half before the rows follow it."""
ROUNDING = 1e-9
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
HEAD_FROM_ROWS, COLUMNS_FROM_ROWS, LEAST_ROWS = 12, 16, 5
DEPTH_CELLS, HEAT_CELLS, DELTA_CELLS, VOLUME_CELLS = 6, 3, 6, 6
BAR_FROM, DELTA_FROM, VOLUME_FROM = 29, 43, 50
RULED_FROM = 43
"""From so many cells on a level is a line across the whole row."""
LEGEND_CELLS = 12
SHORT_BAR, LONG_BAR = 5, 10
UNSEEN = 0.5
"""USD under which nothing is written."""


@dataclass(slots=True)
class Middle:
    """Where an asset's rows are: the bin in the middle, of which width in USD, and since when the price is away."""

    step: float
    middle: int
    away_since_s: float | None = None


@dataclass(slots=True)
class Dom:
    """What the ladder keeps between looks: the zoom and the middle of each asset, and whether the map is shown."""

    overview: bool = False
    zooms: dict[str, int] = field(default_factory=dict)
    middles: dict[str, Middle] = field(default_factory=dict)

    def zoom(self, asset: str, steps: int) -> None:
        """Wider or narrower rows."""
        self.zooms[asset] = min(len(ZOOM_BPS) - 1, max(0, self.zooms.get(asset, USUAL) + steps))

    def recentre(self, asset: str) -> None:
        """The price back to the middle."""
        self.middles.pop(asset, None)

    def bps(self, asset: str) -> int:
        """What a row is, about."""
        return ZOOM_BPS[self.zooms.get(asset, USUAL)]

    def lines(self, view: View, cells: int, rows: int) -> list[Line]:
        """The ladder in `rows` lines."""
        asset = view.chosen
        if view.snapshot is None or asset is None:
            return [UNKNOWN_LINE]
        price = asset.price if asset.price is not None else asset.mark
        if price is None:
            return no_price(view, asset, cells)[:rows]
        above, below = outside_lines(view, asset, price, cells)
        head = _head(asset, cells) if rows >= HEAD_FROM_ROWS else []
        has_columns = rows >= COLUMNS_FROM_ROWS
        ours = [level for trade in levels.trades_of(view) for level in levels.of_trade(trade, view.glyphs)]
        ours += levels.of_alarms(view)
        room = rows - len(above) - len(below) - len(head) - int(has_columns) - (2 if ours else 0)
        if room < LEAST_ROWS:
            return [*above, _price_line(view, price), *below][: max(1, rows)]
        window = self._window(view, price, [*ours, *levels.of_bands(asset)], room)
        if ours:
            ceiling, floor_ = (window.top + 1) * window.step, window.bottom * window.step
            above.append(_beyond([level for level in ours if level.price >= ceiling], view.glyphs.up, price, cells))
            below.insert(0, _beyond([level for level in ours if level.price < floor_], view.glyphs.down, price, cells))
        columns = [_columns(cells, window.step)] if has_columns else []
        return [*head, *columns, *above, *_body(view, asset, price, window, cells), *below]

    def _window(self, view: View, price: float, found: list[Level], room: int) -> "Window":
        """The bins that are seen. Levels take rows of their own, so that there are as many bins fewer."""
        kept = self._middle(view, price)
        here = _bin(price, kept.step)
        if abs(here - kept.middle) <= room // 4:
            kept.away_since_s = None
        elif kept.away_since_s is None:
            kept.away_since_s = view.now_s
        elif view.now_s - kept.away_since_s >= REST_S:
            kept.middle, kept.away_since_s = here, None
        window = _fitted(kept, found, room)
        if not window.bottom <= here <= window.top:
            kept.middle, kept.away_since_s = here, None
            window = _fitted(kept, found, room)
        return window

    def _middle(self, view: View, price: float) -> Middle:
        step = _step(price * self.bps(view.asset) / BPS, self.middles.get(view.asset))
        kept = self.middles.get(view.asset)
        if kept is None or kept.step != step:
            kept = self.middles[view.asset] = Middle(step, _bin(price, step))
        return kept


class Window(NamedTuple):
    """The bins from `top` down to `bottom`, each `step` USD, and the levels among them, the highest first."""

    step: float
    top: int
    bottom: int
    found: list[Level]


def title(kept: Dom, view: View, cells: int) -> str:
    """The asset, and what a row is, in as many words as fit beside the note that bands are proposed."""
    middle = kept.middles.get(view.asset)
    size = _row_size(middle.step) if middle is not None else ""
    return ladder.titled(view, cells, "Ladder", *((f"row {size}", size) if size else ()))


def _row_size(step: float) -> str:
    return f"{step:,.6f}".rstrip("0").rstrip(".") + " USD"


def _step(wanted: float, kept: Middle | None) -> float:
    """The round number nearest below what is wanted; the one in use as long as it is about that."""
    if kept is not None and 0.8 <= wanted / kept.step < 2.0:
        return kept.step
    magnitude = 10.0 ** floor(log10(wanted))
    return max(nice * magnitude for nice in NICE if nice * magnitude <= wanted * (1 + 1e-6))


def _bin(price: float, step: float) -> int:
    return floor(price / step + ROUNDING)


def _fitted(kept: Middle, found: list[Level], room: int) -> Window:
    """As many bins as fit beside the levels among them: fewer bins may leave levels out, which leaves room again."""
    bins = room
    while True:
        top = kept.middle + bins // 2
        bottom = top - bins + 1
        inside = sorted(
            (level for level in found if bottom <= _bin(level.price, kept.step) <= top),
            key=lambda level: (-level.price, level.rank),
        )
        if bins + len(inside) <= room or bins <= 1:
            return Window(kept.step, top, bottom, inside[: max(0, room - bins)])
        bins -= 1


def _body(view: View, asset: AssetView, price: float, window: Window, cells: int) -> list[Line]:
    step, detail = window.step, view.store.detail(view.asset)
    resting, bought, sold = _resting(detail, step), *_traded(detail, step)
    most = max((bought[at] + sold[at] for at in range(window.bottom, window.top + 1)), default=0.0)
    scale = Scale((window.top + 0.5) * step, step, window.top - window.bottom + 1)
    heats = ladder.by_row(asset.clusters, scale)
    drawn: list[Line] = []
    waiting = list(window.found)
    for row, at in enumerate(range(window.top, window.bottom - 1, -1)):
        values = Values(resting[at], bought[at], sold[at], most, heats[row])
        label = price if at == _bin(price, step) else at * step
        while waiting and waiting[0].price >= label:
            drawn.append(_level_row(view, asset, price, waiting.pop(0), cells))
        drawn.append(_bin_row(view, asset, price, at, step, values, cells))
        while waiting and _bin(waiting[0].price, step) == at:
            drawn.append(_level_row(view, asset, price, waiting.pop(0), cells))
    return drawn


class Values(NamedTuple):
    """One row's figures in USD; `most` is the largest volume of any row."""

    resting: float
    bought: float
    sold: float
    most: float
    heat: Heat


def _bin_row(view: View, asset: AssetView, price: float, at: int, step: float, values: Values, cells: int) -> Line:
    low = at * step
    is_here = at == _bin(price, step)
    is_band = levels.in_band(asset, low, low + step * 0.999)
    axis = view.glyphs.here if is_here else view.glyphs.band * 2 if is_band else f"{view.glyphs.axis} "
    line: list[Span] = [
        (f"{numbers.price(price if is_here else low):>{PRICE_CELLS}} ", "price" if is_here else "dim"),
        (f"{axis:<2}", "price" if is_here else "warn" if is_band else "faint"),
        (f"{_usd(values.resting):>{DEPTH_CELLS}} ", "good" if low < price else "bad"),
    ]
    if cells >= BAR_FROM:
        wide = LONG_BAR if cells >= VOLUME_FROM else SHORT_BAR
        volume = values.bought + values.sold
        line.append((blocks.bar(volume / values.most if values.most else 0.0, wide, view.glyphs) + " ", "info"))
        if cells >= VOLUME_FROM:
            line.append((f"{_usd(volume):>{VOLUME_CELLS}} ", "text"))
    if cells >= DELTA_FROM:
        delta = values.bought - values.sold
        line.append((f"{_signed(delta):>{DELTA_CELLS}} ", "good" if delta > 0 else "bad"))
    line += ladder.column(values.heat, view.glyphs)
    return (*line, *ladder.legend(values.heat)) if cells - line_width(line) >= LEGEND_CELLS else tuple(line[:-1])


def _level_row(view: View, asset: AssetView, price: float, level: Level, cells: int) -> Line:
    is_band = levels.in_band(asset, level.price, level.price)
    axis = view.glyphs.band * 2 if is_band else f"{view.glyphs.axis} "
    text_cells = cells - PRICE_CELLS - 4
    forms = (f"{level.text} {far}" for far in levels.distances(level.price, price))
    text = next((form for form in forms if len(form) <= text_cells), level.text)
    room = text_cells - len(text) - 1 if cells >= RULED_FROM else 0
    return (
        (f"{numbers.price(level.price):>{PRICE_CELLS}} ", level.role),
        (axis, "warn" if is_band else "faint"),
        (f" {cut(text, text_cells)}", level.role),
        (f" {view.glyphs.dash * room}" if room > 0 else "", level.role),
    )


def _beyond(outside: list[Level], glyph: str, price: float, cells: int) -> Line:
    """What of ours lies further out than the rows, the nearest first, as many as fit."""
    spans: list[Span] = []
    for level in sorted(outside, key=lambda level: abs(level.price - price)):
        far = abs(bps_between(level.price, price))
        text = f"{level.text} {far:.0f} bps" if spans else f"{glyph} {level.text} {far:.0f} bps"
        if line_width(spans) + len(text) + 2 > cells:
            break
        spans.append((f"{'  ' if spans else ''}{text}", level.role))
    return tuple(spans)


def _resting(detail: KeptDetail, step: float) -> defaultdict[int, float]:
    usd: defaultdict[int, float] = defaultdict(float)
    for price, qty in (*detail.bids, *detail.asks):
        usd[_bin(price, step)] += price * qty
    return usd


def _traded(detail: KeptDetail, step: float) -> tuple[defaultdict[int, float], defaultdict[int, float]]:
    """What takers bought and sold in each row, in USD. Finer than the engine tells it, a row has what begins in it."""
    bought: defaultdict[int, float] = defaultdict(float)
    sold: defaultdict[int, float] = defaultdict(float)
    for at in detail.traded:
        where = _bin(at.price, step)
        bought[where] += at.bought * at.price
        sold[where] += at.sold * at.price
    return bought, sold


def _usd(value: float) -> str:
    return numbers.short(value) if value >= UNSEEN else ""


def _signed(value: float) -> str:
    return "" if abs(value) < UNSEEN else f"{'+' if value > 0 else '-'}{numbers.short(abs(value))}"


def _columns(cells: int, step: float) -> Line:
    """What a row is stands over the prices."""
    price = f"{_row_size(step):>{PRICE_CELLS}}"
    text = f"{price}   {'rests':>{DEPTH_CELLS}} "
    if cells >= BAR_FROM:
        wide = LONG_BAR if cells >= VOLUME_FROM else SHORT_BAR
        text += f"{('vol 1h' if wide > 5 else 'vol'):<{wide}} " + (
            f"{'USD':>{VOLUME_CELLS}} " if cells >= VOLUME_FROM else ""
        )
    if cells >= DELTA_FROM:
        text += f"{'delta':>{DELTA_CELLS}} "
    return (((text + "liq")[:cells], "faint"),)


def _head(asset: AssetView, cells: int) -> list[Line]:
    """Bid, ask and spread; mark and basis: in fewer words, or without the last, where not all of it fits."""
    spread = numbers.UNKNOWN if asset.spread_bps is None else f"{asset.spread_bps:.1f}"
    quotes: Line = ((numbers.price(asset.bid), "good"), (" / ", "faint"), (numbers.price(asset.ask), "bad"))
    mark: Line = (("mark ", "dim"), (numbers.price(asset.mark), "text"))
    basis = numbers.bps(asset.basis_bps)
    return [
        (*quotes, *_fitting(quotes, cells, f"  spread {spread} bps", f"  {spread} bps", f"  {spread}")),
        (*mark, *_fitting(mark, cells, f"  basis {basis} bps", f"  basis {basis}")),
    ]


def _fitting(before: Line, cells: int, *forms: str) -> Line:
    """The first of these that fits behind a line."""
    return next((((form, "text"),) for form in forms if line_width(before) + len(form) <= cells), ())


def _price_line(view: View, price: float) -> Line:
    return ((f"{numbers.price(price):>{PRICE_CELLS}} ", "price"), (f"{view.glyphs.here} price", "price"))

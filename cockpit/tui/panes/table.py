"""The table of panes. A pane is one row: keys, palette, layout and drawing are fed from it, and from it only."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from cockpit.domain.units import NS_PER_S
from cockpit.tui.panes import chart, dom, feeds, health, ladder, positioning, setups, tape, today, trades
from cockpit.tui.panes.chart import Chart
from cockpit.tui.panes.dom import Dom
from cockpit.tui.panes.gatelog import GateLog
from cockpit.tui.panes.ladder import Ladder
from cockpit.tui.panes.tape import Tape
from cockpit.tui.panes.trades import OpenTrades
from cockpit.tui.text import Line, Span
from cockpit.tui.view import View, state_note


@dataclass(slots=True)
class Kept:
    """What panes keep from one look to the next."""

    ladder: Ladder = field(default_factory=Ladder)
    dom: Dom = field(default_factory=Dom)
    chart: Chart = field(default_factory=Chart)
    tape: Tape = field(default_factory=Tape)
    gate_log: GateLog = field(default_factory=GateLog)
    trades: OpenTrades = field(default_factory=OpenTrades)


class PaneSize(NamedTuple):
    """Columns and rows inside a pane's frame, and whether the keys go to it."""

    cells: int
    rows: int
    focused: bool = False


class Pane(NamedTuple):
    """A row. The panes are numbered in the order of the table: action `pane_1` focuses the first.

    `lines` fits what is known into a room. `depends` is what the lines are made of: as long as it stays equal nothing
    is drawn again. `heading` stands in place of `title` where it changes; `note` stands at the right of the frame.
    """

    id: str
    key: str
    label: str
    help: str
    title: str
    lines: Callable[[Kept, View, PaneSize], list[Line]]
    depends: Callable[[Kept, View], Hashable]
    heading: Callable[[Kept, View, PaneSize], str] | None = None
    note: Callable[[Kept, View], Span] | None = None


def second(view: View) -> int:
    """The engine's clock in whole seconds, for what counts down."""
    return view.snapshot.ts_ns // NS_PER_S if view.snapshot is not None else 0


def _positioning(view: View) -> Hashable:
    assets = view.snapshot.assets if view.snapshot is not None else ()
    shares = tuple((asset.long_pct, asset.short_pct, asset.funding_spread_bps) for asset in assets)
    return shares, view.asset, second(view)


def _trades(kept: Kept, view: View) -> Hashable:
    now = view.snapshot
    told = now and (now.open_trades, now.foreign_positions, now.exposure_usd, second(view), state_note(view))
    return kept.trades.chosen, told, len(view.store.closed_trades)


def _gate_log(kept: Kept, view: View) -> Hashable:
    log, now = kept.gate_log, view.snapshot
    return view.store.log_version, log.filter, log.paused_at is None, log.cursor, now and now.verdicts_denied


def _ladder(kept: Kept, view: View, room: PaneSize) -> list[Line]:
    """Close to the price, or the whole map of bands."""
    return (kept.ladder if kept.dom.overview else kept.dom).lines(view, room.cells, room.rows)


def _ladder_depends(kept: Kept, view: View) -> Hashable:
    own = kept.dom.overview, kept.dom.bps(view.asset), view.asset in kept.dom.middles
    told = None if kept.dom.overview else (view.store.detail(view.asset).version, second(view))
    ours = view.snapshot and (view.snapshot.open_trades, view.snapshot.alarms)
    return view.chosen, ours, ladder.note(view), own, told


def _day(view: View) -> Hashable:
    now = view.snapshot
    if now is None:
        return None
    minute = now.ts_ns // (60 * NS_PER_S)
    return now.account, now.open_pnl_usd, len(view.store.closed_trades), minute, view.asset, now.alarms


PANES: tuple[Pane, ...] = (
    Pane(
        "bands", "1", "ladder", "Focus the price ladder with the liquidation bands", "Ladder",
        lines=_ladder,
        depends=_ladder_depends,
        heading=lambda kept, view, room: (
            ladder.title(view, room.cells) if kept.dom.overview else dom.title(kept.dom, view, room.cells)
        ),
        note=lambda _, view: (ladder.note(view), "info"),
    ),
    Pane(
        "positioning", "2", "positioning", "Focus positioning and funding", "Positioning & funding",
        lines=lambda _, view, room: positioning.lines(view, room.cells, room.rows),
        depends=lambda _, view: _positioning(view),
    ),
    Pane(
        "health", "3", "health", "Focus the Aave health factor", "Aave HF",
        lines=lambda _, view, room: health.lines(view, room.cells, room.rows),
        depends=lambda _, view: (view.snapshot and view.snapshot.health, second(view)),
    ),
    Pane(
        "trades", "4", "trades", "Focus the open trades", "Open trades",
        lines=lambda kept, view, room: kept.trades.lines(view, room.cells, room.rows, room.focused),
        depends=_trades,
        heading=lambda _, view, room: trades.title(view, room.cells, room.rows),
    ),
    Pane(
        "setups", "5", "setups", "Focus the setups", "Setups",
        lines=lambda _, view, room: setups.lines(view, room.cells, room.rows),
        depends=lambda _, view: (view.snapshot and (view.snapshot.setups, view.snapshot.sources), state_note(view)),
        heading=lambda _, view, room: setups.title(view, room.rows),
    ),
    Pane(
        "gate_log", "6", "gate log", "Focus the gate log", "Gate log",
        lines=lambda kept, view, room: kept.gate_log.lines(view, room.cells, room.rows, room.focused),
        depends=_gate_log,
        heading=lambda kept, view, _: kept.gate_log.title(view),
        note=lambda kept, view: (kept.gate_log.note(view), "warn"),
    ),
    Pane(
        "chart", "7", "chart", "Focus the price chart", "Chart",
        lines=lambda kept, view, room: kept.chart.lines(view, room.cells, room.rows),
        depends=lambda kept, view: (
            view.store.detail(view.asset).version, kept.chart.length, view.snapshot and view.snapshot.open_trades,
            view.chosen and (view.chosen.bands_lower, view.chosen.bands_upper),
        ),
        heading=lambda kept, view, _: chart.title(kept.chart, view),
    ),
    Pane(
        "tape", "8", "tape", "Focus the tape", "Tape",
        lines=lambda kept, view, room: kept.tape.lines(view, room.cells, room.rows),
        depends=lambda kept, view: (view.store.detail(view.asset).version, kept.tape.size),
        heading=lambda kept, view, _: tape.title(kept.tape, view),
    ),
    Pane(
        "today", "9", "today", "Focus the day's result, limits and what comes next", "Today",
        lines=lambda _, view, room: today.lines(view, room.cells, room.rows),
        depends=lambda _, view: _day(view),
    ),
    Pane(
        "feeds", "0", "feeds", "Focus the feeds: every age, and why one fails", "Feeds",
        lines=lambda _, view, room: feeds.lines(view, room.cells, room.rows),
        depends=lambda _, view: (view.snapshot and tuple((f.name, f.state) for f in view.snapshot.feeds), second(view)),
    ),
)  # fmt: skip
BY_ID = {pane.id: pane for pane in PANES}
NUMBERS = {pane.id: number for number, pane in enumerate(PANES, start=1)}
BY_ACTION = {f"pane_{number}": name for name, number in NUMBERS.items()}
"""The action of the table of keys that focuses each pane."""

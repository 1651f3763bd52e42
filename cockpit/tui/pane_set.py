"""The panes together: which there are, when one needs drawing again, and what it draws."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple

from cockpit.tui.footer import state_note
from cockpit.tui.numbers import lasting
from cockpit.tui.panes import health, ladder, positioning, setups, status, trades
from cockpit.tui.panes.gatelog import GateLog
from cockpit.tui.plan import TITLES
from cockpit.tui.text import Line
from cockpit.tui.view import View, staleness

if TYPE_CHECKING:
    from cockpit.tui.board import Board


class Drawing(NamedTuple):
    """One pane's picture, before it is fitted to the board."""

    lines: list[Line]
    title: str


class PaneSet:
    """Draws each pane when what it shows may have changed, and not otherwise."""

    def __init__(self) -> None:
        self.gate_log = GateLog()
        self.says_why = "setups"
        self._ladder = ladder.Ladder()
        self._drawn: dict[str, Hashable] = {}
        self._held: dict[str, View] = {}

    def held(self, pane: str) -> bool:
        """Whether the operator paused this pane."""
        return pane in self._held

    def hold(self, pane: str, view: View) -> None:
        """Pause a pane, or let it go on."""
        if self._held.pop(pane, None) is None:
            self._held[pane] = view
        self._drawn.pop(pane, None)
        if pane == "gate_log":
            self.gate_log.pause(view, pane in self._held)

    def forget(self) -> None:
        """Draw everything again: another size, another theme."""
        self._drawn.clear()

    def draw(self, board: "Board", view: View) -> None:
        """One pane, if it needs it."""
        pane = str(board.id)
        room = board.size_inside
        stale_s = staleness(view)
        key = (room, board.has_focus, view.asset, view.glyphs, stale_s and int(stale_s), self._key(pane, view))
        if self._drawn.get(pane) == key:
            return
        self._drawn[pane] = key
        if pane in self._held and pane != "gate_log":
            board.show(board.shown_lines, note="PAUSED", note_role="warn")
            return
        drawing = self.drawing(pane, view, room, board.has_focus)
        note, role = "", "dim"
        if stale_s is not None:
            note, role = f"STALE {lasting(stale_s)}", "alarm"
        elif pane == "gate_log" and self.gate_log.note():
            note, role = self.gate_log.note(), "warn"
        elif pane == self.says_why:
            note, role = state_note(view)
        elif pane == "bands":
            note, role = ladder.note(view), "info"
        board.show(drawing.lines, title=drawing.title, note=note, note_role=role, grey=stale_s is not None)

    def _key(self, pane: str, view: View) -> Hashable:
        """What the pane draws from; equal keys are equal pictures."""
        now, store = view.snapshot, view.store
        if now is None:
            return None
        second = now.ts_ns // 1_000_000_000
        match pane:
            case "bands":
                return view.chosen, now.open_trades, ladder.note(view)
            case "positioning":
                return tuple((a.long_pct, a.short_pct, a.funding_spread_bps) for a in now.assets), second
            case "health":
                return now.health.value, second
            case "trades":
                return now.open_trades, second, now.exposure_usd, state_note(view)
            case "setups":
                return now.setups, state_note(view)
            case _:
                log = self.gate_log
                return store.log_version, log.filter, log.paused_at is None, log.cursor, now.verdicts_denied

    def drawing(self, pane: str, view: View, room: tuple[int, int], has_focus: bool) -> Drawing:
        """One pane's picture in a room of columns and rows."""
        cells, rows = room
        number = f"{list(TITLES).index(pane) + 1} "
        match pane:
            case "bands":
                return Drawing(self._ladder.lines(view, cells, rows), number + ladder.title(view))
            case "gate_log":
                lines = self.gate_log.lines(view, cells, rows, has_focus)
                return Drawing(lines, number + self.gate_log.title(view))
            case "trades":
                return Drawing(trades.lines(view, cells, rows), number + trades.title(view, cells, rows))
            case "setups":
                return Drawing(setups.lines(view, cells, rows), number + setups.title(view, rows))
            case _:
                return Drawing(PURE[pane](view, cells, rows), number + TITLES[pane])


PURE: dict[str, Callable[[View, int, int], list[Line]]] = {
    "positioning": positioning.lines,
    "health": health.lines,
    "trades": trades.lines,
    "setups": setups.lines,
    "status": status.lines,
}

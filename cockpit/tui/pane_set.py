"""The panes together: when one needs drawing again, and what it draws, by the table of panes."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from cockpit.tui.panes.gatelog import GateLog
from cockpit.tui.panes.table import BY_ID, Kept, Pane, PaneSize
from cockpit.tui.text import Line, Span
from cockpit.tui.view import View, stale_note, staleness, state_note

if TYPE_CHECKING:
    from cockpit.tui.board import Board

PAUSED: Span = ("PAUSED", "warn")


class Drawing(NamedTuple):
    """One pane's picture, before it is fitted to the board."""

    lines: list[Line]
    title: str


class PaneSet:
    """Draws each pane when what it shows may have changed, and not otherwise."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.shows_why = "setups"
        self._drawn: dict[str, Hashable] = {}
        self._held: dict[str, View] = {}

    @property
    def gate_log(self) -> GateLog:
        """What is shown of the gate's log."""
        return self.kept.gate_log

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
        pane = BY_ID[str(board.id)]
        room = PaneSize(*board.size_inside, board.has_focus)
        stale_s = staleness(view)
        depends = pane.depends(self.kept, view) if view.snapshot is not None else None
        key = (room, view.asset_title, view.glyphs, stale_s and int(stale_s), pane.id == self.shows_why, depends)
        if self._drawn.get(pane.id) == key:
            return
        self._drawn[pane.id] = key
        if pane.id in self._held and pane.id != "gate_log":
            board.show(board.shown_lines, note=PAUSED[0], note_role=PAUSED[1])
            return
        drawing = self.drawing(pane.id, view, room)
        note, role = self._note(pane, view, stale_s)
        board.show(drawing.lines, title=drawing.title, note=note, note_role=role, grey=stale_s is not None)

    def drawing(self, pane: str, view: View, room: PaneSize) -> Drawing:
        """One pane's picture in a room of columns and rows."""
        row = BY_ID[pane]
        title = row.heading(self.kept, view, room) if row.heading is not None else row.title
        return Drawing(row.lines(self.kept, view, room), f"{row.key.upper()} {title}")

    def _note(self, pane: Pane, view: View, stale_s: float | None) -> Span:
        """That it is old, why nothing is opened, or what the pane itself has to say, in that order."""
        if stale_s is not None:
            return (stale_note(stale_s), "alarm")
        if pane.id == self.shows_why:
            return state_note(view)
        return pane.note(self.kept, view) if pane.note is not None else ("", "dim")

"""A question: what is asked stands still at the foot, what it rests on scrolls above it, at every size."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from cockpit.tui.board import Board
from cockpit.tui.layouts import Region
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.modal import Modal, Places, centred
from cockpit.tui.text import Line, wrap_line

QUESTION = "question"
CELLS = 90


class Question(Modal[str]):
    """Dismissed with the answer, or with None when the operator changed their mind."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-5)", show=False),
        Binding("pagedown", "scroll(5)", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line], appearance: Appearance) -> None:
        super().__init__(appearance)
        self._title = title
        self._lines = tuple(lines)
        self._first = 0
        self._place = Region(0, 0, 0, 0)
        self._is_tight = False

    def foot(self, cells: int) -> list[Line]:
        """What is asked, and how it is answered: never scrolled out of sight."""
        raise NotImplementedError

    def parts(self) -> Iterator[Widget]:
        """One board."""
        yield Board(QUESTION, title=self._title, focusable=False)

    def places(self, ground: Region) -> Places:
        """In the middle, as high as its lines, no higher than the ground."""
        width = min(CELLS, ground.width)
        cells = max(1, width - FRAME_CELLS)
        foot = len(self.foot(cells)) + FRAME_ROWS
        self._is_tight = False
        self._is_tight = len(self._above(cells)) + foot > ground.height
        height = min(len(self._above(cells)) + foot, ground.height)
        self._place = centred(ground, width, height)
        return {QUESTION: self._place}

    def draw(self) -> None:
        """As much of what it rests on as there is room for, then what is asked."""
        cells, rows = max(1, self._place.width - FRAME_CELLS), self._place.height - FRAME_ROWS
        above, foot = self._above(cells), self.foot(cells)
        room = max(0, rows - len(foot))
        above += [()] * (room - len(above))
        self._first = min(max(0, self._first), max(0, len(above) - room))
        hidden = len(above) - room
        note = f"{hidden} more: arrows" if hidden > 0 else ""
        self.query_one(f"#{QUESTION}", Board).show([*above[self._first : self._first + room], *foot], note=note)

    def action_scroll(self, rows: int) -> None:
        """Down by so many rows of what there is to know before answering."""
        self._first += rows
        self.redraw()

    def action_close(self) -> None:
        """Nothing was answered."""
        self.close_with(None)

    def _above(self, cells: int) -> list[Line]:
        """Without its empty rows where there is too little room."""
        rows = [row for line in self._lines for row in wrap_line(line, cells)]
        return [row for row in rows if row] if self._is_tight else rows

"""A sheet: lines to read and scroll, over the panes. It goes on showing what is true while it is open."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from cockpit.tui.board import Board
from cockpit.tui.numbers import lasting
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.modal import Modal
from cockpit.tui.text import Line
from cockpit.tui.view import View, staleness

Content = Callable[[View, int], list[Line]]
"""Lines for a view and a width."""


class Sheet(Modal[None]):
    """Shows what `content` makes of the newest view; arrows scroll, Esc or Enter closes."""

    HINT = "Esc closes"
    DEFAULT_CSS = """
    Sheet { align: center top; background: $background 0%; }
    Sheet > Board { width: 1fr; height: 1fr; margin: 2 1 2 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "close", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "scroll(-100000)", show=False),
        Binding("end", "scroll(100000)", show=False),
    ]

    def __init__(self, title: str, content: Content, view: Callable[[], View], appearance: Appearance) -> None:
        super().__init__()
        self._title = title
        self._content = content
        self._view = view
        self._appearance = appearance
        self._first = 0

    def compose(self) -> ComposeResult:
        yield Board("sheet", title=self._title)

    def on_mount(self) -> None:
        """Draw once there is a size."""
        self._board.appearance = self._appearance
        self.call_after_refresh(self.redraw)

    def on_resize(self) -> None:
        """Another width wraps otherwise."""
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Draw what is true now."""
        board = self._board
        room = board.size_inside
        view = self._view()
        lines = self._content(view, room.width)
        last = max(0, len(lines) - room.height)
        self._first = min(max(0, self._first), last)
        more = f"{self._first + 1}-{min(len(lines), self._first + room.height)} of {len(lines)}, " if last else ""
        stale_s = staleness(view)
        note = f"{more}{self.HINT}" if stale_s is None else f"STALE {lasting(stale_s)}"
        shown = lines[self._first : self._first + room.height]
        board.show(shown, note=note, note_role="dim" if stale_s is None else "alarm", grey=stale_s is not None)

    def restyle(self, appearance: Appearance) -> None:
        self._board.restyle(appearance)

    def action_close(self) -> None:
        self.close_with(None)

    def action_scroll(self, rows: int) -> None:
        """Down by so many rows, up when negative."""
        self._first += rows
        self.redraw()

    def action_page(self, pages: int) -> None:
        """Down by a page, up when negative."""
        self.action_scroll(pages * max(1, self._board.size_inside.height - 1))

    def show_row(self, wanted: Callable[[Line], bool]) -> None:
        """Scroll as little as it takes to have the first such row in sight."""
        room = self._board.size_inside
        lines = self._content(self._view(), room.width)
        row = next((number for number, line in enumerate(lines) if wanted(line)), self._first)
        self._first = min(row, max(self._first, row - room.height + 1))
        self.redraw()

    @property
    def _board(self) -> Board:
        return self.query_one(Board)

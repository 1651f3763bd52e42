"""A question with one line of text for an answer: a reason, a filter, or the word that lets money trade."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Paste
from textual.widgets import Input

from cockpit.tui.board import Board
from cockpit.tui.footer import Offered
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.modal import Modal
from cockpit.tui.text import Line, without_controls, wrap_line

LONGEST_ANSWER = 500
"""As long as the API takes a reason."""
CELLS, SHARE = 86, 0.96
"""As wide as this, and no more than this share of the screen."""
ANSWER_ROWS = 3
Check = Callable[[str], str]
"""Says what is wrong with an answer; empty when nothing is."""


class Answer(Input):
    """One line; what is pasted into it is text, whatever it holds."""

    def on_paste(self, event: Paste) -> None:
        """Insert what is left of it without its escape codes, as if typed."""
        event.prevent_default().stop()
        self.insert_text_at_cursor(without_controls(event.text[:LONGEST_ANSWER]))


class Ask(Modal[str]):
    """Dismissed with the text, or with None when the operator changed their mind."""

    DEFAULT_CSS = """
    Ask { align: center middle; background: $background 0%; }
    Ask > Vertical { width: 86; max-width: 96%; height: auto; max-height: 100%; }
    Ask Board { width: 1fr; height: auto; }
    Ask Input { width: 1fr; }
    """
    OFFERED = Offered.TEXT
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-5)", show=False),
        Binding("pagedown", "scroll(5)", show=False),
    ]

    def __init__(
        self, title: str, lines: Sequence[Line], appearance: Appearance, *, check: Check, start: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._lines = tuple(lines)
        self._appearance = appearance
        self._check = check
        self._start = start
        self._wrong = ""
        self._first = 0

    def compose(self) -> ComposeResult:
        """The question above, the answer below."""
        with Vertical():
            board = Board("question", title=self._title, focusable=False)
            board.appearance = self._appearance
            yield board
            answer = Answer(value=self._start, select_on_focus=False, max_length=LONGEST_ANSWER)
            answer.cursor_blink = False
            yield answer

    def on_mount(self) -> None:
        """The cursor is where the answer goes."""
        self._show("")
        self.query_one(Input).focus()

    def restyle(self, appearance: Appearance) -> None:
        self.query_one(Board).restyle(appearance)

    def redraw(self) -> None:
        """A question does not change while it is asked."""

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Take a good answer; say what is wrong with another."""
        wrong = self._check(event.value.strip())
        if wrong:
            self._show(wrong)
        else:
            self.close_with(event.value.strip())

    def action_close(self) -> None:
        """Nothing was answered."""
        self.close_with(None)

    def action_scroll(self, rows: int) -> None:
        """Down by so many rows of what there is to know before answering."""
        self._first += rows
        self._show(self._wrong)

    def on_resize(self) -> None:
        """Another width wraps otherwise."""
        self._show(self._wrong)

    def _show(self, wrong: str) -> None:
        """What is asked for stands still above the answer; what it rests on scrolls where there is no room for it."""
        self._wrong = wrong
        board, size = self.query_one(Board), self.app.size
        cells = max(8, min(CELLS, int(size.width * SHARE)) - FRAME_CELLS)
        foot: Line = ((wrong, "bad"),) if wrong else (("Enter confirms, Esc cancels", "dim"),)
        after = max((number for number, line in enumerate(self._lines, start=1) if not line), default=0)
        above, asked = (
            [row for line in lines for row in wrap_line(line, cells)]
            for lines in (self._lines[:after], (*self._lines[after:], (), foot))
        )
        room = max(1, size.height - ANSWER_ROWS - FRAME_ROWS - len(asked))
        self._first = min(max(0, self._first), max(0, len(above) - room))
        shown = above[self._first : self._first + room]
        hidden = len(above) - len(shown)
        board.show([*shown, *asked], note=f"{hidden} more: arrows" if hidden else "")
        board.refresh(layout=True)

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
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.modal import Modal
from cockpit.tui.text import Line, without_controls

LONGEST_ANSWER = 500
"""As long as the API takes a reason."""
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
    Ask > Vertical { width: 86; max-width: 96%; height: auto; max-height: 96%; }
    Ask Board { width: 1fr; height: auto; }
    Ask Input { width: 1fr; }
    """
    OFFERED = Offered.TEXT
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", show=False)]

    def __init__(
        self, title: str, lines: Sequence[Line], appearance: Appearance, *, check: Check, start: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._lines = tuple(lines)
        self._appearance = appearance
        self._check = check
        self._start = start

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
        """Another theme."""
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

    def _show(self, wrong: str) -> None:
        board = self.query_one(Board)
        foot: Line = ((wrong, "bad"),) if wrong else (("Enter confirms, Esc cancels", "dim"),)
        board.show([*self._lines, (), foot])
        board.refresh(layout=True)

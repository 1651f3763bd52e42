"""A question with one line of text for an answer: a reason, a filter, or the word that lets money trade."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.widget import Widget
from textual.widgets import Input

from cockpit.tui.footer import Offered
from cockpit.tui.layouts import Region
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.modal import Places
from cockpit.tui.screens.question import Question
from cockpit.tui.text import Line, without_controls, wrap_line

LONGEST_ANSWER = 500
"""As long as the API takes a reason."""
ANSWER = "answer"
PROMPT = "> "
HINT: Line = (("Enter confirms, Esc cancels", "dim"),)
Check = Callable[[str], str]
"""Says what is wrong with an answer; empty when nothing is."""


class Answer(Input):
    """One line; what is pasted into it is text, whatever it holds."""

    def __init__(self, start: str = "", name: str = ANSWER) -> None:
        super().__init__(value=start, id=name, select_on_focus=False, max_length=LONGEST_ANSWER)
        self.cursor_blink = False

    def on_paste(self, event: Paste) -> None:
        """Insert what is left of it without its escape codes, as if typed."""
        event.prevent_default().stop()
        self.insert_text_at_cursor(without_controls(event.text[:LONGEST_ANSWER]))


class Ask(Question):
    """The answer's row stands under what is asked; what is wrong with an answer under that."""

    OFFERED = Offered.TEXT
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", show=False)]

    def __init__(
        self, title: str, lines: Sequence[Line], appearance: Appearance, *, check: Check, start: str = ""
    ) -> None:
        after = max((number for number, line in enumerate(lines, start=1) if not line), default=0)
        super().__init__(title, lines[:after], appearance)
        self._asked = tuple(lines[after:])
        self._check = check
        self._start = start
        self._wrong = ""

    def parts(self) -> Iterator[Widget]:
        """The question, and the answer's row over it."""
        yield from super().parts()
        yield Answer(self._start)

    def on_mount(self) -> None:
        """The cursor is where the answer goes."""
        self.query_one(Answer).focus()

    def places(self, ground: Region) -> Places:
        """The answer's row is in the question's frame, above the hint."""
        places = super().places(ground)
        x, y, width, height = self._place
        below = len(self._hint(width - 4))
        row = max(0, height - 2 - below)
        return {**places, ANSWER: Region(x + 2 + len(PROMPT), y + row, max(1, width - 4 - len(PROMPT)), 1)}

    def foot(self, cells: int) -> list[Line]:
        """What is asked, the row of the answer, and what is wrong with it."""
        asked = [row for line in self._asked for row in wrap_line(line, cells)]
        return [*asked, ((PROMPT, "key"),), *self._hint(cells)]

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Take a good answer; say what is wrong with another."""
        self._wrong = self._check(event.value.strip())
        if self._wrong:
            self.redraw()
        else:
            self.close_with(event.value.strip())

    def _hint(self, cells: int) -> list[Line]:
        return wrap_line(((self._wrong, "bad"),) if self._wrong else HINT, cells)

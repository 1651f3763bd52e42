"""The command line: words of one language, completed with Tab, with those that were sent before."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from cockpit.domain.command_line import completions, read_line
from cockpit.domain.line_tokens import Known, LineError
from cockpit.tui.layouts import Region
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.ask import ANSWER, PROMPT, Answer, Ask
from cockpit.tui.screens.modal import Places
from cockpit.tui.screens.question import QUESTION
from cockpit.tui.text import Line, cut, wrap

HINTS = (
    "Tab completes, up and down for what was sent, ; between commands, Enter sends",
    "Tab completes, up: sent before, ; between, Enter sends",
    "Tab completes, Enter sends",
)
"""The longest that fits is shown."""


class CommandLine(Ask):
    """Dismissed with a line that can be read, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "history(-1)", show=False),
        Binding("down", "history(1)", show=False),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(
        self, known: Callable[[], Known], sent: Sequence[str], appearance: Appearance, start: str = ""
    ) -> None:
        super().__init__("Command", [], appearance, check=self._wrong_in, start=start)
        self._known = known
        self._sent = (*sent, start)
        self._at = len(sent)

    def places(self, ground: Region) -> Places:
        """At the foot, over the whole width, as high as every word a line may begin with takes."""
        words = len(list(wrap(", ".join(completions("", self._known())), max(1, ground.width - FRAME_CELLS))))
        height = min(ground.height, FRAME_ROWS + words + 2)
        self._place = Region(ground.x, ground.y + ground.height - height, ground.width, height)
        x, y, width, _ = self._place
        return {QUESTION: self._place, ANSWER: Region(x + 2 + len(PROMPT), y + 1, max(1, width - 4 - len(PROMPT)), 1)}

    def foot(self, cells: int) -> list[Line]:
        """The line, what may follow, and what is wrong."""
        text = self.query_one(Answer).value if self.is_mounted else ""
        rows = max(1, self._place.height - FRAME_ROWS - 2)
        if self._wrong:
            return [((PROMPT, "key"),), *_in_rows(self._wrong, "bad", cells, rows + 1)]
        hint = next((hint for hint in HINTS if len(hint) <= cells), HINTS[-1])
        follow = _in_rows(", ".join(completions(text, self._known())), "info", cells, rows)
        return [((PROMPT, "key"),), *follow, ((hint, "dim"),)]

    def on_input_changed(self) -> None:
        """What may follow is another now; what was wrong is being mended."""
        self._wrong = ""
        self.redraw()

    def action_complete(self) -> None:
        """The last word as far as everything that it may become is the same."""
        answer = self.query_one(Answer)
        found = completions(answer.value, self._known())
        if not found:
            return
        typed = "" if answer.value[-1:].isspace() else answer.value.rsplit(" ", 1)[-1].rsplit(";", 1)[-1]
        common = _common(found)
        rest = common[len(typed) :] + (" " if len(found) == 1 else "")
        answer.value += rest
        answer.cursor_position = len(answer.value)

    def action_history(self, steps: int) -> None:
        """What was sent before, and back to what was begun."""
        self._at = min(len(self._sent) - 1, max(0, self._at + steps))
        answer = self.query_one(Answer)
        answer.value = self._sent[self._at]
        answer.cursor_position = len(answer.value)

    def _wrong_in(self, text: str) -> str:
        if not text:
            return "expected a command, was nothing"
        try:
            read_line(text, self._known())
        except LineError as error:
            return str(error)
        return ""


def _in_rows(text: str, role: str, cells: int, rows: int) -> list[Line]:
    """A text in exactly so many rows; what does not fit is cut at the end of the last."""
    found = list(wrap(text, cells))
    shown = [*found[: rows - 1], cut(" ".join(found[rows - 1 :]), cells), *[""] * rows][:rows]
    return [((row, role),) for row in shown]


def _common(words: Sequence[str]) -> str:
    first, last = min(words), max(words)
    same = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:same]

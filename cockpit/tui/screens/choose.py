"""A question answered with one key."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.events import Key

from cockpit.tui.picture import Appearance
from cockpit.tui.screens.question import Question
from cockpit.tui.text import Line, wrap

KEY_CELLS = 5


class Choice(NamedTuple):
    """One answer: its key, the word it stands for, and what it does."""

    key: str
    answer: str
    text: str


class Choose(Question):
    """Dismissed with the answer's word, or with None on Esc."""

    def __init__(self, title: str, lines: Sequence[Line], choices: Sequence[Choice], appearance: Appearance) -> None:
        super().__init__(title, [*lines, ()], appearance)
        self._choices = tuple(choices)

    def foot(self, cells: int) -> list[Line]:
        """Each answer beside its key."""
        rows: list[Line] = []
        for key, text in (*((choice.key, choice.text) for choice in self._choices), ("Esc", "back to the screen")):
            head, *rest = list(wrap(text, cells - KEY_CELLS))
            rows.append(((f" {key} ", "key"), (head, "text")))
            rows += [((" " * KEY_CELLS, "text"), (row, "text")) for row in rest]
        return rows

    def on_key(self, event: Key) -> None:
        """One key decides, and does nothing else: what it means in the panes is not what was asked."""
        answers = {"escape": None, **{choice.key: choice.answer for choice in self._choices}}
        if event.key in answers:
            event.stop().prevent_default()
            self.close_with(answers[event.key])

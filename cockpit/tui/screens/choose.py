"""A question answered with one key."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.app import ComposeResult
from textual.events import Key

from cockpit.tui.board import Board
from cockpit.tui.picture import Appearance
from cockpit.tui.screens.modal import Modal
from cockpit.tui.text import Line


class Choice(NamedTuple):
    """One answer: its key, the word it stands for, and what it does."""

    key: str
    answer: str
    text: str


class Choose(Modal[str]):
    """Dismissed with the answer's word, or with None on Esc."""

    DEFAULT_CSS = """
    Choose { align: center middle; background: $background 0%; }
    Choose > Board { width: 80; max-width: 96%; height: auto; max-height: 96%; }
    """

    def __init__(self, title: str, lines: Sequence[Line], choices: Sequence[Choice], appearance: Appearance) -> None:
        super().__init__()
        self._title = title
        self._choices = tuple(choices)
        self._appearance = appearance
        keys: list[Line] = [((f" {choice.key} ", "key"), (choice.text, "text")) for choice in choices]
        self._lines: list[Line] = [*lines, (), *keys, ((" Esc ", "key"), ("back to the screen", "text"))]

    def compose(self) -> ComposeResult:
        board = Board("choices", title=self._title)
        board.appearance = self._appearance
        board.show(self._lines)
        yield board

    def restyle(self, appearance: Appearance) -> None:
        self.query_one(Board).restyle(appearance)

    def redraw(self) -> None:
        """A question does not change while it is asked."""

    def on_key(self, event: Key) -> None:
        """One key decides, and does nothing else: what it means in the panes is not what was asked."""
        answers = {"escape": None, **{choice.key: choice.answer for choice in self._choices}}
        if event.key in answers:
            event.stop().prevent_default()
            self.close_with(answers[event.key])

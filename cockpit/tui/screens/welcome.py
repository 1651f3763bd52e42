"""The very first start: one screen that says what this is, whose money it is, and the keys that matter."""

from collections.abc import Callable, Mapping

from textual.app import ComposeResult
from textual.events import Key

from cockpit.domain.kinds import Mode
from cockpit.tui import keys
from cockpit.tui.board import Board
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.modal import Modal
from cockpit.tui.text import Line, wrap
from cockpit.tui.view import View

SHOWN = ("flatten", "arm", "halt", "checklist", "help", "detach")
KEY_CELLS = 10
CELLS, SHARE = 72, 0.96
"""As wide as this, and no more than this share of the screen."""
ABOUT = (
    "The engine trades in a process of its own: closing this screen stops nothing, and cockpit attaches again.",
    "Every setup asks the gate, which says yes or no with its numbers. Nothing is sent before you arm it.",
)
MONEY = {Mode.PAPER: "nobody's money", Mode.TEST: "REAL MONEY, small limits", Mode.LIVE: "REAL MONEY"}


class Welcome(Modal[None]):
    """Any key closes it; the emergency keys and the halt key do what they always do."""

    DEFAULT_CSS = """
    Welcome { align: center middle; background: $background 0%; }
    Welcome > Board { width: 72; max-width: 96%; height: auto; max-height: 96%; }
    """

    def __init__(self, bound: Mapping[str, tuple[str, ...]], view: Callable[[], View], appearance: Appearance) -> None:
        super().__init__()
        self._bound = bound
        self._view = view
        self._appearance = appearance

    def compose(self) -> ComposeResult:
        board = Board("welcome", title="Welcome to Cockpit")
        board.appearance = self._appearance
        yield board

    def on_mount(self) -> None:
        """Draw once there is a size."""
        self.redraw()
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """The market and the money as the engine says them, once it does."""
        board = self.query_one(Board)
        size = self.app.size
        cells, rows = min(CELLS, int(size.width * SHARE)) - FRAME_CELLS, int(size.height * SHARE) - FRAME_ROWS
        drawn = lines(self._bound, self._view(), max(1, cells), rows)
        if len(drawn) != len(board.shown_lines):
            board.refresh(layout=True)
        board.show(drawn)

    def restyle(self, appearance: Appearance) -> None:
        self.query_one(Board).restyle(appearance)

    def on_key(self, event: Key) -> None:
        """Read: and the key does nothing else, unless it halts."""
        if event.key not in self._bound["halt"]:
            event.stop().prevent_default()
        self.close_with(None)


def lines(bound: Mapping[str, tuple[str, ...]], view: View, cells: int, rows: int) -> list[Line]:
    """The badges, what runs where there is room for it, and the keys, the operator's own in place of the defaults."""
    about: list[Line] = [((row, "text"),) for text in ABOUT for row in wrap(text, cells)]
    drawn = [*_keys(bound, cells), (), (("Any key closes this. It is shown once.", "dim"),)]
    return [_badges(view), (), *([*about, ()] if len(about) + len(drawn) + 3 <= rows else []), *drawn]


def _keys(bound: Mapping[str, tuple[str, ...]], cells: int) -> list[Line]:
    drawn: list[Line] = []
    for name in SHOWN:
        shown = "/".join(keys.shown(key) for key in bound[name]) or "(no key)"
        rows = list(wrap(keys.BY_ID[name].help, cells - KEY_CELLS - 1))
        drawn.append(((f"{shown:<{KEY_CELLS}} ", "key"), (rows[0], "text")))
        drawn += [((" " * (KEY_CELLS + 1), "text"), (row, "text")) for row in rows[1:]]
    return drawn


def _badges(view: View) -> Line:
    now, process = view.snapshot, view.store.process
    if now is None or process is None:
        return (("starting the engine: nothing is known yet", "dim"),)
    market = process.feed.partition(":")[0].upper()
    mode = now.mode
    state = now.state.value.replace("_", " ")
    return ((f" {market} ", "info"), (f" {mode.value.upper()} ", mode.value), (f" {MONEY[mode]}, {state}", "strong"))

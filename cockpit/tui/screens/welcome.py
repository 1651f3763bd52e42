"""The very first start: one screen that says what this is, whose money it is, and the keys that matter."""

from collections.abc import Callable, Iterator, Mapping

from textual.events import Key
from textual.widget import Widget

from cockpit.domain.kinds import Mode
from cockpit.tui import keys
from cockpit.tui.board import Board
from cockpit.tui.layouts import Region
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.modal import Modal, Places, centred
from cockpit.tui.text import Line, wrap, wrap_line
from cockpit.tui.view import View

SHOWN = ("flatten", "arm", "halt", "checklist", "help", "detach")
KEY_CELLS = 10
CELLS = 72
WELCOME = "welcome"
ABOUT = (
    "The engine trades in a process of its own: closing this screen stops nothing, and cockpit attaches again.",
    "Every setup asks the gate, which says yes or no with its numbers. Nothing is sent before you arm it.",
)
MONEY = {Mode.PAPER: "nobody's money", Mode.TEST: "REAL MONEY, small limits", Mode.LIVE: "REAL MONEY"}


class Welcome(Modal[None]):
    """Any key closes it; the emergency keys and the halt key do what they always do."""

    def __init__(self, bound: Mapping[str, tuple[str, ...]], view: Callable[[], View], appearance: Appearance) -> None:
        super().__init__(appearance)
        self._bound = bound
        self._view = view
        self._lines: list[Line] = []

    def parts(self) -> Iterator[Widget]:
        """One board."""
        yield Board(WELCOME, title="Welcome to Cockpit")

    def places(self, ground: Region) -> Places:
        """In the middle: the market and the money as the engine says them, once it does."""
        width = min(CELLS, ground.width)
        cells, rows = max(1, width - FRAME_CELLS), ground.height - FRAME_ROWS
        self._lines = lines(self._bound, self._view(), cells, rows)
        return {WELCOME: centred(ground, width, min(ground.height, len(self._lines) + FRAME_ROWS))}

    def draw(self) -> None:
        """What was laid out."""
        self.query_one(f"#{WELCOME}", Board).show(self._lines)

    def on_key(self, event: Key) -> None:
        """Read: and the key does nothing else, unless it halts."""
        if event.key not in self._bound["halt"]:
            event.stop().prevent_default()
        self.close_with(None)


def lines(bound: Mapping[str, tuple[str, ...]], view: View, cells: int, rows: int) -> list[Line]:
    """The badges, what runs where there is room for it, and the keys, the operator's own in place of the defaults."""
    about: list[Line] = [((row, "text"),) for text in ABOUT for row in wrap(text, cells)]
    drawn = [*_keys(bound, cells), (), (("Any key closes this. It is shown once.", "dim"),)]
    badges = wrap_line(_badges(view), cells)
    return [*badges, (), *([*about, ()] if len(about) + len(drawn) + len(badges) + 2 <= rows else []), *drawn]


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

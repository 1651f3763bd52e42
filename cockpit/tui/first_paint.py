"""The first picture: the screen as it stands before anything is known, drawn without Textual and before its import.

Textual needs a third of a second to be there. Until then the operator sees the real layout, and what is typed waits in
the terminal for Textual to read: a flatten key pressed at once is not lost. Textual draws over it, cell for cell the
same, on the same alternate screen.
"""

import contextlib
import os
import signal
import sys
import termios
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from rich.color import ColorSystem

from cockpit.tui import footer, palette
from cockpit.tui.pane_set import PaneSet
from cockpit.tui.panes import status
from cockpit.tui.panes.table import BY_ID, PaneSize
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, WIDE_TAIL, Appearance, Cell, Face, bare, framed
from cockpit.tui.plan import plan
from cockpit.tui.settings import ScreenSettings
from cockpit.tui.store import Store
from cockpit.tui.terminal import TERMINATED_CODE, TerminalState, end_now
from cockpit.tui.view import View

FOCUSED = next(iter(BY_ID))
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
FALLBACK_SIZE = (80, 24)


class FirstPaint:
    """Up from the first moment until Textual draws; a context manager that gives the terminal back however it ends.

    `found` is the terminal as it was before, while it is not given back.
    """

    def __init__(self) -> None:
        self.found: TerminalState | None = None
        self._is_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lower()

    def rise(self, settings: ScreenSettings) -> None:
        """Draw, and take the keyboard as Textual will: unechoed, key by key, Ctrl+C a key like any other."""
        if self._is_up:
            return
        columns, rows = terminal_size()
        text = painted(first_picture(settings, columns, rows), settings.appearance, palette.colour_system(os.environ))
        found = self.found = TerminalState()
        self._is_up = True
        signal.signal(signal.SIGTERM, _ending(found))
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(0, termios.TCSANOW, key_by_key(termios.tcgetattr(0)))
        _write(ENTER + HIDE_CURSOR + NO_WRAP + text)

    def give_way(self) -> bool:
        """Whether the alternate screen is there already: who asks draws on it from now on, and leaves it."""
        was_up, self._is_up = self._is_up, False
        return was_up

    def lower(self) -> None:
        """Back to the terminal as it was found."""
        if self._is_up:
            self._is_up = False
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _write(WRAP + LEAVE + SHOW_CURSOR)
        if self.found is not None:
            self.found.restore_mode()
            self.found = None


def _ending(found: TerminalState) -> Callable[[int, object], None]:
    def end(_number: int, _frame: object) -> None:
        found.restore()
        end_now(TERMINATED_CODE)

    return end


def first_picture(settings: ScreenSettings, columns: int, rows: int) -> list[list[Cell]]:
    """The whole screen, as it is while nothing is known."""
    view = View(Store(), glyphs=settings.appearance.glyphs, identity=settings.identity)
    pane_set, planned = PaneSet(), plan(columns, rows, layout=settings.layouts[settings.layout])
    cells: list[list[Cell]] = [[(" ", "text")] * columns for _ in range(rows)]
    for name, (x, y, width, height) in planned.regions.items():
        if name in BY_ID:
            room = PaneSize(max(0, width - FRAME_CELLS), max(0, height - FRAME_ROWS), name == FOCUSED)
            drawing = pane_set.drawing(name, view, room)
            face = Face(tuple(drawing.lines), drawing.title)
            drawn = framed(face, settings.appearance, width, height, focused=name == FOCUSED)
        else:
            drawn = bare(_bare_face(name, settings, view, width, height), settings.appearance, width, height)
        for row, line in enumerate(drawn, start=y):
            cells[row][x : x + width] = line
    return cells


def _bare_face(name: str, settings: ScreenSettings, view: View, columns: int, rows: int) -> Face:
    match name:
        case "status":
            return Face(tuple(status.lines(view, columns, rows)))
        case "news":
            return Face((footer.news_line(view, columns),))
        case _:
            return Face((footer.keys_line(dict(settings.keys), view, columns),))


def painted(cells: list[list[Cell]], appearance: Appearance, colours: ColorSystem | None) -> str:
    """The picture for a terminal: every row from its first column, runs of one role in its colours."""
    rows: list[str] = []
    for y, row in enumerate(cells, start=1):
        parts = [f"\x1b[{y};1H"]
        run, run_role = "", ""
        for character, role in [*row, (WIDE_TAIL, "")]:
            if role != run_role:
                parts.append(palette.style(appearance.theme, run_role).render(run, color_system=colours) if run else "")
                run, run_role = "", role
            run += character
        rows.append("".join(parts))
    palette.style.cache_clear()  # a style keeps the codes it was first asked for, and Textual may want others
    return "".join(rows)


def key_by_key(mode: list[Any]) -> list[Any]:
    """The terminal's mode with its line editing, echo, signals and flow control off."""
    changed = list(mode)
    changed[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    changed[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    return changed


def terminal_size() -> tuple[int, int]:
    """Columns and rows of the terminal that is drawn on."""
    try:
        columns, rows = os.get_terminal_size(2)
    except OSError:
        return FALLBACK_SIZE
    return (columns, rows) if columns and rows else FALLBACK_SIZE


def _write(text: str) -> None:
    """All of it, to the terminal itself. One that is gone or cannot show it has nothing to be told."""
    with contextlib.suppress(OSError, UnicodeError):
        sys.__stderr__.write(text)  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]

"""A board: a framed widget of short lines that repaints only the cells that changed.

Textual repaints whole widgets, or whole rows of them: over SSH ten times the bytes of the digits that moved. A board
keeps what it shows cell by cell and asks for a repaint of the runs that differ (see `spans` for the other half).
"""

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from cockpit.tui import palette
from cockpit.tui.glyphs import ASCII, RICH, Glyphs, to_ascii
from cockpit.tui.text import ELLIPSIS, Line, clean, cut, width

Cell = tuple[str, str]
BRIDGED_CELLS = 12
"""Two changed runs closer than this are repainted as one: moving the cursor costs more bytes than the cells between."""
WIDE_TAIL = ""
MODES = ("paper", "test", "live")
"""Badges that stay coloured on a grey board: what is greyed is knowledge, not danger."""


class Look(NamedTuple):
    """How boards draw: the theme's name, ASCII or not, and whether the frame says live money."""

    theme: str = "dark"
    ascii_only: bool = False
    mode: str = "paper"

    @property
    def glyphs(self) -> Glyphs:
        """The signs to draw with."""
        return ASCII if self.ascii_only else RICH


class Board(Widget):
    """Lines in a frame, or without one (`framed=False`). Feed it with `show`."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Board { width: 1fr; height: 1fr; }"

    def __init__(self, name: str, *, title: str = "", framed: bool = True, focusable: bool = True) -> None:
        super().__init__(id=name)
        self.can_focus = focusable
        self.look = Look()
        self.planned: Size | None = None
        self._framed = framed
        self._title = title
        self._note = ""
        self._note_role = "dim"
        self._grey = False
        self._lines: tuple[Line, ...] = ()
        self._cells: list[list[Cell]] = []
        self._strips: dict[int, Strip] = {}

    @property
    def room(self) -> Size:
        """Columns and rows for lines, inside the frame; those to come where the layout has not been done yet."""
        size = self.planned or self.size
        return Size(max(0, size.width - 4), max(0, size.height - 2)) if self._framed else size

    @property
    def shown_lines(self) -> tuple[Line, ...]:
        """What it shows."""
        return self._lines

    def show(
        self,
        lines: Sequence[Line],
        *,
        title: str | None = None,
        note: str = "",
        note_role: str = "dim",
        grey: bool = False,
    ) -> None:
        """Draw these lines; only what differs from what is drawn is repainted.

        `note` stands at the right of the frame's top; `grey` draws everything as no longer known to be true.
        """
        self._lines = tuple(lines)
        self._title = self._title if title is None else title
        self._note, self._note_role, self._grey = note, note_role, grey
        self._redraw()

    def restyle(self, look: Look) -> None:
        """Draw with another theme, other signs, or another mode's frame."""
        if look == self.look:
            return
        is_repaint = look.theme != self.look.theme
        self.look = look
        if is_repaint:
            self._cells = []
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """The strip of one row, from the cells as they are now."""
        strip = self._strips.get(y)
        if strip is None:
            row = self._cells[y] if y < len(self._cells) else self._row((), self.size.width)
            strip = self._strips[y] = self._strip(row)
        return strip

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Boards are as high as their layout says; where it does not, as high as their lines."""
        return len(self._lines) + (2 if self._framed else 0)

    def on_resize(self, event: Resize) -> None:
        """A new size is a new picture."""
        self._cells = []
        self._redraw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The frame says where the keys go."""
        super().watch_has_focus(_has_focus)
        self._redraw()

    def _redraw(self) -> None:
        size = self.size
        if not size.width or not size.height:
            return
        new = self._picture(size)
        old, self._cells = self._cells, new
        if len(old) != len(new):
            self._strips.clear()
            self.refresh()
            return
        changed = []
        for y, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                self._strips.pop(y, None)
                changed += [Region(x, y, end - x, 1) for x, end in changed_runs(before, after)]
        if changed:
            self.refresh(*changed)

    def _picture(self, size: Size) -> list[list[Cell]]:
        if not self._framed:
            return [self._row(line, size.width) for line in self._padded(size.height)]
        is_live = self.look.mode == "live"
        role = "bad" if is_live else ("frame_focus" if self.has_focus else "frame")
        frame = self.look.glyphs.heavy if is_live else self.look.glyphs.frame
        side, space = (frame[5], role), (" ", "text")
        inner = max(0, size.width - 4)
        rows = [self._row(self._top(frame, role, size.width), size.width)]
        for line in self._padded(size.height - 2):
            rows.append([side, space, *self._row(line, inner), space, side][: size.width])
        if size.height > 1:
            rows.append(self._row(((frame[2] + frame[4] * max(0, size.width - 2) + frame[3], role),), size.width))
        return rows

    def _padded(self, rows: int) -> list[Line]:
        rows = max(0, rows)
        return [*self._lines[:rows], *([()] * (rows - len(self._lines)))]

    def _top(self, frame: str, role: str, cells: int) -> Line:
        """Title at the left, note at the right; the note wins where both do not fit."""
        note = f" {cut(self._note, cells - 8 - min(12, len(self._title)))} " if self._note and cells > 26 else ""
        title_room = cells - 5 - width(note)
        title = f" {cut(self._title, title_room - 2)} " if self._title and title_room > 4 else ""
        rule = max(0, cells - 3 - width(title) - width(note) - (1 if note else 0))
        spans = [
            (frame[0] + frame[4], role),
            (title, "cursor" if self.has_focus else "text"),
            (frame[4] * rule, role),
            (note, self._note_role),
            (frame[4] if note else "", role),
            (frame[1], role),
        ]
        return tuple(spans)

    def _row(self, line: Line, cells: int) -> list[Cell]:
        row: list[Cell] = []
        for text, role in line:
            drawn = "stale" if self._grey and role not in ("alarm", *MODES) else role
            shown = to_ascii(clean(text)) if self.look.ascii_only else clean(text)
            for character in shown:
                row.append((character, drawn))
                if not character.isascii() and width(character) == 2:
                    row.append((WIDE_TAIL, drawn))
        if len(row) > cells:
            row = row[:cells]
            row[-1:] = [("~" if self.look.ascii_only else ELLIPSIS, row[-1][1])] if row else []
            if len(row) > 1 and width(row[-2][0]) == 2:
                row[-2] = (" ", row[-2][1])
        return row + [(" ", "text")] * (cells - len(row))

    def _strip(self, row: list[Cell]) -> Strip:
        segments: list[Segment] = []
        run: list[str] = []
        run_role = ""
        for character, role in row:
            if role != run_role and run:
                segments.append(Segment("".join(run), self._style(run_role)))
                run = []
            run.append(character)
            run_role = role
        if run:
            segments.append(Segment("".join(run), self._style(run_role)))
        return Strip(segments, len(row))

    def _style(self, role: str) -> Style:
        return palette.style(self.look.theme, role)


def changed_runs(before: list[Cell], after: list[Cell]) -> list[tuple[int, int]]:
    """Where two rows of the same width differ, as (first, beyond) columns; a wide character is never split."""
    if len(before) != len(after):
        return [(0, len(after))]
    runs: list[tuple[int, int]] = []
    for x, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        if runs and x - runs[-1][1] < BRIDGED_CELLS:
            runs[-1] = (runs[-1][0], x + 1)
        else:
            runs.append((x, x + 1))
    return [_whole_characters(before, after, first, beyond) for first, beyond in runs]


def _whole_characters(before: list[Cell], after: list[Cell], first: int, beyond: int) -> tuple[int, int]:
    while first > 0 and WIDE_TAIL in (before[first][0], after[first][0]):
        first -= 1
    while beyond < len(after) and WIDE_TAIL in (before[beyond][0], after[beyond][0]):
        beyond += 1
    return first, beyond

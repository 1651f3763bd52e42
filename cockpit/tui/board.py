"""A board: a framed widget of short lines that repaints only the cells that changed.

Textual repaints whole widgets, or whole rows of them: over SSH ten times the bytes of the digits that moved. A board
keeps what it shows cell by cell and asks for a repaint of the runs that differ (see `spans` for the other half).
"""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from cockpit.tui import palette
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, WIDE_TAIL, Appearance, Cell, Face, bare, framed
from cockpit.tui.text import Line

BRIDGED_CELLS = 12
"""Two changed runs closer than this are repainted as one: moving the cursor costs more bytes than the cells between."""


class Board(Widget):
    """Lines in a frame, or without one (`framed=False`). Feed it with `show`."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Board { width: 1fr; height: 1fr; }"

    def __init__(self, name: str, *, title: str = "", framed: bool = True, focusable: bool = True) -> None:
        super().__init__(id=name)
        self.can_focus = focusable
        self.appearance = Appearance()
        self.planned: Size | None = None
        self._framed = framed
        self._face = Face(title=title)
        self._cells: list[list[Cell]] = []
        self._strips: dict[int, Strip] = {}

    @property
    def size_inside(self) -> Size:
        """Columns and rows for lines, inside the frame; those to come where the layout has not been done yet."""
        size = self.planned or self.size
        if not self._framed:
            return size
        return Size(max(0, size.width - FRAME_CELLS), max(0, size.height - FRAME_ROWS))

    @property
    def cells(self) -> list[list[Cell]]:
        """What it shows, cell by cell."""
        return self._cells

    @property
    def shown_lines(self) -> tuple[Line, ...]:
        return self._face.lines

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
        self._face = Face(tuple(lines), self._face.title if title is None else title, note, note_role, grey)
        self._redraw()

    def restyle(self, appearance: Appearance) -> None:
        """Draw with another theme, other signs, or another mode's frame."""
        if appearance == self.appearance:
            return
        is_repaint = appearance.theme != self.appearance.theme
        self.appearance = appearance
        if is_repaint:
            self._cells = []
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """The strip of one row, from the cells as they are now."""
        strip = self._strips.get(y)
        if strip is None:
            row = self._cells[y] if y < len(self._cells) else [(" ", "text")] * self.size.width
            strip = self._strips[y] = self._strip(row)
        return strip

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Boards are as high as their layout says; where it does not, as high as their lines."""
        return len(self.shown_lines) + (FRAME_ROWS if self._framed else 0)

    def on_resize(self, event: Resize) -> None:
        """A size that was not planned is a new picture."""
        if not self._is_drawn_for(self.size):
            self._cells = []
        self._redraw()

    def on_unmount(self) -> None:
        """Forget what was drawn: Textual remembers a thousand removed widgets' caches by their colours."""
        self._styles_cache.clear()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The frame says where the keys go."""
        super().watch_has_focus(_has_focus)
        self._redraw()

    def _is_drawn_for(self, size: Size) -> bool:
        return len(self._cells) == size.height and all(len(row) == size.width for row in self._cells)

    def _redraw(self) -> None:
        """Draw for the size to come where the layout has not been done yet: a board that appears, or grows, must not
        be painted once with what it showed before."""
        size = self.planned or self.size
        if not size.width or not size.height:
            return
        is_as_large = self._is_drawn_for(size)
        new = self._picture(size)
        old, self._cells = self._cells, new
        if not is_as_large:
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
            return bare(self._face, self.appearance, size.width, size.height)
        return framed(self._face, self.appearance, size.width, size.height, focused=self.has_focus)

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
        return palette.style(self.appearance.theme, role)


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

"""A board's picture, cell by cell: a frame with a title and a note, and lines fitted into it. No widget."""

from typing import NamedTuple

from cockpit.tui.glyphs import ASCII, RICH, Glyphs, to_ascii
from cockpit.tui.text import ELLIPSIS, Line, clean, cut, shortened, width

Cell = tuple[str, str]
"""A character and its role; the second cell of a wide character is empty."""
WIDE_TAIL = ""
FRAME_CELLS, FRAME_ROWS = 4, 2
MODES = ("paper", "test", "live")
"""Badges that stay coloured on a grey board: what is greyed is knowledge, not danger."""


LIT = ("alarm", *MODES)


class Appearance(NamedTuple):
    """How boards draw: the theme's name, ASCII or not, and whether the frame says live money."""

    theme: str = "dark"
    ascii_only: bool = False
    mode: str = "paper"

    @property
    def glyphs(self) -> Glyphs:
        """The signs to draw with."""
        return ASCII if self.ascii_only else RICH


class Face(NamedTuple):
    """What a board shows: `note` stands at the right of the frame's top; `grey` is no longer known to be true."""

    lines: tuple[Line, ...] = ()
    title: str = ""
    note: str = ""
    note_role: str = "dim"
    grey: bool = False


def framed(face: Face, appearance: Appearance, columns: int, rows: int, *, focused: bool) -> list[list[Cell]]:
    """The face in a frame, in exactly so many columns and rows."""
    is_live = appearance.mode == "live"
    role = "bad" if is_live else ("frame_focus" if focused else "frame")
    frame = appearance.glyphs.heavy if is_live else appearance.glyphs.frame
    side, space = (frame[5], role), (" ", "text")
    inner = max(0, columns - FRAME_CELLS)
    drawn = [_row(_top(face, frame, appearance.glyphs.dot, role, columns, focused), appearance, columns, face.grey)]
    for line in _padded(face.lines, rows - FRAME_ROWS):
        drawn.append([side, space, *_row(line, appearance, inner, face.grey), space, side][:columns])
    if rows > 1:
        bottom = frame[2] + frame[4] * max(0, columns - 2) + frame[3]
        drawn.append(_row(((bottom, role),), appearance, columns, face.grey))
    return drawn


def bare(face: Face, appearance: Appearance, columns: int, rows: int) -> list[list[Cell]]:
    """The face without a frame."""
    return [_row(line, appearance, columns, face.grey) for line in _padded(face.lines, rows)]


def shaded(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Cells that stand behind something: dim, but for what must never be overlooked."""
    return [[(character, role if role in LIT else "shade") for character, role in row] for row in rows]


def _padded(lines: tuple[Line, ...], rows: int) -> list[Line]:
    rows = max(0, rows)
    return [*lines[:rows], *([()] * (rows - len(lines)))]


def _top(face: Face, frame: str, dot: str, role: str, cells: int, focused: bool) -> Line:
    """Title at the left, note at the right; where both do not fit the title is the pane's name alone, then cut."""
    name = face.title.partition(f" {dot} ")[0]
    note = f" {shortened(face.note, cells - 8 - min(16, width(name)))} " if face.note and cells > 26 else ""
    title_room = cells - 5 - width(note)
    whole = face.title if width(face.title) <= title_room - 2 else name
    title = f" {cut(whole, title_room - 2)} " if whole and title_room > 4 else ""
    rule = max(0, cells - 3 - width(title) - width(note) - (1 if note else 0))
    return (
        (frame[0] + frame[4], role),
        (title, "cursor" if focused else "text"),
        (frame[4] * rule, role),
        (note, face.note_role),
        (frame[4] if note else "", role),
        (frame[1], role),
    )


def _row(line: Line, appearance: Appearance, cells: int, grey: bool) -> list[Cell]:
    row: list[Cell] = []
    for text, role in line:
        drawn = "stale" if grey and role not in LIT else role
        shown = to_ascii(clean(text)) if appearance.ascii_only else clean(text)
        for character in shown:
            row.append((character, drawn))
            if not character.isascii() and width(character) == 2:
                row.append((WIDE_TAIL, drawn))
    if len(row) > cells:
        row = row[:cells]
        row[-1:] = [("~" if appearance.ascii_only else ELLIPSIS, row[-1][1])] if row else []
        if len(row) > 1 and width(row[-2][0]) == 2:
            row[-2] = (" ", row[-2][1])
    return row + [(" ", "text")] * (cells - len(row))

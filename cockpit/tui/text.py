"""Text from outside made harmless, and fitted by terminal cells instead of by characters.

Nothing here is markup, ever: a span is a text and the role that colours it.
"""

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, get_character_cell_size

Span = tuple[str, str]
"""A text and its role (see `palette`)."""
Line = tuple[Span, ...]
"""One row of a board, left to right."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LONGEST = 2_000
_CHUNKS = re.compile(r"\s*\S+\s*|\s+")
ELLIPSIS = "…"
_BRACKETS = re.compile(r" \([^()]*\)")
_ESCAPE_CODES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|\Z)|\x1b.?")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """`text` with everything that could move a cursor, ring, reorder or hide replaced by one visible character each.

    Right-to-left and combining characters go too: a terminal may draw them over the neighbouring numbers.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, text[:LONGEST]))


def without_controls(text: str) -> str:
    """What somebody pasted, as one line to type: no escape codes, no control characters, nothing that reorders."""
    text = " ".join(_ESCAPE_CODES.sub("", text).split())
    return "".join(character for character in text if character.isprintable() and character not in _BIDI)


def _harmless(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else REPLACEMENT
    if character in _BIDI or not character.isprintable() or "\u0590" <= character <= "\u08ff":
        return REPLACEMENT
    return character if get_character_cell_size(character) else REPLACEMENT


def width(text: str) -> int:
    """How many cells a cleaned text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, cells: int) -> str:
    """A cleaned text in at most `cells`, ending in an ellipsis where something is left out."""
    text = clean(text)
    if width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    kept, used = [], 0
    for character in text:
        size = get_character_cell_size(character)
        if used + size > cells - 1:
            break
        kept.append(character)
        used += size
    return "".join(kept) + ELLIPSIS


def shortened(sentence: str, cells: int) -> str:
    """A sentence in at most `cells`: where it is longer, without what explains it; its numbers are never cut in two.

    What follows its last "; " goes first, part by part, then what follows its last ": ", then what stands in brackets,
    then what follows an "after", then what follows its last commas; what is left has a number where the sentence has
    one. Only what is still too long is cut.
    """
    found = clean(sentence)
    has_number = _has_number(found)
    for shorter in _shorter(found):
        if width(found) <= cells:
            break
        found = shorter if _has_number(shorter) or not has_number else found
    return cut(found, cells)


def _has_number(text: str) -> bool:
    return any(map(str.isdigit, text))


def _shorter(sentence: str) -> Iterator[str]:
    """The same in fewer and fewer words."""
    told, _, rest = sentence.rpartition("; ")
    rest = _BRACKETS.sub("", rest) if told else ""
    while rest:
        yield f"{told}; {rest}"
        rest = rest.rpartition(", ")[0]
    told = told or sentence
    yield told
    plain = told.rpartition(": ")[0] or told
    plain = plain if _has_number(plain) or not _has_number(told) else told
    yield plain
    bare = _BRACKETS.sub("", plain)
    yield bare
    bare = bare.partition(" after ")[0]
    yield bare
    while ", " in bare:
        bare = bare.rpartition(", ")[0]
        yield bare


def left(text: str, cells: int) -> str:
    """`text` in exactly `cells`, at the left."""
    fitted = cut(text, cells)
    return fitted + " " * (cells - width(fitted))


def right(text: str, cells: int) -> str:
    """`text` in exactly `cells`, at the right, so that digits stay under digits."""
    fitted = cut(text, cells)
    return " " * (cells - width(fitted)) + fitted


def line_width(line: Iterable[Span]) -> int:
    """How many cells a line of cleaned spans takes."""
    return sum(width(text) for text, _ in line)


def fitted(line: Line, cells: int) -> Line:
    """A line in exactly so many cells."""
    spans: list[Span] = []
    room = cells
    for text, role in line:
        kept = cut(text, room)
        spans.append((kept, role))
        room -= width(kept)
        if kept != clean(text):
            break
    return (*spans, (" " * room, "text")) if room else tuple(spans)


def _column_count(cells: int, least: int) -> int:
    return max(1, (cells + 2) // (least + 2))


def column_cells(cells: int, least: int) -> int:
    """How wide each of the columns of `in_columns` is."""
    count = _column_count(cells, least)
    return (cells - 2 * (count - 1)) // count


def in_columns(lines: list[Line], cells: int, rows: int, least: int) -> list[Line]:
    """Lines one under the other, then beside each other where there is room for more columns of at least so many."""
    count, each = _column_count(cells, least), column_cells(cells, least)
    if count == 1:
        return lines[:rows]
    columns = [lines[at * rows : (at + 1) * rows] for at in range(count)]
    gap: Span = ("  ", "text")
    drawn: list[Line] = []
    for row in range(max(map(len, columns))):
        parts = [column[row] if row < len(column) else () for column in columns]
        drawn.append(tuple(span for part in parts for span in (*fitted(part, each), gap))[:-1])
    return drawn


def facts(*pairs: tuple[str, str]) -> Line:
    """Names and values on one line."""
    spans: list[Span] = []
    for name, value in pairs:
        gap = "   " if spans else ""
        spans += [(f"{gap}{name} " if name else gap, "dim"), (value, "text")]
    return tuple(spans)


def wrap(text: str, cells: int) -> Iterator[str]:
    """A cleaned text broken at spaces into rows of at most `cells`."""
    row = ""
    for word in clean(text).split():
        if row and width(row) + 1 + width(word) > cells:
            yield row
            row = ""
        rest = word
        while width(rest) > max(1, cells):
            head = rest[: max(1, cells // 2)]
            yield head
            rest = rest[len(head) :]
        row = f"{row} {rest}" if row else rest
    if row:
        yield row


def wrap_line(line: Line, cells: int) -> list[Line]:
    """A line broken at spaces into rows of at most `cells`, every part in its own role, all as far in as the first."""
    if line_width(line) <= cells:
        return [line]
    indent = len(line[0][0]) - len(line[0][0].lstrip(" "))
    begun: list[Span] = [(" " * indent, "text")] if 0 < indent <= cells // 4 else []
    room = cells - line_width(begun)
    rows: list[list[Span]] = [[]]
    for text, role in line:
        for part in _CHUNKS.findall(text):
            for piece in [part] if width(part.strip() if begun else part.rstrip()) <= room else wrap(part, room):
                is_begun = bool(rows[-1]) and (len(rows) == 1 or len(rows[-1]) > len(begun))
                if is_begun and line_width(rows[-1]) + width(piece.rstrip()) > cells:
                    rows.append([*begun, (piece.lstrip() if begun else piece, role)])
                else:
                    rows[-1].append((piece, role))
    return [(*row[:-1], (row[-1][0].rstrip(), row[-1][1])) for row in rows if row]

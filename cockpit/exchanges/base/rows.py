"""Lists from outside, read row by row: one odd row never loses the others, and is told with what is odd about it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

LONGEST_ROW = 160
Read = TypeVar("Read")


def as_list(rows: Iterable[Any]) -> list[Any]:
    """What is to be a list of rows; an object or a text in its place is none, and not an empty one either. Raises
    `TypeError`.
    """
    if isinstance(rows, Mapping | str):
        raise TypeError(f"expected a list of rows, was {_shown(rows)}")
    return list(rows)


def read_rows(what: str, rows: Iterable[Any], read: Callable[[Any], Read | None]) -> tuple[list[Read], tuple[str, ...]]:
    """Every row that can be read and is any of ours, and a sentence for each that cannot."""
    found: list[Read] = []
    unreadable: list[str] = []
    for row in as_list(rows):
        try:
            one = read(row)
        except Exception as error:
            # Whatever a row may hold: what is read of the others does not depend on it.
            unreadable.append(f"{what}: a row cannot be read ({type(error).__name__}: {error}): {_shown(row)}")
            continue
        if one is not None:
            found.append(one)
    return found, tuple(unreadable)


def _shown(row: Any) -> str:
    text = "".join(char if char.isprintable() else "?" for char in repr(row))
    return text if len(text) <= LONGEST_ROW else f"{text[:LONGEST_ROW]}..."


def rows_with(rows: Iterable[Any], *keys: str) -> list[Any]:
    """Those rows that say something under each of the keys; what is odd about the others is told by their reader."""
    rows = as_list(rows)
    return [row for row in rows if isinstance(row, Mapping) and all(row.get(key) not in (None, "") for key in keys)]


def rows_but_others(rows: Iterable[Any], key: str, is_ours: Callable[[str], bool]) -> list[Any]:
    """All but those that say under that key that they are somebody else's: of an odd one nobody knows."""
    return [row for row in as_list(rows) if not rows_with([row], key) or is_ours(str(row[key]))]


def row_name(row: Any, *keys: str) -> tuple[str, ...]:
    """What tells a row from the others of its list; an odd one has a name too."""
    return tuple(str(row.get(key)) for key in keys) if isinstance(row, Mapping) else (str(row),)


def names_in(rows: Iterable[Any], key: str) -> list[str]:
    """The names under that key, of the rows that have one."""
    return [row[key] for row in as_list(rows) if isinstance(row, Mapping) and isinstance(row.get(key), str)]

"""Layouts as tables of panes: what stands beside what, in shares or in cells; the operator's own among them."""

from collections.abc import Mapping
from typing import NamedTuple

from cockpit.tui.panes.table import BY_ID

LEAST_COLUMNS, LEAST_ROWS = 12, 3
"""A pane with less is not drawn: its neighbours get its cells."""
VERY_WIDE = 190
LEAST_SETUP_ROWS, MOST_SETUP_ROWS = 12, 17
DEFAULT = "default"


class LayoutError(ValueError):
    """A layout that cannot be; the message says what was expected and what was found."""


class Region(NamedTuple):
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


class Part(NamedTuple):
    """A pane, or more of them, with `size` shares of what is left, or so many cells where `is_fixed`."""

    size: float
    of: "str | Split"
    is_fixed: bool = False


class Split(NamedTuple):
    """Parts side by side, or one under the other."""

    across: bool
    parts: tuple[Part, ...]


class Named(NamedTuple):
    """A layout, and the least columns and rows it makes sense in; on a smaller screen the default stands."""

    split: Split
    columns: int = 60
    rows: int = 14


def across(*parts: Part) -> Split:
    """Side by side."""
    return Split(True, parts)


def down(*parts: Part) -> Split:
    """One under the other."""
    return Split(False, parts)


def share(size: float, of: str | Split) -> Part:
    """A part that grows with the screen."""
    return Part(size, of)


def cells(size: int, of: str | Split) -> Part:
    """A part that does not."""
    return Part(size, of, is_fixed=True)


def large(width: int, setup_rows: int) -> Split:
    """Everything at once, for a screen that has the room. `setup_rows` with their frame."""
    setups = cells(min(MOST_SETUP_ROWS, max(LEAST_SETUP_ROWS, setup_rows)), "setups")
    if width >= VERY_WIDE:
        return _very_wide(setups)
    middle = down(share(1, "chart"), cells(9, "trades"), setups)
    readings = down(cells(11, "positioning"), cells(11, "health"), share(1, "tape"))
    return down(
        share(3, across(cells(38, "bands"), share(1, middle), cells(54, readings))),
        share(1, across(share(1, "gate_log"), cells(42, "today"), cells(40, "feeds"))),
    )


def _very_wide(setups: Part) -> Split:
    """Every pane at a width that it fills; what is left goes to chart, ladder and tape."""
    middle = down(share(1, "chart"), cells(9, "trades"), setups)
    state = across(cells(29, "health"), share(1, "today"))
    readings = down(cells(11, "positioning"), cells(13, state), share(1, "tape"))
    return down(
        share(1, across(cells(54, "bands"), share(1, middle), cells(64, readings))),
        cells(16, across(share(1, "gate_log"), cells(64, "feeds"))),
    )


CHART = Named(
    down(
        share(1, across(cells(36, "bands"), share(1, "chart"))),
        cells(9, "trades"),
        cells(6, "gate_log"),
    ),
    72,
    28,
)
FLOW = Named(
    down(
        share(1, across(share(3, "bands"), share(2, "tape"), share(2, down(share(1, "today"), share(1, "feeds"))))),
        cells(9, "trades"),
        cells(6, "gate_log"),
    ),
    110,
    28,
)
BUILT_IN: Mapping[str, Named | None] = {DEFAULT: None, "chart": CHART, "flow": FLOW}
"""By name; the default has a form for every size, see `plan`."""


def regions(split: Split, body: Region) -> dict[str, Region]:
    """Where each pane goes. Panes that would be too small are left out; the sum of all is the body."""
    found: dict[str, Region] = {}
    _place(split, body, found)
    return found


def read(name: str, value: object) -> Named:
    """An operator's layout: {"across": [[share, pane or layout], ...]} or the same with "down".

    Raises `LayoutError`.
    """
    seen: set[str] = set()
    return Named(_read(f"layouts.{name}", value, seen))


def _read(where: str, value: object, seen: set[str]) -> Split:
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in ("across", "down"):
        raise LayoutError(f'{where}: expected {{"across": [...]}} or {{"down": [...]}}, was {value!r}')
    (direction, parts), *_ = value.items()
    if not isinstance(parts, list | tuple) or not parts:
        raise LayoutError(f"{where}.{direction}: expected a list of [share, pane], was {parts!r}")
    return Split(direction == "across", tuple(_part(f"{where}.{direction}", part, seen) for part in parts))


def _part(where: str, part: object, seen: set[str]) -> Part:
    if not isinstance(part, list | tuple) or len(part) != 2:
        raise LayoutError(f"{where}: expected [share, pane], was {part!r}")
    size, of = part
    if isinstance(size, bool) or not isinstance(size, int | float) or not 0 < size <= 1_000:
        raise LayoutError(f"{where}: expected a share over 0, was {size!r}")
    if not isinstance(of, str):
        return Part(float(size), _read(where, of, seen))
    if of not in BY_ID or of in seen:
        wanted = ", ".join(name for name in BY_ID if name not in seen)
        raise LayoutError(f"{where}: expected a pane that is not placed yet ({wanted}), was '{of}'")
    seen.add(of)
    return Part(float(size), of)


def _place(split: Split, body: Region, found: dict[str, Region]) -> None:
    length = body.width if split.across else body.height
    start = body.x if split.across else body.y
    for part, size in _sizes(split, length):
        place = Region(start, body.y, size, body.height) if split.across else Region(body.x, start, body.width, size)
        start += size
        if isinstance(part.of, Split):
            _place(part.of, place, found)
        elif place.width >= LEAST_COLUMNS and place.height >= LEAST_ROWS:
            found[part.of] = place


def _sizes(split: Split, length: int) -> list[tuple[Part, int]]:
    """Whole cells for every part. Where the fixed parts leave too little for the others, the last ones go."""
    least = LEAST_COLUMNS if split.across else LEAST_ROWS
    parts = list(split.parts)
    while len(parts) > 1 and sum(int(part.size) if part.is_fixed else least for part in parts) > length:
        parts.pop()
    left = length - sum(int(part.size) for part in parts if part.is_fixed)
    shares = sum(part.size for part in parts if not part.is_fixed)
    sizes: list[tuple[Part, int]] = []
    used = taken = 0.0
    for part in parts:
        if part.is_fixed:
            sizes.append((part, int(part.size)))
            continue
        taken += part.size
        size = round(left * taken / shares - used)
        used += size
        sizes.append((part, size))
    if not shares and sizes:
        last, size = sizes[-1]
        sizes[-1] = (last, size + left)
    return sizes

"""The palette: every action of the table of keys, found by what it is called. Choosing one is pressing its key."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.fuzzy import Matcher
from textual.widget import Widget
from textual.widgets import Input

from cockpit.tui import keys
from cockpit.tui.board import Board
from cockpit.tui.footer import Offered
from cockpit.tui.layouts import Region
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.ask import ANSWER, PROMPT, Answer
from cockpit.tui.screens.modal import Modal, Places, centred
from cockpit.tui.text import Line, cut, in_columns, left, width, wrap
from cockpit.tui.view import View

FOUND = "found"
CELLS = 92
LABEL_CELLS, KEY_CELLS = 14, 7
BESIDE_CELLS = LABEL_CELLS + KEY_CELLS + 2
LEAST_HELP_CELLS = 20


class Find(Modal[str]):
    """Dismissed with the action's id, or with None on Esc. Arrows choose among what matches, Enter does it."""

    OFFERED = Offered.TEXT
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False),
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("pageup", "choose(-10)", show=False),
        Binding("pagedown", "choose(10)", show=False),
    ]

    def __init__(self, bound: Mapping[str, tuple[str, ...]], appearance: Appearance) -> None:
        super().__init__(appearance)
        self._bound = bound
        self._found: list[keys.KeyAction] = list(keys.TABLE)
        self._chosen = 0
        self._first = 0
        self._place = Region(0, 0, 0, 0)

    def parts(self) -> Iterator[Widget]:
        """What is typed, and what it finds under it."""
        yield Board(FOUND, title="Find an action", focusable=False)
        yield Answer()

    def on_mount(self) -> None:
        """What is typed searches."""
        self.query_one(Answer).focus()

    def places(self, ground: Region) -> Places:
        """As high as the whole table, so that it does not move while it is searched."""
        self._place = centred(ground, min(CELLS, ground.width), min(ground.height, len(keys.TABLE) + 1 + FRAME_ROWS))
        x, y, width, _ = self._place
        typed = Region(x + 2 + len(PROMPT), y + 1, max(1, width - FRAME_CELLS - len(PROMPT)), 1)
        return {FOUND: self._place, ANSWER: typed}

    def draw(self) -> None:
        """The part of what was found around the chosen one."""
        cells, foot_rows = self._place.width - FRAME_CELLS, self._foot_rows()
        rows = max(1, self._place.height - FRAME_ROWS - 1 - foot_rows)
        self._chosen = min(max(0, self._chosen), max(0, len(self._found) - 1))
        self._first = max(0, min(self._first, self._chosen, len(self._found) - rows), self._chosen - rows + 1)
        shown = self._found[self._first : self._first + rows]
        chosen = self._found[self._chosen] if self._found else None
        lines: list[Line] = [((PROMPT, "key"),)]
        lines += [self._line(action, cells, action is chosen) for action in shown]
        if not shown:
            lines.append((("nothing is called that", "dim"),))
        if foot_rows and chosen is not None:
            lines += [()] * (1 + rows - len(lines))
            lines += [((row, "text"),) for row in wrap(chosen.help, cells)]
        note = f"{len(self._found)} of {len(keys.TABLE)}"
        self.query_one(f"#{FOUND}", Board).show(lines, note=note)

    def action_close(self) -> None:
        """Nothing was chosen."""
        self.close_with(None)

    def action_choose(self, steps: int) -> None:
        """The next of what was found, or the one before."""
        self._chosen += steps
        self.redraw()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """The best match first; all of the table while nothing is typed."""
        wanted = event.value.strip()
        self._found = ranked(wanted) if wanted else list(keys.TABLE)
        self._chosen = 0
        self.redraw()

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Do what is chosen."""
        if self._found:
            self.close_with(self._found[self._chosen].id)

    def _foot_rows(self) -> int:
        """Rows for what the chosen one does, where that is cut beside its key: as many as the longest takes."""
        cells = max(1, self._place.width - FRAME_CELLS)
        is_cut = any(len(action.help) > cells - BESIDE_CELLS for action in keys.TABLE)
        return max(len(list(wrap(action.help, cells))) for action in keys.TABLE) if is_cut else 0

    def _line(self, action: keys.KeyAction, cells: int, is_chosen: bool) -> Line:
        shown = " ".join(keys.shown(key) for key in self._bound[action.id])
        room = cells - BESIDE_CELLS
        told = cut(action.help, room) if room >= LEAST_HELP_CELLS else ""
        if is_chosen:
            text = f"{left(action.label, LABEL_CELLS)} {left(shown, KEY_CELLS)} {told}"
            return ((left(text, cells), "cursor"),)
        return (
            (f"{left(action.label, LABEL_CELLS)} ", "strong"),
            (f"{left(shown, KEY_CELLS)} ", "key"),
            (told, "dim"),
        )


def ranked(wanted: str) -> list[keys.KeyAction]:
    """The actions that match: those so called first, then the best; the table's order among equals."""
    matcher = Matcher(wanted)
    scored = [(matcher.match(f"{action.label} {action.help}"), action) for action in keys.TABLE]
    named = wanted.lower()
    scored.sort(key=lambda pair: (not pair[1].label.lower().startswith(named), -pair[0]))
    return [action for score, action in scored if score > 0]


# The whole table, by groups: the keys as they are bound now.

HELP_COLUMN_CELLS = 56
"""With room for two of them the groups stand side by side."""
ABOUT = (
    "The engine is another process: closing this screen, losing the link or the terminal changes nothing out there. "
    "Numbers show their age when they are not fresh, ? is unknown, and grey is no longer known to be true.",
    "Long and short, yes and no, good and bad always have a word or a sign beside the colour.",
)


def help_lines(bound: dict[str, tuple[str, ...]], _view: View, cells: int) -> list[Line]:
    """The keys by group, each group in the column that is shortest so far."""
    shown = {name: " ".join(map(keys.shown, its_keys)) or "(no key)" for name, its_keys in bound.items()}
    count = 2 if cells >= 2 * HELP_COLUMN_CELLS + 2 else 1
    each = (cells - 2 * (count - 1)) // count
    columns: list[list[Line]] = [[] for _ in range(count)]
    for group in dict.fromkeys(action.group for action in keys.TABLE):
        min(columns, key=len).extend(_group_lines(group, shown, each))
    rows = max(map(len, columns))
    stacked = [line for column in columns for line in (*column, *[()] * (rows - len(column)))]
    drawn = in_columns(stacked, cells, rows, each)
    drawn.append((("  arrows, PgUp, PgDn, Home, End move; Tab goes to the next pane; Esc closes", "dim"),))
    drawn.append(())
    for text in ABOUT:
        drawn += [((row, "dim"),) for row in wrap(text, cells)]
    return drawn


def _group_lines(group: str, shown: dict[str, str], cells: int) -> list[Line]:
    """Its name, its keys with what they do, and an empty row."""
    key_cells = max(map(width, shown.values()))
    drawn: list[Line] = [((group, "info"),)]
    for action in (action for action in keys.TABLE if action.group == group):
        first, *more = wrap(action.help, cells - key_cells - 4)
        drawn.append(((f"  {left(shown[action.id], key_cells)}", "key"), (f"  {first}", "text")))
        drawn += [((" " * (key_cells + 4), "text"), (row, "text")) for row in more]
    return [*drawn, ()]

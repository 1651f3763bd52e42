"""A sheet: lines to read, scroll and search, over the panes. It goes on showing what is true while it is open."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from cockpit.tui.board import Board
from cockpit.tui.footer import Offered
from cockpit.tui.layouts import Region
from cockpit.tui.picture import FRAME_CELLS, FRAME_ROWS, Appearance
from cockpit.tui.screens.ask import ANSWER, PROMPT, Answer
from cockpit.tui.screens.modal import Modal, Places, centred
from cockpit.tui.text import Line, clean, wrap_line
from cockpit.tui.view import View, stale_note, staleness

Content = Callable[[View, int], list[Line]]
"""Lines for a view and a width."""
SHEET = "sheet"
CELLS = 90


class Sheet(Modal[None]):
    """Shows what `content` makes of the newest view; arrows scroll, `/` searches, Esc or Enter closes.

    `fits`: no higher than its lines, with the panes around it. `ages`: it shows what the engine said, and is grey once
    that is old.
    """

    HINT = "/ searches, Esc closes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "close", show=False),
        Binding("enter,q", "close", "close", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "scroll(-100000)", show=False),
        Binding("end", "scroll(100000)", show=False),
        Binding("slash", "search", show=False),
        Binding("n", "found(1)", show=False),
        Binding("N", "found(-1)", show=False),
    ]

    def __init__(
        self,
        title: str,
        content: Content,
        view: Callable[[], View],
        appearance: Appearance,
        *,
        fits: bool = False,
        ages: bool = True,
    ) -> None:
        super().__init__(appearance)
        self._fits = fits
        self._ages = ages
        self._title = title
        self._content = content
        self._view = view
        self._first = 0
        self._inside = (1, 1)
        self._sought = ""

    @property
    def _is_typing(self) -> bool:
        return self.offered is Offered.TEXT

    def parts(self) -> Iterator[Widget]:
        """One board, and the row that takes what is searched for."""
        yield Board(SHEET, title=self._title)
        yield Answer()

    def on_mount(self) -> None:
        """Keys go to the sheet, not to the search."""
        self.query_one(Answer).display = False
        self.query_one(f"#{SHEET}", Board).focus()

    def places(self, ground: Region) -> Places:
        """All of the ground, or as much as it takes; what is searched for is typed on the frame's last row."""
        if self._fits:
            ground = self._fitted(ground)
        self._inside = (max(1, ground.width - FRAME_CELLS), max(0, ground.height - FRAME_ROWS))
        if not self._is_typing:
            return {SHEET: ground}
        x, y, width, height = ground
        return {SHEET: ground, ANSWER: Region(x + 2 + len(PROMPT), y + height - 2, max(1, width - 4 - len(PROMPT)), 1)}

    def draw(self) -> None:
        """What is true now."""
        cells, rows = self._inside
        rows -= self._is_typing
        view = self._view()
        lines = self._lines(view)
        last = max(0, len(lines) - rows)
        self._first = min(max(0, self._first), last)
        shown = [self._marked(line, cells) for line in lines[self._first : self._first + rows]]
        if self._is_typing:
            shown += [()] * (rows - len(shown)) + [((PROMPT, "key"),)]
        stale_s = staleness(view) if self._ages else None
        place = f"{self._first + 1}-{min(len(lines), self._first + rows)} of {len(lines)}, " if last else ""
        note = f"{place}{self._hint(lines)}" if stale_s is None else stale_note(stale_s)
        board = self.query_one(f"#{SHEET}", Board)
        board.show(shown, note=note, note_role="dim" if stale_s is None else "alarm", grey=stale_s is not None)

    def action_back(self) -> None:
        """What was searched for goes first, then the sheet."""
        if self._is_typing or self._sought:
            self._sought = ""
            self._stop_typing()
        else:
            self.close_with(None)

    def action_close(self) -> None:
        self.close_with(None)

    def action_scroll(self, rows: int) -> None:
        """Down by so many rows, up when negative."""
        self._first += rows
        self.redraw()

    def action_page(self, pages: int) -> None:
        """Down by a page, up when negative."""
        self.action_scroll(pages * max(1, self._inside[1] - 1))

    def action_search(self) -> None:
        """Type what to look for."""
        self.offered = Offered.TEXT
        answer = self.query_one(Answer)
        answer.display = True
        answer.value = self._sought
        answer.focus()
        self.redraw()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """The first place from here on, while it is typed."""
        if self._is_typing:
            self._sought = clean(event.value).strip().lower()
            self._go_to_found(self._first, 1)

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Found: the sheet's own keys again."""
        self._stop_typing()

    def action_found(self, step: int) -> None:
        """The next place, or the one before, around the ends."""
        if self._sought:
            self._go_to_found(self._first + step, step)

    def show_row(self, wanted: Callable[[Line], bool]) -> None:
        """Scroll as little as it takes to have the first such row in sight."""
        row = next((number for number, line in enumerate(self._lines(self._view())) if wanted(line)), self._first)
        self._first = min(row, max(self._first, row - self._inside[1] + 1))
        self.redraw()

    def _fitted(self, ground: Region) -> Region:
        """In the middle, as high as its lines."""
        width = min(CELLS, ground.width)
        self._inside = (max(1, width - FRAME_CELLS), 0)
        height = min(ground.height, len(self._lines(self._view())) + FRAME_ROWS)
        return centred(ground, width, height)

    def _stop_typing(self) -> None:
        self.offered = self.OFFERED
        self.query_one(Answer).display = False
        self.query_one(f"#{SHEET}", Board).focus()
        self.redraw()

    def _go_to_found(self, first: int, step: int) -> None:
        found = [number for number, line in enumerate(self._lines(self._view())) if self._is_found(line)]
        ahead = [number for number in found if (number - first) * step >= 0]
        if found:
            self._first = (ahead or found)[0 if step > 0 else -1]
        self.redraw()

    def _lines(self, view: View) -> list[Line]:
        """No line of a sheet is ever cut: what is too long goes on below."""
        cells = self._inside[0]
        return [row for line in self._content(view, cells) for row in wrap_line(line, cells)]

    def _is_found(self, line: Line) -> bool:
        return bool(self._sought) and self._sought in "".join(text for text, _ in line).lower()

    def _marked(self, line: Line, cells: int) -> Line:
        """A row with what is searched for stands out."""
        if not self._is_found(line):
            return line
        text = "".join(text for text, _ in line)
        return ((text.ljust(cells), "cursor"),)

    def _hint(self, lines: list[Line]) -> str:
        if not self._sought:
            return self.HINT
        return f"{sum(map(self._is_found, lines))} with '{self._sought}', n next, Esc shows all"

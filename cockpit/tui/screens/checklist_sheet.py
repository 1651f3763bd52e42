"""The checklist as a sheet: what is the engine's to tick is read, what is the operator's is ticked here."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from cockpit.tui.picture import Appearance
from cockpit.tui.screens import checklist
from cockpit.tui.screens.sheet import Sheet
from cockpit.tui.text import Line
from cockpit.tui.view import View

CURSOR = "cursor"


class ChecklistSheet(Sheet):
    """Arrows choose one of the operator's points, space or Enter ticks it; `tick` keeps it."""

    HINT = "space ticks, Esc closes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,c", "close", "close", show=False),
        Binding("space,enter", "tick", "tick", show=False),
        Binding("up,k", "choose(-1)", show=False),
        Binding("down,j", "choose(1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(
        self,
        view: Callable[[], View],
        appearance: Appearance,
        ticked: Callable[[], frozenset[str]],
        tick: Callable[[str], None],
    ) -> None:
        super().__init__("Before the session", self._drawn, view, appearance)
        self._ticked = ticked
        self._tick = tick
        self._chosen = 0

    def action_tick(self) -> None:
        """Tick the chosen point, or take its tick back."""
        points = self._points
        if points:
            self._tick(points[min(self._chosen, len(points) - 1)])
            self.redraw()

    def action_choose(self, steps: int) -> None:
        """The next point, or the one before; past the ends the sheet scrolls."""
        wanted = self._chosen + steps
        if not 0 <= wanted < len(self._points):
            self.action_scroll(steps)
            return
        self._chosen = wanted
        self.show_row(lambda line: any(role == CURSOR for _, role in line))

    @property
    def _points(self) -> tuple[str, ...]:
        return self._view().store.briefing.checklist

    def _drawn(self, view: View, cells: int) -> list[Line]:
        return checklist.lines(view, cells, self._ticked(), self._chosen)

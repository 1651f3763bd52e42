"""What every screen over the panes has in common: it is opaque, the panes stand dimmed around it, it closes once.

Textual would paint the whole terminal for each digit that changes under a screen that lets it through. Here what opens
covers everything, and draws the panes around itself as a board: of them too only the cells that changed are written.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.events import Key
from textual.geometry import Region, Size
from textual.layout import Layout
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from cockpit.tui.board import Board
from cockpit.tui.footer import Offered
from cockpit.tui.layouts import Region as Place
from cockpit.tui.main_screen import CockpitLayout, CockpitScreen
from cockpit.tui.messages import PressedOver
from cockpit.tui.picture import Appearance, Cell
from cockpit.tui.plan import Plan

BACKDROP = "backdrop"
Answer = TypeVar("Answer")
Places = Mapping[str, Place]


SLIVER_CELLS, SLIVER_ROWS = 7, 2
"""What would be left of the panes beside it, and is not worth seeing."""


def centred(ground: Place, width: int, height: int) -> Place:
    """So wide and high a place in the middle of the ground; all of it rather than with slivers around."""
    if ground.width - width <= SLIVER_CELLS:
        width = ground.width
    if ground.height - height <= SLIVER_ROWS:
        height = ground.height
    return Place(ground.x + (ground.width - width) // 2, ground.y + (ground.height - height) // 2, width, height)


class Backdrop(Board):
    """The panes as they are now, dimmed; nothing where something stands over them."""

    def __init__(self) -> None:
        super().__init__(BACKDROP, framed=False, focusable=False)
        self._under: list[list[Cell]] = []

    def show_cells(self, cells: list[list[Cell]]) -> None:
        """Draw these; only what differs is repainted."""
        self._under = cells
        self._redraw()

    def _picture(self, size: Size) -> list[list[Cell]]:
        rows = [row if len(row) == size.width else [(" ", "text")] * size.width for row in self._under[: size.height]]
        return rows + [[(" ", "text")] * size.width for _ in range(size.height - len(rows))]


class Modal(ModalScreen[Answer]):
    """Two keys typed faster than a screen closes both reach it: the second finds nothing left to close.

    What takes risk away is never behind it: halt and disarm work over everything that is open, by their own keys where
    no text is typed (`offered`), and by ctrl and function keys everywhere.
    """

    OFFERED: ClassVar[Offered] = Offered.READING
    DEFAULT_CSS = """
    Modal { background: $background; overflow: hidden; layers: under over answer; }
    Modal > Board { layer: over; }
    Modal > Backdrop { layer: under; }
    Modal > Input { layer: answer; height: 1; border: none; padding: 0; background: $panel; }
    Modal > Input:focus { border: none; }
    """
    keys_over: frozenset[str] = frozenset()
    """What of the app's own keys works over it; set by whoever opens it."""
    panes: CockpitScreen
    """What it stands over; set by whoever opens it."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self.appearance = appearance
        self.offered = self.OFFERED
        self._arrangement = CockpitLayout()
        self._early = ""

    # What a screen of its own says.

    def parts(self) -> Iterator[Widget]:
        """Its widgets, each with an id."""
        raise NotImplementedError

    def places(self, ground: Place) -> Places:
        """Where they stand, by id, on the ground between status line and news."""
        raise NotImplementedError

    def draw(self) -> None:
        """What they show now; their boards know their sizes."""

    # What is the same for all.

    def compose(self) -> ComposeResult:
        """The panes under it, then its own."""
        yield Backdrop()
        yield from self.parts()

    @property
    def layout(self) -> Layout:
        """Ours, and not a style's."""
        return self._arrangement

    def on_mount(self) -> None:
        """The whole picture before the first painting."""
        for board in self.query_children(Board):
            board.appearance = self.appearance
        self.redraw()
        if self._early:
            self.typed_into().insert_text_at_cursor(self._early)

    def on_resize(self) -> None:
        """Another size, other places."""
        self.redraw()

    def redraw(self) -> None:
        """Draw what is true now, here and around it."""
        size = self.app.size
        ground = self.panes.ground
        places = {BACKDROP: Place(0, 0, size.width, size.height), **self.places(ground)}
        if places != self._arrangement.plan.regions:
            self._arrangement.plan = Plan(places, 1)
            for board in self.query_children(Board):
                board.planned = Size(*places[str(board.id)][2:]) if board.id in places else None
            self._clear_arrangement_cache()
            self.refresh(layout=True)
        self.draw()
        covered = [Region(*place) for name, place in places.items() if name != BACKDROP]
        self.query_one(Backdrop).show_cells(self.panes.picture_under(covered))

    def restyle(self, appearance: Appearance) -> None:
        """Another theme."""
        self.appearance = appearance
        for board in self.query_children(Board):
            board.restyle(appearance)

    def on_key(self, event: Key) -> None:
        """A key that was not for what is open may be for what lies under it."""
        if self.offered is Offered.READING and event.key in self.keys_over:
            event.stop().prevent_default()
            self.post_message(PressedOver(event.key))

    def typed_early(self, letter: str) -> None:
        """A letter that came right behind the key that opened it, before its field had the focus."""
        if self.is_mounted:
            self.typed_into().insert_text_at_cursor(letter)
        else:
            self._early += letter

    def typed_into(self) -> Input:
        """Where a letter goes that came before any field had the focus."""
        return self.focused if isinstance(self.focused, Input) else self.query_one(Input)

    def close_with(self, answer: Answer | None) -> None:
        """Close with an answer, None for no answer; nothing where it is closed already."""
        if self in self.app.screen_stack:
            self.dismiss(answer)

    def on_unmount(self) -> None:
        """Forget what was drawn: Textual remembers a thousand closed screens' caches by their colours."""
        self._styles_cache.clear()

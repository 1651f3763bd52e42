"""The screen itself: the boards, where they stand, and what they show. It asks for nothing and decides nothing."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

from cockpit.tui import footer
from cockpit.tui.board import Board
from cockpit.tui.flatten import SHELL_ROAD, FlattenFlow
from cockpit.tui.layouts import Named
from cockpit.tui.layouts import Region as Place
from cockpit.tui.messages import AlertDismissed
from cockpit.tui.pane_set import PaneSet
from cockpit.tui.panes import setups, status
from cockpit.tui.panes.table import BY_ID
from cockpit.tui.picture import Appearance, Cell, shaded
from cockpit.tui.plan import USUAL_SETUP_ROWS, USUAL_TRADES, Plan, plan
from cockpit.tui.text import Line, wrap
from cockpit.tui.view import View, staleness

# The plan of the screen, as Textual asks for it.


class CockpitLayout(Layout):
    """Places the screen's boards where the plan says."""

    name = "cockpit"

    def __init__(self) -> None:
        self.plan = Plan({}, 1)

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """One placement for each child the plan knows."""
        spacing = Spacing()
        return [
            WidgetPlacement(Region(*self.plan.regions[child.id]), Offset(), spacing, child)
            for child in children
            if child.id in self.plan.regions
        ]


PANES = tuple(BY_ID)
BARE = ("status", "alert", "news", "footer")
ALERT_ROWS = 12
LEAST_GROUND_ROWS = 7
"""So many rows are left to what opens, where an alert would take them all."""


class CockpitScreen(Screen[None]):
    """Six panes, a status line, and rows for alerts, news and keys."""

    DEFAULT_CSS = "CockpitScreen { overflow: hidden; layers: panes alerts; } CockpitScreen > #alert { layer: alerts; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("home", "move(-100000)", show=False),
        Binding("end", "move(100000)", show=False),
        Binding("escape", "dismiss_alert", show=False),
    ]

    def __init__(
        self,
        pane_set: PaneSet,
        appearance: Appearance,
        bound: dict[str, tuple[str, ...]],
        view: View,
        *,
        way_out: str = SHELL_ROAD,
        start_key: str = "",
    ) -> None:
        super().__init__()
        self._way_out = way_out
        self._start_key = start_key
        self.offered = footer.Offered.PANES
        self.pane_set = pane_set
        self.zoomed: str | None = None
        self.layout_in_use: Named | None = None
        self._appearance = appearance
        self._bound = bound
        self._view = view
        self._places = CockpitLayout()
        self._alert: list[tuple[str, str]] = []
        self._shape: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Every board; which of them are seen is the plan's business."""
        for name in BARE:
            yield Board(name, framed=False, focusable=False)
        for name in PANES:
            yield Board(name)

    def on_mount(self) -> None:
        """The first picture, before anything is known."""
        for board in self.boards:
            board.appearance = self._appearance
        self._arrange(self.app.size.width, self.app.size.height)

    def on_resize(self, event: Resize) -> None:
        """Another size, another plan."""
        self._arrange(event.size.width, event.size.height)
        self.pane_set.forget()
        self.draw(self._view, None)

    @property
    def boards(self) -> list[Board]:
        return list(self.query_children(Board))

    @property
    def layout(self) -> Layout:
        """Ours, and not a style's."""
        return self._places

    @property
    def plan(self) -> Plan:
        """Where everything stands now."""
        return self._places.plan

    @property
    def ground(self) -> Place:
        """Where what opens may stand: between the alert and the news, or over the alert where there is no room."""
        regions = self.plan.regions
        size = self.app.size
        status = regions["status"].height if "status" in regions else 0
        bottom = min((regions[name].y for name in ("news", "footer") if name in regions), default=size.height)
        alert = regions["alert"].height if "alert" in regions else 0
        top = min(status + alert, max(status, bottom - LEAST_GROUND_ROWS))
        return Place(0, top, size.width, max(0, bottom - top))

    def picture_under(self, covered: Sequence[Region]) -> list[list[Cell]]:
        """What stands here now, the panes dimmed, and nothing where it is covered."""
        size = self.app.size
        rows: list[list[Cell]] = [[(" ", "text")] * size.width for _ in range(size.height)]
        regions = self.plan.regions
        for board in sorted(self.boards, key=lambda board: board.id == "alert"):
            place = regions.get(str(board.id))
            if place is None:
                continue
            cells = board.cells if board.id in BARE else shaded(board.cells)
            for y, row in enumerate(cells[: max(0, size.height - place.y)], start=place.y):
                rows[y][place.x : place.x + len(row)] = row
        for region in covered:
            for row in rows[region.y : region.bottom]:
                row[region.x : region.right] = [(" ", "text")] * min(region.width, max(0, size.width - region.x))
        return rows

    def _compositor_refresh(self) -> None:
        """Under something opaque nothing is painted: what opened draws what changes here (see `Modal`)."""
        if self is self.app.screen:
            super()._compositor_refresh()
        else:
            self._compositor._dirty_regions.clear()
            self._dirty_widgets.clear()

    @property
    def focused_pane(self) -> str | None:
        """The pane the keys go to."""
        name = self.focused.id if self.focused is not None else None
        return name if name in PANES else None

    def restyle(self, appearance: Appearance) -> None:
        """Another theme, or another mode's frame."""
        self._appearance = appearance
        for board in self.boards:
            board.restyle(appearance)
        self.pane_set.forget()

    def zoom(self) -> None:
        """The focused pane alone, or all again."""
        self.zoomed = None if self.zoomed else self.focused_pane
        self._shape = ()
        self.draw(self._view, None)

    def lay_out(self, layout: Named | None) -> None:
        """Another layout; None is the form for this size."""
        self.layout_in_use, self.zoomed = layout, None
        self._shape = ()
        self.pane_set.forget()
        self.draw(self._view, None)

    def focus_pane(self, name: str) -> None:
        """Keys go to this pane; while zoomed, or where it has no room, it takes the screen."""
        if self.zoomed or name not in self.plan.regions:
            self.zoomed = name
            self._shape = ()
            self.draw(self._view, None)
        self.set_focus(self.query_one(f"#{name}", Board))

    def draw(self, view: View, flow: FlattenFlow | None) -> None:
        """Everything that may have changed."""
        self._view = view
        size = self.app.size
        if flow is not None:
            rows = flow.rows(view.snapshot, view.store.flatten_steps, view.now_s, staleness(view))
            self._alert = list(wrapped([*rows, *footer.lost_rows(view, self._way_out, self._start_key)], size.width))
        now = view.snapshot
        shape = (
            size,
            self.zoomed,
            len(self._alert[:ALERT_ROWS]),
            now.max_open_trades if now else USUAL_TRADES,
            self._setup_rows(),
        )
        if shape != self._shape:
            self._shape = shape
            self._arrange(size.width, size.height)
        for board in self.boards:
            if board.display:
                self._draw(board, view)

    def action_dismiss_alert(self) -> None:
        """Esc, where nothing is open."""
        self.post_message(AlertDismissed())

    def action_move(self, steps: int) -> None:
        """The cursor of the focused pane, where it has one."""
        match self.focused_pane:
            case "gate_log":
                self.pane_set.gate_log.move(self._view, steps)
            case "trades":
                self.pane_set.kept.trades.move(self._view, steps)
        self.draw(self._view, None)

    def _draw(self, board: Board, view: View) -> None:
        size, grey = board.size_inside, staleness(view) is not None
        match board.id:
            case "status":
                board.show(status.lines(view, size.width, size.height), grey=grey)
            case "alert":
                board.show([self._alert_line(text, role, size.width) for text, role in self._alert[:ALERT_ROWS]])
            case "news":
                board.show([footer.news_line(view, size.width)])
            case "footer":
                board.show([footer.keys_line(self._bound, view, size.width, self._offered(view))])
            case _:
                self.pane_set.draw(board, view)

    def _offered(self, view: View) -> footer.Offered:
        is_chosen = self.focused_pane == "trades" and view.snapshot is not None and bool(view.snapshot.open_trades)
        return footer.Offered.TRADE if self.offered is footer.Offered.PANES and is_chosen else self.offered

    @staticmethod
    def _alert_line(text: str, role: str, cells: int) -> Line:
        return ((text.ljust(cells) if role == "alarm" else text, role),)

    def _setup_rows(self) -> tuple[int, int]:
        """With a row for all sources of signals, and with one for each."""
        now = self._view.snapshot
        if now is None:
            return USUAL_SETUP_ROWS, USUAL_SETUP_ROWS
        return setups.least_rows(now), setups.rows_for_all(now)

    def _arrange(self, columns: int, rows: int) -> None:
        now = self._view.snapshot
        least_rows, all_rows = self._setup_rows()
        self._places.plan = plan(
            columns,
            rows,
            zoomed=self.zoomed,
            alert_rows=len(self._alert[:ALERT_ROWS]),
            trades=now.max_open_trades if now else USUAL_TRADES,
            setup_rows=least_rows,
            most_setup_rows=all_rows,
            layout=self.layout_in_use,
        )
        self.pane_set.shows_why = "setups" if "setups" in self._places.plan.regions else "trades"
        for board in self.boards:
            region = self._places.plan.regions.get(str(board.id))
            board.display = region is not None
            board.planned = Size(region.width, region.height) if region is not None else None
        self._clear_arrangement_cache()
        self.refresh(layout=True)


def wrapped(rows: list[tuple[str, str]], cells: int) -> Iterator[tuple[str, str]]:
    """Rows that are too long, on as many as they need: in an emergency nothing is cut off."""
    for text, role in rows:
        space = text[: len(text) - len(text.lstrip())]
        for part in wrap(text, cells - len(space)):
            yield f"{space}{part}", role

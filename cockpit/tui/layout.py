"""The plan of the screen, as Textual asks for it."""

from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from cockpit.tui.plan import Plan


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

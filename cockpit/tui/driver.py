"""Textual's driver, on a terminal where the first picture already stands."""

from textual.drivers.linux_driver import LinuxDriver

from cockpit.tui.first_paint import ENTER, FirstPaint


def driver_behind(first_paint: FirstPaint) -> type[LinuxDriver]:
    """A driver that draws over the curtain. Entering the alternate screen once more would clear it first: a flicker."""

    class Driver(LinuxDriver):
        def write(self, data: str) -> None:
            if data != ENTER or not first_paint.give_way():
                super().write(data)

    return Driver

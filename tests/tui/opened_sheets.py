"""What is open on a real terminal: waited for by its title there, however slow the machine is that draws it."""

import time

from pty_process import PtyProcess
from terminal_grid import TerminalGrid

from tests.patience import patient_s

TITLES = {
    "help": "Keys",
    "filter": "Filter the gate log",
    "verdict": "Verdict",
    "checklist": "Before the session",
    "trades": "Closed trades",
    "sources": "Sources of signals",
    "log": "What the engine said",
    "palette": "Find an action",
    "command": "Command",
    "test mode": "test mode",
    "live mode": "live mode",
    "leaving": "Leave",
}
LARGE = 2_000
"""So many bytes at once are more than the cells that change by themselves."""


def picture(screen: PtyProcess) -> TerminalGrid:
    """The cells as they stand, read from all that was written so far."""
    grid = TerminalGrid(*screen.size)
    grid.feed(screen.written)
    return grid


def opened(screen: PtyProcess, name: str, quiet_s: float) -> TerminalGrid:
    """The picture with that sheet on it, once nothing large has been drawn for so long; any, where it has no title."""
    title = TITLES.get(name)
    deadline_s = time.monotonic() + patient_s(20.0)
    while True:
        settle(screen, quiet_s)
        grid = picture(screen)
        if title is None or f"─ {title} ─" in grid.text:
            return grid
        assert time.monotonic() < deadline_s, f"expected {title!r} to be open, was\n{grid.text}"


def settle(screen: PtyProcess, quiet_s: float, beyond: int = 0) -> None:
    """Wait until it has drawn beyond that, and then nothing large for so long."""
    deadline_s = time.monotonic() + patient_s(20.0)
    seen, since_s = screen.count, time.monotonic()
    while time.monotonic() < deadline_s and (screen.count <= beyond or time.monotonic() - since_s < quiet_s):
        time.sleep(0.02)
        if screen.count - seen > LARGE:
            seen, since_s = screen.count, time.monotonic()

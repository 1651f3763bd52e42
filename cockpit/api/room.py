"""What every route works with: the host, and what the API keeps beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from cockpit.api.call_log import CallLog
from cockpit.api.counters import Counters
from cockpit.api.frames import Frames
from cockpit.api.hub import Hub
from cockpit.api.limits import Limits
from cockpit.api.pages import Pages
from cockpit.api.pump import Pump
from cockpit.api.scoreboard import Scoreboard
from cockpit.domain.units import utc_text
from cockpit.runtime.headless import Ending
from cockpit.runtime.host import Host


@dataclass(frozen=True, slots=True)
class Room:
    """One engine's API. `wall_ns` is the clock of the answers' timestamps and of signals' expiry."""

    host: Host
    ending: Ending
    limits: Limits
    log: CallLog
    counters: Counters
    scoreboard: Scoreboard
    hub: Hub
    frames: Frames
    pages: Pages
    pump: Pump
    wall_ns: Callable[[], int]
    signs: bool

    def timestamp(self) -> str:
        """Now, for an answer."""
        return utc_text(self.wall_ns())

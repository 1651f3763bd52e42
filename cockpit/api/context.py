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
from cockpit.domain.units import seconds_to_ns, utc_text
from cockpit.runtime.headless import Ending
from cockpit.runtime.host import Host


@dataclass(frozen=True, slots=True)
class ApiContext:
    """One engine's API. `wall_ns` is the clock of the answers' timestamps and of `expires_at`."""

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

    def expires_ns(self, expires_at_s: float | str | None) -> int | None:
        """An instant of the wall clock in the engine's time: what is left of it, whatever market the engine sees."""
        if expires_at_s is None:
            return None
        return self.host.engine.now_ns + seconds_to_ns(float(expires_at_s)) - self.wall_ns()

    def timestamp(self) -> str:
        """Now, for an answer."""
        return utc_text(self.wall_ns())

"""What every route works with: the host, and what the API keeps beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from cockpit.api.arrivals import waited_s
from cockpit.api.call_log import CallLog
from cockpit.api.counters import Counters
from cockpit.api.denial import Denied
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

    def expires_ns(self, expires_at_s: float | str | None, *, is_real: bool = False) -> int | None:
        """An instant of the wall clock in the engine's time: what is left of it, whatever market the engine sees.

        A call that names none holds for a few seconds from when it came; None where it came in time and the market's
        time waits. `is_real`: accounts are looked at first.
        """
        if expires_at_s is not None:
            return self.host.time_ns + seconds_to_ns(float(expires_at_s)) - self.wall_ns()
        limits = self.limits
        left_s = (limits.real_opens_within_s if is_real else limits.opens_within_s) - waited_s()
        if left_s > 0 and self.host.source.can_wait:
            return None
        return self.host.time_ns + seconds_to_ns(left_s)

    def check_in_time(self) -> None:
        """Raise `Denied` for a call that opens risk, names no end, and may have waited for longer than it holds."""
        if waited_s() > self.limits.opens_within_s:
            reason = (
                f"expected a call that came at most {self.limits.opens_within_s:g} s ago, was one that may have waited "
                f"{waited_s():.1f} s for an engine that stood still: not done, ask again"
            )
            raise Denied(400, "late", reason)

    def timestamp(self) -> str:
        """Now, for an answer."""
        return utc_text(self.wall_ns())

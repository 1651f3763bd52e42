"""Clocks that jump, told with both values: this machine's, the venues', and the time a sleeping machine missed.

Nothing here decides anything: the session's time goes on whatever these do.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cockpit.domain.units import NS_PER_S, ns_to_seconds, utc_text
from cockpit.exchanges.base.clock_feed import jump_text
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.steady_clock import running_ns

LOG = logging.getLogger("cockpit.feeds")
JUMP_NS = NS_PER_S
FAR_NS = NS_PER_S
"""From here on the operator should set this machine's clock: signatures of others, logs and certificates go by it."""
SHOWN_FOR_NS = 600 * NS_PER_S

Clock = Callable[[], int]


class Notice(NamedTuple):
    """Something that is over, and until when it is still told."""

    sentence: str
    until_ns: int


class ClockWatch:
    """Call `compare` about once a second. `session` is the session's time, `truth` what the venues say it is.

    `running` goes on while the machine sleeps, `awake` does not.
    """

    def __init__(
        self,
        session: Clock,
        truth: Clock,
        exchanges: Mapping[str, Exchange],
        wall: Clock = time.time_ns,
        running: Clock = running_ns,
        awake: Clock = time.monotonic_ns,
    ) -> None:
        self._session = session
        self._truth = truth
        self._exchanges = exchanges
        self._wall = wall
        self._running = running
        self._awake = awake
        self._wall_ahead_ns = wall() - running()
        self._slept_ns = running() - awake()
        self._notices: list[Notice] = []

    def compare(self) -> int:
        """Notice what jumped since the last time. Returns by how much the wall clock was set forward, in ns."""
        wall_ns, running_now_ns = self._wall(), self._running()
        moved_ns = wall_ns - running_now_ns - self._wall_ahead_ns
        slept_ns = running_now_ns - self._awake() - self._slept_ns
        self._wall_ahead_ns += moved_ns
        self._slept_ns += slept_ns
        if abs(moved_ns) > JUMP_NS:
            side = "back" if moved_ns < 0 else "forward"
            values = f"from {utc_text(wall_ns - moved_ns)} to {utc_text(wall_ns)}"
            self._note(
                f"this machine's clock was set {side} by {ns_to_seconds(abs(moved_ns)):.1f} s, {values}: "
                "ages and deadlines go on as before"
            )
        if slept_ns > JUMP_NS:
            self._note(
                f"this machine slept for {ns_to_seconds(slept_ns):.1f} s: what was read before is as old as that"
            )
        return moved_ns if moved_ns > JUMP_NS else 0

    def caught_up(self, before_ns: int, after_ns: int) -> None:
        """The session's time was moved forward to the venues'."""
        missed_s = ns_to_seconds(after_ns - before_ns)
        values = f"from {utc_text(before_ns)} to {utc_text(after_ns)}"
        self._note(f"{missed_s:.1f} s passed that this machine did not count: the session's time goes {values}")

    def problems(self) -> tuple[str, ...]:
        """Sentences on clocks that are wrong, and on what jumped within the last ten minutes."""
        now_ns = self._running()
        self._notices = [notice for notice in self._notices if notice.until_ns > now_ns]
        jumps = (
            jump_text(name, jump)
            for name, exchange in self._exchanges.items()
            if (jump := exchange.clock.jump) is not None and self._session() - jump.seen_ns < SHOWN_FOR_NS
        )
        return (*self._standing(), *(notice.sentence for notice in self._notices), *jumps)

    def _standing(self) -> list[str]:
        told = [name for name, exchange in self._exchanges.items() if exchange.clock.known]
        if not told:
            return []
        found, truth_ns, venues = [], self._truth(), " and ".join(told)
        if abs(self._wall() - truth_ns) > FAR_NS:
            found.append(_apart("this machine's", self._wall(), truth_ns, venues) + ": set it")
        if abs(self._session() - truth_ns) > FAR_NS:
            what = _apart("the session's", self._session(), truth_ns, venues)
            found.append(f"{what}: ages and deadlines are right, stamps are not: restart once nothing is open")
        return found

    def _note(self, sentence: str) -> None:
        LOG.warning("%s", sentence)
        self._notices.append(Notice(sentence, self._running() + SHOWN_FOR_NS))


def _apart(whose: str, is_ns: int, truth_ns: int, venues: str) -> str:
    side = "ahead of" if is_ns > truth_ns else "behind"
    away_s = ns_to_seconds(abs(is_ns - truth_ns))
    return f"{whose} clock is {away_s:.1f} s {side} {venues}: it says {utc_text(is_ns)}, they say {utc_text(truth_ns)}"

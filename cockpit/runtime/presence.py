"""Signs of life for the journal, only while the market delivers: the way up counts hours one could have traded in.

Hours are of event time: at fifty times the speed one looks fifty times as often.
"""

import asyncio
from collections.abc import Callable

from cockpit.domain.units import seconds_to_ns
from cockpit.engine.machine import Engine
from cockpit.journal.store import Journal
from cockpit.market.staleness import delivers

POLL_EVERY_S = 5.0
SIGN_EVERY_NS = seconds_to_ns(60)
"""A sign a minute: the journal takes no stretch for one that has a longer gap than two."""
LEAST_POLL_S = 0.01


class Presence:
    """Looks every few seconds. An outage ends the stretch, however short: what comes after it begins anew."""

    def __init__(self, engine: Engine, journal: Journal, speed: Callable[[], float] = lambda: 1.0) -> None:
        """`speed` is how many of the engine's seconds pass in one of ours; 0 = nobody knows how many."""
        self._engine = engine
        self._journal = journal
        self._speed = speed
        self._signed_ns: int | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.check()
            await asyncio.sleep(self.every_s())

    def every_s(self) -> float:
        """How long until the next look, in our own seconds."""
        speed = self._speed()
        return max(LEAST_POLL_S, POLL_EVERY_S / max(1.0, speed)) if speed > 0 else LEAST_POLL_S

    def check(self) -> None:
        """A sign at once when the market delivers (again), then one a minute; none while it does not."""
        engine = self._engine
        now_ns = engine.now_ns
        if not delivers(engine.market, now_ns):
            self._signed_ns = None
        elif self._signed_ns is None or now_ns - self._signed_ns >= SIGN_EVERY_NS:
            self._journal.alive(now_ns, engine.risk.accountant.mode, is_anew=self._signed_ns is None)
            self._signed_ns = now_ns

"""Signs of life for the journal, only while the market delivers: the way up counts hours one could have traded in."""

import asyncio

from cockpit.engine.machine import Engine
from cockpit.journal.store import Journal
from cockpit.market.staleness import delivers

LOOK_EVERY_S = 5.0
LOOKS_A_SIGN = 12
"""A sign a minute: the journal takes no stretch for one that has a longer gap than two."""


class Presence:
    """Looks every few seconds. An outage ends the stretch, however short: what comes after it begins anew."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal
        self._looks_until_sign = 0
        self._is_anew = True

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.check()
            await asyncio.sleep(LOOK_EVERY_S)

    def check(self) -> None:
        """A sign at once when the market delivers (again), then one a minute; none while it does not."""
        engine = self._engine
        if not delivers(engine.market, engine.now_ns):
            self._looks_until_sign, self._is_anew = 0, True
            return
        if self._looks_until_sign == 0:
            self._journal.alive(engine.now_ns, engine.risk.accountant.mode, is_anew=self._is_anew)
            self._looks_until_sign, self._is_anew = LOOKS_A_SIGN, False
        self._looks_until_sign -= 1

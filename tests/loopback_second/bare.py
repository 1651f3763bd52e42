"""The meter of bare time: how long each position stood at the venue without resting stops for all of it.

Measured by the venue's own monotonic clock, at every change of a position or of a conditional order. A stop counts
when it rests, is on the losing side's order side, belongs to the same (instrument, margin mode, side), and can only
reduce.
"""

from dataclasses import dataclass
from decimal import Decimal

from tests.loopback_second.amounts import ZERO
from tests.loopback_second.clock import Clock
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.matching import Matching
from tests.loopback_second.records import Event, Key, Position
from tests.loopback_second.triggers import Triggers


@dataclass
class BareTime:
    longest_s: float = 0.0
    total_s: float = 0.0
    since_s: float | None = None

    def up_to(self, now_s: float) -> "BareTime":
        """With the spell that is still running."""
        running = 0.0 if self.since_s is None else now_s - self.since_s
        return BareTime(max(self.longest_s, running), self.total_s + running, self.since_s)


class BareMeter:
    def __init__(self, clock: Clock, ledger: Ledger, matching: Matching, triggers: Triggers) -> None:
        self._clock = clock
        self._ledger = ledger
        self._matching = matching
        self._triggers = triggers
        self._times: dict[Key, BareTime] = {}
        self.foreign: set[Key] = set()
        ledger.on_change.append(self._check)
        matching.on_event.append(self._received)

    def _received(self, event: Event) -> None:
        if event.what in ("trigger", "balance", "flat"):
            self._check()

    def covered(self, position: Position) -> Decimal:
        """How much of the position its resting stops would close."""
        total = ZERO
        for trigger in self._triggers.resting(position.key.instrument):
            key = self._matching.key_of(trigger.instrument, trigger.mode, trigger.pos_side)
            closes = trigger.reduce_only or trigger.close_all or self._matching.rules.hedged
            if key == position.key and trigger.sign == -position.direction and trigger.stop_px is not None and closes:
                total += abs(position.qty) if trigger.close_all else trigger.qty
        return total

    def is_bare(self, position: Position) -> bool:
        return bool(position.qty) and self.covered(position) < abs(position.qty)

    def _check(self) -> None:
        now_s = self._clock.mono_s()
        for key, position in self._ledger.positions.items():
            time = self._times.setdefault(key, BareTime())
            if self.is_bare(position):
                if time.since_s is None:
                    time.since_s = now_s
            elif time.since_s is not None:
                spell = now_s - time.since_s
                time.longest_s, time.total_s, time.since_s = max(time.longest_s, spell), time.total_s + spell, None

    def times(self) -> dict[Key, BareTime]:
        now_s = self._clock.mono_s()
        return {key: time.up_to(now_s) for key, time in self._times.items()}

    def longest_s(self) -> float:
        """Over all positions."""
        return max((time.longest_s for time in self.times().values()), default=0.0)

    def total_s(self) -> float:
        return sum(time.total_s for time in self.times().values())

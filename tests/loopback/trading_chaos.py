"""Everything that can go wrong, at random and reproducibly: the seed decides.

    chaos = Chaos(venue, random.Random(7), Odds(dropped_after=0.1))
    ...                        # trade through it
    chaos.calm()               # and look at the invariants once things have settled

`chaos.did` lists what it did, in order. It leaves alone whatever a test asked of `venue.faults` itself.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, fields

from tests.loopback.trading_faults import (
    Fault,
    dropped_after,
    dropped_before,
    hanging,
    late,
    overloaded,
    timed_out,
    too_many,
    truncated,
    unknown,
)
from tests.loopback.trading_stream import UserStream
from tests.loopback.trading_venue import TradingVenue

SPARED = ("time", "public", "setup", "stream", "dead_man")


@dataclass(frozen=True)
class Odds:
    """How likely each fault is: of a request, or of a frame of the user stream where the name says so."""

    dropped_before: float = 0.02
    dropped_after: float = 0.02
    truncated: float = 0.02
    unknown_executed: float = 0.02
    unknown_not_executed: float = 0.02
    timed_out: float = 0.02
    overloaded: float = 0.02
    late: float = 0.02
    hanging: float = 0.02
    too_many: float = 0.01
    frame_lost: float = 0.05
    frame_twice: float = 0.05
    frames_swapped: float = 0.05
    sockets_cut: float = 0.01


class Chaos:
    """`late_s` and `hang_s` bound how late a late execution, and a hanging answer, may come."""

    def __init__(
        self,
        venue: TradingVenue,
        rng: random.Random,
        odds: Odds | None = None,
        late_s: float = 0.3,
        hang_s: float = 0.3,
    ) -> None:
        self.did: list[str] = []
        self._venue = venue
        self._rng = rng
        self._odds = odds or Odds()
        self._makers: dict[str, Callable[[], Fault]] = {
            "dropped_before": dropped_before,
            "dropped_after": dropped_after,
            "truncated": truncated,
            "unknown_executed": unknown,
            "unknown_not_executed": lambda: unknown(executes=False),
            "timed_out": timed_out,
            "overloaded": overloaded,
            "late": lambda: late(rng.uniform(0, late_s)),
            "hanging": lambda: hanging(rng.uniform(0, hang_s)),
            "too_many": too_many,
        }
        venue.faults.policy = self._for_request
        venue.user_stream.policy = self._for_frame

    def calm(self) -> None:
        """No more of it; frames that were held back come now."""
        self._venue.faults.policy = lambda role: None
        self._venue.user_stream.policy = lambda stream: None
        self._venue.user_stream.let_go()

    def _drawn(self, names: list[str]) -> str | None:
        """One of the faults, each with its own odds; one draw a question, so a seed means the same again."""
        point = self._rng.random()
        for name in names:
            point -= getattr(self._odds, name)
            if point < 0:
                self.did.append(name)
                return name
        return None

    def _for_request(self, role: str) -> Fault | None:
        if role in SPARED:
            return None
        name = self._drawn(list(self._makers))
        return self._makers[name]() if name is not None else None

    def _for_frame(self, stream: UserStream) -> None:
        name = self._drawn([odd.name for odd in fields(self._odds) if odd.name not in self._makers])
        if name == "frame_lost":
            stream.drop_next += 1
        elif name == "frame_twice":
            stream.repeat_next += 1
        elif name == "frames_swapped" and not stream.hold_next:
            stream.hold_next = 2
        elif name == "sockets_cut":
            stream.kill()

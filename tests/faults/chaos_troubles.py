"""When a venue's troubles explain that a position stands without its stop: nothing else may."""

from collections.abc import Callable

from cockpit.exchanges.okx.client import WINDOW_S
from tests.loopback.trading_faults import Fault, FaultAnswer, Loss
from tests.loopback.trading_venue import TradingVenue

PATIENCE_S = 5.0
"""After this the client gives an answer up."""
TRIED_AGAIN_S = 1.0


class Troubles:
    """One venue's. Times are the world's seconds."""

    def __init__(self, name: str, venue: TradingVenue, now_s: Callable[[], float]) -> None:
        self._name = name
        self._spans: list[tuple[float, float]] = []
        self.explain_nothing: list[Fault] = []
        self._now_s = now_s
        self._meeting = venue.faults.meeting
        vars(venue.faults)["meeting"] = self._met

    def lasted(self, from_s: float, to_s: float) -> None:
        """Nothing could be done, or seen, there."""
        self._spans.append((from_s, to_s))

    def unexplained_s(self, from_s: float, to_s: float) -> float:
        """How much of that time nothing was wrong there."""
        left_s, at_s = 0.0, from_s
        for start_s, end_s in sorted(self._spans):
            if end_s > at_s and start_s < to_s:
                left_s += max(0.0, min(start_s, to_s) - at_s)
                at_s = max(at_s, end_s)
        return left_s + max(0.0, to_s - at_s)

    def _met(self, role: str, path: str) -> Fault | None:
        fault = self._meeting(role, path)
        if fault is not None and not any(fault is other for other in self.explain_nothing):
            now_s = self._now_s()
            self.lasted(now_s, now_s + _unreachable_s(self._name, fault))
        return fault


def _unreachable_s(venue: str, fault: Fault) -> float:
    """How long such a fault keeps the venue from being asked: it wants to be left alone, or does not answer at all.

    OKX turns away with 429 and no word on how long: its windows are of two seconds. What was not done, or not answered,
    is to be tried again within a second.
    """
    asked_s = fault.retry_after_s or 0.0
    if (
        fault.answer_as not in (None, FaultAnswer.NOTHING, FaultAnswer.STALE)
        or fault.loss is not Loss.NONE
        or not fault.executes
    ):
        asked_s = max(asked_s, TRIED_AGAIN_S)
    if venue == "okx" and fault.answer_as in (FaultAnswer.OVERLOADED, FaultAnswer.TOO_MANY) and not fault.retry_after_s:
        asked_s = WINDOW_S
    return asked_s + min(fault.hangs_s or 0.0, PATIENCE_S)

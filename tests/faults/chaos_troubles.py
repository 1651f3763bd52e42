"""When a venue's troubles explain that a position stands without its stop: nothing else may."""

from collections.abc import Callable

from tests.loopback.trading_faults import Fault, Loss, Says
from tests.loopback.trading_venue import TradingVenue

PATIENCE_S = 5.0
"""After this the client gives an answer up."""
FOUND_OUT_S = 7.0
"""By then it is known that something never arrived."""
READ_AGAIN_S = 3.0
WAYS_OUT = ("close", "stop", "cancel", "target")


class Troubles:
    """One venue's. Times are the world's seconds."""

    def __init__(self, venue: TradingVenue, now_s: Callable[[], float]) -> None:
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
            self.lasted(now_s, now_s + _costs_s(role, fault))
        return fault


def _costs_s(role: str, fault: Fault) -> float:
    """How long such a fault may keep a position from its stop."""
    if fault.retry_after_s is not None:
        return fault.retry_after_s + 1.0
    hangs_s = min(fault.hangs_s or 0.0, PATIENCE_S)
    if fault.says is Says.STALE:
        return hangs_s + 1.0
    if role in WAYS_OUT and (fault.loss is not Loss.NONE or fault.says is not None or fault.hangs_s is not None):
        return hangs_s + FOUND_OUT_S
    return hangs_s + READ_AGAIN_S

"""Tick to verdict: how long the engine took from taking an event to having decided on it."""

from collections import deque

from cockpit.domain.units import NS_PER_MS

KEPT = 1_000


class Latency:
    """The newest measurements, and their 99th percentile."""

    def __init__(self) -> None:
        self._taken_ns: deque[int] = deque(maxlen=KEPT)

    def add(self, taken_ns: int) -> None:
        """One measurement."""
        self._taken_ns.append(taken_ns)

    def p99_ms(self) -> float | None:
        """The 99th percentile in ms, None before the first measurement."""
        if not self._taken_ns:
            return None
        ordered = sorted(self._taken_ns)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] / NS_PER_MS

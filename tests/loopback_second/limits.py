"""Rate limits: a window of fixed length per name, as Binance counts (whole minutes) and as OKX counts (two seconds)."""

from dataclasses import dataclass

from tests.loopback_second.clock import Clock


@dataclass
class Window:
    """Counts in windows that begin at whole multiples of `seconds`."""

    seconds: float
    limit: float
    began: int = -1
    used: float = 0.0

    def add(self, now_s: float, cost: float) -> bool:
        """Count it; False where it is over the limit."""
        window = int(now_s // self.seconds)
        if window != self.began:
            self.began, self.used = window, 0.0
        self.used += cost
        return self.used <= self.limit

    def left_s(self, now_s: float) -> float:
        """Until the next window begins."""
        return self.seconds - now_s % self.seconds


class Windows:
    """One window per name."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._windows: dict[str, Window] = {}
        self.refused: list[str] = []

    def add(self, name: str, limit: float, cost: float = 1.0) -> bool:
        window = self._windows.setdefault(name, Window(self._seconds, limit))
        window.limit = limit
        is_within = window.add(self._clock.mono_s(), cost)
        if not is_within:
            self.refused.append(name)
        return is_within

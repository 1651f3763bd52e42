"""Until when a command holds, by the engine's clock: the machine of a screen may have the time wrong."""

import time
from collections.abc import Callable


class EngineClock:
    """The wall clock that the engine last told, moved on by our own monotonic one; ours until it told any."""

    def __init__(
        self, wall_s: Callable[[], float] = time.time, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self._told: tuple[float, float] | None = None

    def set(self, wall_ns: int) -> None:
        """The engine told its time just now; 0 where it does not tell."""
        if wall_ns:
            self._told = (wall_ns / 1e9, self._monotonic_s())

    @property
    def now_s(self) -> float:
        """Unix seconds at the engine."""
        if self._told is None:
            return self._wall_s()
        wall_s, at_s = self._told
        return wall_s + self._monotonic_s() - at_s

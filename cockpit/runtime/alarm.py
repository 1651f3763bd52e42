"""Waking the engine at an instant of its own: a tick a second is too coarse for a stop's deadline."""

import asyncio
from collections.abc import Callable

from cockpit.domain.units import NS_PER_S

SHORTEST_S = 0.001
"""A clock that has not quite reached the instant is looked at again after so long."""


class Alarm:
    """Rings once `now_ns` has reached what was set last. `speed` is how much faster than ours that clock runs."""

    def __init__(self, now_ns: Callable[[], int], speed: Callable[[], float], ring: Callable[[int], None]) -> None:
        self._now_ns = now_ns
        self._speed = speed
        self._ring = ring
        self._due_ns: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, due_ns: int | None) -> None:
        """Ring then; None = not at all."""
        if due_ns == self._due_ns:
            return
        self.stop()
        self._due_ns = due_ns
        self._wait()

    def stop(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due_ns = None

    def _wait(self) -> None:
        speed = self._speed()
        if self._due_ns is None or speed <= 0:
            return
        left_s = (self._due_ns - self._now_ns()) / NS_PER_S / speed
        self._timer = asyncio.get_running_loop().call_later(max(SHORTEST_S, left_s), self._check)

    def _check(self) -> None:
        now_ns = self._now_ns()
        if self._due_ns is not None and now_ns < self._due_ns:
            self._wait()
            return
        self._timer = self._due_ns = None
        self._ring(now_ns)

"""What holds the event loop: every callback, task step and garbage collection over 2 ms, by name.

A command waits for whatever runs when it comes in; what is not named cannot be mended.
"""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cockpit.domain.units import NS_PER_MS

HELD_NS = 2 * NS_PER_MS
NAMES_KEPT = 200
"""Names are of code, not of data: there are not many. Still they have an end."""

RUN = "_run"
"""The method by which a loop runs a handle: asyncio's own, without another way to see all of them."""
UNNAMED = "Task-"
"""What asyncio names a task that nobody named, with a number."""


class Hold(NamedTuple):
    """How often something held the loop too long, and the longest of it."""

    times: int
    longest_ms: float


class LoopHolds:
    """Start it on the loop's thread, stop it there. It times the handles that the loop runs, wherever they come from;
    waiting for the processor is in their time too.
    """

    def __init__(self, held_ns: int = HELD_NS, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._held_ns = held_ns
        self._clock = clock
        self._holds: dict[str, Hold] = {}
        self._collecting_since_ns = 0

    @property
    def holds(self) -> Mapping[str, Hold]:
        """By name."""
        return self._holds

    def start(self) -> None:
        if not _WATCHED:
            setattr(asyncio.Handle, RUN, _timed)
        _WATCHED[threading.get_ident()] = self
        gc.callbacks.append(self._collected)

    def stop(self) -> None:
        thread = threading.get_ident()
        if _WATCHED.get(thread) is self:
            del _WATCHED[thread]
        if self._collected in gc.callbacks:
            gc.callbacks.remove(self._collected)
        if not _WATCHED:
            setattr(asyncio.Handle, RUN, _RUN)

    def run(self, handle: Any) -> None:
        """Run what the loop was about to, and note it where it takes too long."""
        callback, began_ns = handle._callback, self._clock()
        _RUN(handle)
        took_ns = self._clock() - began_ns
        if took_ns > self._held_ns:
            self.note(name_of(callback), took_ns)

    def note(self, name: str, took_ns: int) -> None:
        """It held the loop that long."""
        before = self._holds.get(name)
        if before is None and len(self._holds) >= NAMES_KEPT:
            return
        took_ms = took_ns / NS_PER_MS
        self._holds[name] = (
            Hold(1, took_ms) if before is None else Hold(before.times + 1, max(before.longest_ms, took_ms))
        )

    def _collected(self, phase: str, info: Mapping[str, int]) -> None:
        """A collection stops the loop whichever thread it runs in."""
        now_ns = self._clock()
        if phase == "start":
            self._collecting_since_ns = now_ns
        elif now_ns - self._collecting_since_ns > self._held_ns:
            self.note(f"garbage collection of generation {info['generation']}", now_ns - self._collecting_since_ns)


_RUN: Callable[[Any], None] = getattr(asyncio.Handle, RUN)
_WATCHED: dict[int, LoopHolds] = {}
"""Who watches the loop of a thread."""


def _timed(handle: Any) -> None:
    holds = _WATCHED.get(threading.get_ident())
    if holds is None:
        _RUN(handle)
    else:
        holds.run(handle)


def name_of(callback: Any) -> str:
    """A task's step is named after the task, or its coroutine where nobody named it; anything else after itself."""
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        name, coroutine = owner.get_name(), owner.get_coro()
        return str(getattr(coroutine, "__qualname__", name)) if name.startswith(UNNAMED) else name
    inner = getattr(callback, "func", callback)
    return str(getattr(inner, "__qualname__", type(inner).__name__))

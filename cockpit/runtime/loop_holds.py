"""What holds the event loop: every turn of it and every garbage collection over 2 ms, by the name of what ran.

A command waits for whatever the loop does before it next looks at its sockets; what is not named cannot be mended. A
turn is timed where it ends, by the loop's own selector. While it lasts an alarm rings every 2 ms and finds what runs. A
thread that looked instead would have to wait 5 ms for the interpreter, and the loop would then wait for the thread.

Every ring leaves a byte in the socket that wakes the loop, and no more than some 270 fit before the loop reads there:
behind those a SIGTERM would be lost. A turn that lasts is therefore rung in ever more seldom.
"""

import asyncio
import gc
import selectors
import signal
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, NamedTuple

from cockpit.domain.units import NS_PER_MS, NS_PER_S

HELD_NS = 2 * NS_PER_MS
RINGS_PER_PACE = 16
"""So many rings in one turn, then the pause between them doubles: 200 of them take over a minute."""
NAMES_KEPT = 200
"""Names are of code, not of data: there are not many. Still they have an end."""

UNNAMED = "Task-"
"""What asyncio names a task that nobody named, with a number."""
UNSEEN = "not seen"
"""The loop was held, and no alarm rang meanwhile: on another thread than the process's first there is none."""


class Hold(NamedTuple):
    """How often something held the loop too long, and the longest of it."""

    times: int
    longest_ms: float


def ring_every(period_s: float) -> None:
    """Have the process's alarm ring at that pace from now on; 0 = no more."""
    signal.setitimer(signal.ITIMER_REAL, period_s, period_s)


class LoopHolds:
    """Start it on the loop's thread, stop it there. Waiting for the processor is in its times too."""

    def __init__(
        self,
        held_ns: int = HELD_NS,
        clock: Callable[[], int] = time.perf_counter_ns,
        ring: Callable[[float], None] = ring_every,
    ) -> None:
        self._held_ns = held_ns
        self._clock = clock
        self._ring = ring
        self._holds: dict[str, Hold] = {}
        self._began_ns: int | None = None
        self._seen: dict[str, int] = {}
        """By name: for how long of this turn the alarm found it."""
        self._rings = 0
        self._pause_ns = held_ns
        self._is_watching = False
        self._has_alarm = False
        self._is_ringing = False
        self._collecting_since_ns = 0

    @property
    def holds(self) -> Mapping[str, Hold]:
        """By name."""
        return self._holds

    def start(self) -> None:
        self._is_watching = True
        gc.callbacks.append(self._collected)
        is_first_thread = threading.current_thread() is threading.main_thread()
        if is_first_thread and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, signal.SIG_IGN):
            signal.signal(signal.SIGALRM, self.rang)
            signal.siginterrupt(signal.SIGALRM, False)  # whatever a library waits for goes on
            self._has_alarm = True

    def stop(self) -> None:
        self._is_watching, self._began_ns = False, None
        if self._collected in gc.callbacks:
            gc.callbacks.remove(self._collected)
        if self._has_alarm:
            self._has_alarm = False
            self._ring(0.0)
            signal.signal(signal.SIGALRM, signal.SIG_IGN)

    def turn_begins(self) -> None:
        """The loop has looked at its sockets and goes on to run what is ready."""
        if not self._is_watching:
            return
        self._began_ns = self._clock()
        self._rings = 0
        if self._has_alarm and (not self._is_ringing or self._pause_ns != self._held_ns):
            self._is_ringing = True
            self._ring_every(self._held_ns)

    def turn_ends(self, waits: bool) -> None:
        """It has run everything; `waits`: nothing more is ready."""
        if waits and self._is_ringing:
            self._is_ringing = False
            self._ring(0.0)
        if self._began_ns is None:
            return
        took_ns, self._began_ns = self._clock() - self._began_ns, None
        if took_ns > self._held_ns:
            self.note(max(self._seen, key=self._seen.__getitem__, default=UNSEEN), took_ns)
        if self._seen:
            self._seen.clear()

    def rang(self, _: int, frame: FrameType | None) -> None:
        """The alarm, between two steps of the interpreter: remember what runs. Nothing may be raised here."""
        if self._began_ns is None:
            return
        name = running_name(frame)
        self._seen[name] = self._seen.get(name, 0) + self._pause_ns
        self._rings += 1
        if self._rings % RINGS_PER_PACE == 0:
            self._ring_every(2 * self._pause_ns)

    def _ring_every(self, pause_ns: int) -> None:
        self._pause_ns = pause_ns
        self._ring(pause_ns / NS_PER_S)

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


class TimedSelector(selectors.DefaultSelector):
    """The loop's selector: between two looks at its sockets lies a turn of the loop."""

    def __init__(self, holds: LoopHolds) -> None:
        super().__init__()
        self._holds = holds

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._holds.turn_ends(waits=timeout is None or timeout > 0.0)
        ready = super().select(timeout)
        self._holds.turn_begins()
        return ready


class TimedLoop(asyncio.SelectorEventLoop):
    """asyncio's loop, of which it is known what holds it once `holds` are started."""

    def __init__(self) -> None:
        self.holds = LoopHolds()
        super().__init__(TimedSelector(self.holds))


def _current_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None  # the loop has ended in the middle of a turn, and the alarm not yet


def running_name(frame: FrameType | None) -> str:
    """A task's step is named after the task, or its coroutine where it has no name; another callback after itself."""
    task = _current_task()
    if task is not None:
        name = task.get_name()
        return str(getattr(task.get_coro(), "__qualname__", name)) if name.startswith(UNNAMED) else name
    name = "asyncio"
    while frame is not None and frame.f_code.co_filename not in (asyncio.events.__file__, asyncio.base_events.__file__):
        name, frame = frame.f_code.co_qualname, frame.f_back
    return name

"""The event-loop watchdog: it sees when the loop stalls, for how long, and what ran meanwhile."""

import asyncio
import faulthandler
import logging
import re
import tempfile
import threading
import time
from collections import deque
from typing import BinaryIO

from cockpit.domain.stream import StallView
from cockpit.domain.units import NS_PER_MS
from cockpit.exchanges.base.steady_clock import running_ns
from cockpit.runtime.loop_holds import LoopHolds, TimedLoop

# Tick to verdict: how long the engine took from taking an event to having decided on it.

KEPT = 1_000


class Latency:
    """The newest measurements, and their 99th percentile."""

    def __init__(self) -> None:
        self._taken_ns: deque[int] = deque(maxlen=KEPT)

    def add(self, taken_ns: int) -> None:
        self._taken_ns.append(taken_ns)

    def p99_ms(self) -> float | None:
        """The 99th percentile in ms, None before the first measurement."""
        if not self._taken_ns:
            return None
        ordered = sorted(self._taken_ns)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] / NS_PER_MS


LOG = logging.getLogger("cockpit.engine")
BEAT_S = 0.02
STALL_S = 0.1
STALLS_KEPT = 50
FRAMES_SHOWN = 4
UNSEEN = "not seen: it let no other thread run"
FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
"""A frame as `faulthandler` writes it."""


class LoopWatchdog:
    """Start it on the loop it watches. The loop beats every 20 ms; a beat that comes over 100 ms late is a stall.

    The loop itself measures how late its beats come, so no stall is missed; a thread looks at what runs meanwhile.
    `holds` names what kept the loop for longer than a command should have to wait, where the loop is a `TimedLoop`.
    `polled_ns` is the beat before the newest: between the two the loop has looked at every socket it reads, so what it
    finds there now came later than that.
    """

    def __init__(self) -> None:
        self.holds = LoopHolds()
        self.stalls: deque[StallView] = deque(maxlen=STALLS_KEPT)
        self.stalls_total = 0
        self.polled_ns = 0
        self._beat_ns = 0
        self._beat_s = 0.0
        self._seen: tuple[float, str] = (0.0, "")
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, TimedLoop):
            self.holds = loop.holds
        self.holds.start()
        self._beat_s = time.monotonic()
        self._beat(loop)
        loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, args=(loop_thread,), name="loop-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.holds.stop()
        self._stopped.set()
        if self._handle is not None:
            self._handle.cancel()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        before_s, self._beat_s = self._beat_s, time.monotonic()
        self.polled_ns, self._beat_ns = self._beat_ns, running_ns()
        late_s = self._beat_s - before_s - BEAT_S
        if late_s > STALL_S:
            seen_beat_s, running = self._seen
            self._record(late_s, running if seen_beat_s == before_s else UNSEEN)
        self._handle = loop.call_later(BEAT_S, self._beat, loop)

    def _watch(self, loop_thread: int) -> None:
        with tempfile.TemporaryFile(buffering=0) as scratch:
            while not self._stopped.wait(BEAT_S):
                beat_s = self._beat_s
                if time.monotonic() - beat_s > STALL_S and self._seen[0] != beat_s:
                    self._seen = (beat_s, innermost_frames(loop_thread, scratch))

    def _record(self, lasted_s: float, running: str) -> None:
        self.stalls.append(StallView(time.time_ns(), lasted_s * 1_000.0, running))
        self.stalls_total += 1
        LOG.warning("the loop stalled for %.0f ms in %s", lasted_s * 1_000.0, running)


def innermost_frames(thread: int, scratch: BinaryIO) -> str:
    """What a thread of this process runs, the outermost of its innermost frames first, by way of an unbuffered file.

    C walks them while nothing else runs. A walk in Python lets that thread go on, and its frames end under the walk:
    CPython 3.11.7 crashed there.
    """
    scratch.seek(0)
    scratch.truncate()
    faulthandler.dump_traceback(scratch)
    scratch.seek(0)
    _, _, below = scratch.read().decode(errors="replace").partition(f"hread 0x{thread:016x}")
    frames = FRAME.findall(below.partition("hread 0x")[0])[:FRAMES_SHOWN]
    named = (f"{file.rsplit('/', 1)[-1]}:{line} {name}" for file, line, name in reversed(frames))
    return " > ".join(named) or "not seen: its frames could not be written down"

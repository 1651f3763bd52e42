"""The event-loop watchdog: a thread that sees when the loop stalls, for how long, and what ran meanwhile."""

import asyncio
import sys
import threading
import time
import traceback
from collections import deque

from cockpit.domain.stream import StallView

BEAT_S = 0.02
STALL_S = 0.1
STALLS_KEPT = 50
FRAMES_SHOWN = 4


class LoopWatchdog:
    """Start it on the loop it watches. The loop beats every 20 ms; a beat missing for over 100 ms is a stall."""

    def __init__(self) -> None:
        self.stalls: deque[StallView] = deque(maxlen=STALLS_KEPT)
        self.stalls_total = 0
        self._beat_s = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        loop = asyncio.get_running_loop()
        self._beat(loop)
        loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, args=(loop_thread,), name="loop-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if self._handle is not None:
            self._handle.cancel()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat_s = time.monotonic()
        self._handle = loop.call_later(BEAT_S, self._beat, loop)

    def _watch(self, loop_thread: int) -> None:
        seen_beat, running = 0.0, ""
        while not self._stopped.wait(BEAT_S):
            beat, now = self._beat_s, time.monotonic()
            if running and beat != seen_beat:
                self._record(beat - seen_beat, running)
                running = ""
            if now - beat > STALL_S and not running:
                seen_beat, running = beat, _what_runs(loop_thread)

    def _record(self, lasted_s: float, running: str) -> None:
        self.stalls.append(StallView(time.time_ns(), lasted_s * 1_000.0, running))
        self.stalls_total += 1


def _what_runs(thread: int) -> str:
    """The innermost frames of a thread, outermost of them first."""
    frame = sys._current_frames().get(thread)
    if frame is None:
        return "the loop's thread is gone"
    stack = traceback.extract_stack(frame)[-FRAMES_SHOWN:]
    return " > ".join(f"{entry.filename.rsplit('/', 1)[-1]}:{entry.lineno} {entry.name}" for entry in stack)

"""What a detached engine prints goes to a file in its home, of a bounded size: it may run for months."""

import asyncio
import contextlib
import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cockpit.config.ownership import opened_here

PrintLine = Callable[[str], None]
"""Puts one line before whoever started this."""

# Lines for a terminal that may go away, or stop reading, in the middle of what must not stop.

LAST_LINES_WITHIN_S = 2.0
"""So long the last lines may take on their way out; a reader that has stopped reading keeps nobody from ending."""


class TerminalPrinter:
    """`notify` never waits and never raises. Use it as a context manager: leaving it lets the last lines out."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._print, name="printer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.put(None)
        self._thread.join(LAST_LINES_WITHIN_S)

    def notify(self, line: str) -> None:
        """Print it, as soon as whoever reads it lets that happen."""
        self._lines.put(line)

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                _write(f"{line}\n")
            except (OSError, ValueError):
                continue  # nobody reads any more; whoever speaks has more important things to do


def _write(text: str) -> None:
    """To the file itself where there is one: a stream's own lock would be waited for when the process ends."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        sys.stdout.write(text)
        return
    left = text.encode(sys.stdout.encoding or "utf-8", "replace")
    while left:
        left = left[os.write(descriptor, left) :]


# Lines on stdout without ever waiting for whoever reads them: a stopped terminal must not stop the engine.

KEPT_LINES = 1_000
CLOSE_WITHIN_S = 0.5


class Speaker:
    """Writes lines to a descriptor from a thread of its own. What a reader does not take in time is left out."""

    def __init__(self, descriptor: int = 1, kept_lines: int = KEPT_LINES) -> None:
        self.left_out = 0
        self._descriptor = descriptor
        self._kept_lines = kept_lines
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue one line; never waits."""
        with self._changed:
            if len(self._lines) >= self._kept_lines:
                self._lines.popleft()
                self.left_out += 1
            self._lines.append(line)
            self._changed.notify()

    def close(self) -> None:
        """Give the reader half a second for the rest."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_WITHIN_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closing)
                if not self._lines:
                    return
                lines, left_out = list(self._lines), self.left_out
                self._lines.clear()
                self.left_out = 0
            if left_out:
                lines.insert(0, f"({left_out} lines left out: nobody read them in time)")
            # A reader that went away is no reason to stop.
            with contextlib.suppress(OSError):
                self._write("".join(f"{line}\n" for line in lines).encode(errors="replace"))

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


OUTPUT_NAME = "engine.out"
MAX_BYTES = 5_000_000
POLL_EVERY_S = 10.0
STREAMS = (1, 2)


def output_of(logs: Path) -> Path:
    return logs / OUTPUT_NAME


async def keep_bounded(path: Path, max_bytes: int = MAX_BYTES, every_s: float = POLL_EVERY_S) -> None:
    """For ever: begin the file anew where it has grown too large, keeping the one before it."""
    while True:
        rotate_if_ours(path, max_bytes)
        await asyncio.sleep(every_s)


def rotate_if_ours(path: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Move a file that is too large aside and print into a new one; only where our output really goes there."""
    with contextlib.suppress(OSError):
        there = path.lstat()
        ours = os.fstat(STREAMS[0])
        if there.st_size <= max_bytes or (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev):
            return False
        path.replace(path.with_name(f"{path.name}.1"))
        fresh = opened_here(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in STREAMS:
            os.dup2(fresh, stream)
        os.close(fresh)
        return True
    return False

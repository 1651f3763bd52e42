"""Lines on stdout without ever waiting for whoever reads them: a stopped terminal must not stop the engine."""

import contextlib
import os
import threading
from collections import deque

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
                lines, said_less = list(self._lines), self.left_out
                self._lines.clear()
                self.left_out = 0
            if said_less:
                lines.insert(0, f"({said_less} lines left out: nobody read them in time)")
            # A reader that went away is no reason to stop.
            with contextlib.suppress(OSError):
                self._write("".join(f"{line}\n" for line in lines).encode(errors="replace"))

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]

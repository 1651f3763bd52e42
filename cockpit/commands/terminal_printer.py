"""Lines for a terminal that may go away, or stop reading, in the middle of what must not stop."""

import os
import queue
import sys
import threading
from types import TracebackType
from typing import Self

LAST_LINES_WITHIN_S = 2.0
"""So long the last lines may take on their way out; a reader that has stopped reading keeps nobody from ending."""


class TerminalPrinter:
    """`say` never waits and never raises. Use it as a context manager: leaving it lets the last lines out."""

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

"""How far long work is, for somebody who watches: one line on a terminal's stderr, and nothing anywhere else."""

import sys
import time
from collections.abc import Callable

ERASE = "\r\033[K"
EVERY_S = 0.2

Progress = Callable[[int], None]
"""Told now and then how much has been done so far."""


class ProgressLine:
    """The line. `what` is what is counted: `messages`, `events`. Use it as a context, so that the line goes away."""

    def __init__(self, what: str, *, silent: bool = False) -> None:
        self._what = what
        self._shown = not silent and sys.stderr.isatty()

    @property
    def refresh(self) -> Progress | None:
        """What the work calls; None where nobody watches, so that nothing is even counted."""
        return self._show if self._shown else None

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write(ERASE)
            sys.stderr.flush()

    def _show(self, count: int) -> None:
        sys.stderr.write(f"\r{count:,} {self._what}")
        sys.stderr.flush()


class WorkLine:
    """The line. Told what was done and when a file ends; the time left is that of the bytes not read yet."""

    def __init__(
        self, what: str, sizes: list[int], *, silent: bool = False, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._sizes = sizes
        self._shown = not silent and sys.stderr.isatty()
        self._now_s = now_s
        self._began_s = self._drawn_s = now_s()
        self._count = self._files = self._read_bytes = 0

    def __enter__(self) -> "WorkLine":
        return self

    def __exit__(self, *_: object) -> None:
        self.erase()

    def add(self, count: int, read_bytes: int) -> None:
        """So much more was done, and so many bytes of the file at hand were read by then."""
        self._count += count
        self._read_bytes = read_bytes
        self._draw()

    def finish_one(self) -> None:
        """A file is at its end."""
        self._files += 1
        self._read_bytes = 0
        self._draw()

    def erase(self) -> None:
        """Make room for a line of text."""
        if self._shown:
            sys.stderr.write(ERASE)
            sys.stderr.flush()

    def text(self) -> str:
        """What it shows now."""
        spent_s = max(self._now_s() - self._began_s, 1e-9)
        text = f"{self._files}/{len(self._sizes)} files, {self._count:,} {self._what}, {self._count / spent_s:,.0f}/s"
        done = sum(self._sizes[: self._files]) + self._read_bytes
        left = sum(self._sizes) - done
        return f"{text}, {spent_s * left / done:.0f} s left" if done > 0 and left > 0 else text

    def _draw(self) -> None:
        if self._shown and self._now_s() - self._drawn_s >= EVERY_S:
            self._drawn_s = self._now_s()
            sys.stderr.write(f"{ERASE}{self.text()}")
            sys.stderr.flush()

"""How far long work is, for somebody who watches: one line on a terminal's stderr, and nothing anywhere else."""

import sys
from collections.abc import Callable

ERASE = "\r\033[K"

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

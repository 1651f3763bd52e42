"""The terminal the screen draws on, when it does not do what terminals do: stalls, goes away, or the loop is stuck.

The engine is another process, so ending the screen costs nothing but the screen: it must end rather than hang.
"""

import contextlib
import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable

STUCK_AFTER_S = 20.0
GRACE_S = 1.0
STUCK_CODE = 75
STUCK = (
    f"cockpit: expected the screen to move within {STUCK_AFTER_S:g} s, was stuck: it ended itself; the engine goes on, "
    "cockpit attaches again\r\n"
)
HANGUP_CODE, QUIT_CODE, TERMINATED_CODE = 129, 131, 143
RESTORE_TITLE = "\x1b[23;2t"
RESTORE = (
    b"\x1b[?5l\x1b[23;2t\x1b[?2026l\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[0m\r\n"
)


class Watchdog(threading.Thread):
    """Ends the process when the loop has not ticked for too long, or when an end that was asked for does not come."""

    def __init__(self, stuck_after_s: float = STUCK_AFTER_S, end: Callable[[int], None] | None = None) -> None:
        super().__init__(daemon=True, name="screen-watchdog")
        self._stuck_after_s = stuck_after_s
        self._end = end or end_now
        self._ticked_s = time.monotonic()
        self._deadline_s: float | None = None
        self._code = STUCK_CODE
        self._over = threading.Event()

    def tick(self) -> None:
        """The loop runs."""
        self._ticked_s = time.monotonic()

    def end_within(self, seconds: float, code: int) -> None:
        """The process is about to end; see to it that it does."""
        self._deadline_s, self._code = time.monotonic() + seconds, code

    def stop(self) -> None:
        """No longer needed."""
        self._over.set()

    def run(self) -> None:
        """Look four times a second."""
        while not self._over.wait(0.25):
            now_s = time.monotonic()
            if self._deadline_s is not None and now_s > self._deadline_s:
                self._end(self._code)
                return
            if now_s - self._ticked_s > self._stuck_after_s:
                self._end(STUCK_CODE)
                return


class TerminalState:
    """The terminal's mode as it was found, to be put back whatever happens."""

    def __init__(self) -> None:
        self._saved: list[object] | None = None
        with contextlib.suppress(OSError, termios.error, ValueError):
            self._saved = termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ else None

    def restore(self, said: str = "") -> None:
        """Put it back without ever waiting for it, and say something on it."""
        with contextlib.suppress(OSError, termios.error, ValueError):
            tty = os.open("/dev/tty", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            os.write(tty, RESTORE + said.encode())
            os.close(tty)
        self.restore_mode()

    def restore_mode(self) -> None:
        """Line editing, echo and signals as they were found; nothing is written."""
        with contextlib.suppress(OSError, termios.error, ValueError):
            if self._saved is not None and sys.__stdin__:
                termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, self._saved)  # type: ignore[arg-type]


def end_now(code: int) -> None:
    """Leave without any clean-up: the loop cannot be asked any more."""
    os._exit(code)


def listen_to_signals(end: Callable[[int], None]) -> None:
    """A terminal that went away and a request to end both end the screen at once. Ctrl+Z is not for a cockpit.

    Plain handlers, not the loop's: they run even while the loop is blocked on a terminal that does not read.
    """
    signal.signal(signal.SIGHUP, lambda *_: end(HANGUP_CODE))
    signal.signal(signal.SIGTERM, lambda *_: end(TERMINATED_CODE))
    signal.signal(signal.SIGQUIT, lambda *_: end(QUIT_CODE))
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)

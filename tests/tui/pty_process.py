"""A process on a terminal of its own, read as fast as it writes, or not at all."""

import fcntl
import os
import pty
import re
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.patience import patient_s

COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
PROJECT_ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "f12": b"\x1b[24~",
    "ctrl+backslash": b"\x1c",
    "ctrl+c": b"\x03",
    "enter": b"\r",
    "escape": b"\x1b",
    "down": b"\x1b[B",
    "backspace": b"\x7f",
}


class PtyProcess:
    """Starts at once. `written` is everything it wrote; `stall` stops reading, `go_on` reads again."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str] | None = None, *, columns: int = 120, rows: int = 40
    ) -> None:
        self.started_s = time.monotonic()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(PROJECT_ROOT)
            os.execvpe(command[0], list(command), {**clean_environ(), **(environ or {})})
        self.size = (columns, rows)
        self.resize(columns, rows)
        self._lock = threading.Condition()
        self._written = bytearray()
        self._reading = threading.Event()
        self._reading.set()
        self._code: int | None = None
        self.first_byte_s: float | None = None
        self._closed = False
        self._is_read_out = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, key: str) -> float:
        """Type a key; returns when."""
        now_s = time.monotonic()
        os.write(self._master, KEYS.get(key, key.encode()))
        return now_s

    def stall(self) -> None:
        self._reading.clear()

    def go_on(self) -> None:
        self._reading.set()

    def close_terminal(self) -> None:
        """The terminal goes away, as when a window is closed or a link drops."""
        self._closed = True
        self._reading.set()
        os.close(self._master)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    @property
    def written(self) -> bytes:
        with self._lock:
            return bytes(self._written)

    @property
    def count(self) -> int:
        with self._lock:
            return len(self._written)

    def wait_for(self, text: str, within_s: float = 20.0, *, after: int = 0) -> float:
        """Wait until it has written this; returns seconds since its start."""
        wanted, deadline_s = text.encode(), time.monotonic() + patient_s(within_s)
        with self._lock:
            while wanted not in self._written[after:]:
                left_s = deadline_s - time.monotonic()
                if self._is_read_out or left_s <= 0 or not self._lock.wait(left_s):
                    ended = " and it ended" if self._is_read_out else ""
                    tail = bytes(self._written[-400:])
                    raise AssertionError(f"expected {text!r} within {within_s} s, was {tail!r}{ended}")
        return time.monotonic() - self.started_s

    def wait_until_shown(self, text: str, within_s: float = 20.0) -> None:
        """Wait until the picture has this. Only changes are written, so it is asked to draw everything, by a resize."""
        deadline_s, wider = time.monotonic() + patient_s(within_s), 0
        while True:
            before, wider = self.count, 1 - wider
            self.resize(self.size[0] + wider, self.size[1])
            drawn_by_s = time.monotonic() + 1.0
            while time.monotonic() < drawn_by_s:
                if text.encode() in COLOURS.sub(b"", self.written[before:]):
                    return
                time.sleep(0.05)
            if time.monotonic() > deadline_s:
                tail = bytes(self.written[-600:])
                raise AssertionError(f"expected {text!r} to be shown within {within_s} s, was {tail!r}, {self._fate()}")

    def _fate(self) -> str:
        """Whether it still runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG) if self._code is None else (self.pid, 0)
        return "and it runs" if pid == 0 else f"and it ended with {self._code or os.waitstatus_to_exitcode(status)}"

    def wait(self, within_s: float = 20.0) -> int:
        """Its exit code, negative for a signal's number; what it wrote until then has been read."""
        deadline_s = time.monotonic() + patient_s(within_s)
        while self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline_s:
                raise AssertionError(f"expected the process to end within {within_s} s, was still there")
            else:
                time.sleep(0.01)
        if self._reading.is_set():
            self._reader.join(patient_s(2.0))
        return self._code

    def cpu_s(self) -> float:
        """Processor time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        if self._code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self.wait()

    def _read(self) -> None:
        self._read_all()
        with self._lock:
            self._is_read_out = True
            self._lock.notify_all()

    def _read_all(self) -> None:
        while not self._closed:
            self._reading.wait()
            try:
                chunk = os.read(self._master, 65_536)
            except OSError:
                return
            if not chunk:
                return
            with self._lock:
                if self.first_byte_s is None:
                    self.first_byte_s = time.monotonic() - self.started_s
                self._written += chunk
                self._lock.notify_all()


def clean_environ() -> dict[str, str]:
    """Ours without what would change the picture. Distributed test runs have the size of a terminal in theirs."""
    unwanted = ("COCKPIT_", "TEXTUAL_", "SSH_", "NO_COLOR", "COINGLASS_", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(PROJECT_ROOT)}

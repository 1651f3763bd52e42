"""Whether the journal's files are still those that were opened: SQLite goes on writing into a deleted one.

The newest records stand in its log (`-wal`) alone until they are taken over into the file.
"""

from contextlib import suppress
from pathlib import Path

from cockpit.journal.errors import JournalError


class SameFile:
    """Watches one SQLite file from the moment it is first seen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._known: tuple[int, int] | None = None
        self._largest = 0
        self._known_log: tuple[int, int] | None = None
        self._log_bytes = 0
        self._loss = ""

    def check(self) -> None:
        """Raises `JournalError` once the file was deleted, replaced or cut: what it held is gone, or is elsewhere."""
        self._loss = self._loss or self._found_loss()
        if self._loss:
            raise JournalError(
                f"expected the journal at {self._path} to stay as it is, was {self._loss} under the engine: what is "
                "decided now waits beside it; put a backup in its place and start anew"
            )

    def note_log(self) -> None:
        """Something was written: the log is there, and no smaller than it is now until it is taken over."""
        with suppress(FileNotFoundError):
            found = self._log.stat()
            if self._known_log in (None, (found.st_dev, found.st_ino)):
                self._known_log, self._log_bytes = (found.st_dev, found.st_ino), found.st_size

    def forget_log(self) -> None:
        """Whoever wrote into it has closed it."""
        self._known_log = None

    def is_log_gone(self) -> bool:
        """Whether whoever writes does so into a log that nobody else can open any more."""
        if self._known_log is None:
            return False
        try:
            found = self._log.stat()
        except FileNotFoundError:
            return True
        return self._known_log != (found.st_dev, found.st_ino)

    def is_log_cut(self) -> bool:
        """Whether it is smaller than it was: emptied after it was taken over, or cut by somebody."""
        return self._known_log is not None and self._log.stat().st_size < self._log_bytes

    def lose_log(self) -> None:
        """What was cut off it is in the file neither."""
        self._loss = "cut in its -wal"

    def _found_loss(self) -> str:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return "" if self._known is None else "deleted"  # before the first sight it is about to be made
        if self._known not in (None, (found.st_dev, found.st_ino)):
            return "replaced by another file"
        if found.st_size < self._largest:
            return f"cut from {self._largest} to {found.st_size} bytes"
        self._known, self._largest = (found.st_dev, found.st_ino), found.st_size
        return ""

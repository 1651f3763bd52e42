"""Whether the journal's file is still the one that was opened: SQLite goes on writing into a deleted one."""

from pathlib import Path

from cockpit.journal.errors import JournalError


class SameFile:
    """Watches one SQLite file from the moment it is first seen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None
        self._largest = 0
        self._loss = ""

    def check(self) -> None:
        """Raises `JournalError` once the file was deleted, replaced or cut: what it held is gone, or is elsewhere."""
        self._loss = self._loss or self._found_loss()
        if self._loss:
            raise JournalError(
                f"expected the journal at {self._path} to stay as it is, was {self._loss} under the engine: what is "
                "decided now waits beside it; put a backup in its place and start anew"
            )

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

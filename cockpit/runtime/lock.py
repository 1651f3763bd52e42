"""One engine a profile: an operating-system lock that a dead process cannot keep."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any


class LockHeld(Exception):
    """Another engine runs this profile: attach to it, stop it, or use another --home."""


class InstanceLock:
    """Holds `engine.lock` for as long as the process lives; the file says who holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, or raise `LockHeld` naming its holder."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_holder(self._path)
            file.close()
            who = f"process {holder['pid']}" if "pid" in holder else "another process"
            where = f" at {holder['url']}" if holder.get("url") else ""
            raise LockHeld(
                f"expected no engine on this profile, was {who}{where} (lock {self._path}): "
                "attach to it, stop it, or use another --home"
            ) from None
        self._file = file
        self.write(pid=os.getpid())

    def write(self, **facts: Any) -> None:
        """Say in the file who holds it and where it answers."""
        if self._file is None:
            return
        self._file.seek(0)
        self._file.truncate()
        json.dump(facts, self._file)
        self._file.flush()

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two different files."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.close()
            self._file = None


def read_holder(path: Path) -> dict[str, Any]:
    """What the lock's holder wrote about itself; empty when nobody did."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

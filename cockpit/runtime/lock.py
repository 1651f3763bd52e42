"""One engine a profile: an operating-system lock that a dead process cannot keep."""

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from cockpit.config.ownership import read_file

ASKED_FOR_S = (0.01, 0.05)
MOST_BYTES = 10_000


class LockHeld(Exception):
    """Another engine runs this profile: attach to it, stop it, or use another --home."""


class LockUnknown(OSError):
    """The lock is there, or may be, and cannot be looked at: an engine may run. Its text is for the operator."""


class InstanceLock:
    """Holds `engine.lock` for as long as the process lives; the file says who holds it.

    The home itself is locked with it: whoever deletes the file makes no room for a second engine.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._home: int | None = None

    def acquire(self) -> None:
        """Take the lock, or raise `LockHeld` naming its holder. Raises OSError where no lock can be had there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        home = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _take(descriptor)
            _take(home)
        except BlockingIOError:
            os.close(descriptor)
            os.close(home)
            raise LockHeld(self._held_by(read_holder(self._path))) from None
        except OSError:
            os.close(descriptor)
            os.close(home)
            raise
        self._descriptor, self._home = descriptor, home
        self.write(pid=os.getpid())

    def write(self, **facts: Any) -> None:
        """Say in the file who holds it and where it answers. A full disk keeps it from saying so, not from holding."""
        self._put(json.dumps(facts) + "\n")

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two different files."""
        self._put("")
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._home is not None:
            os.close(self._home)
            self._home = None

    def _put(self, text: str) -> None:
        """Replace what the file says: one write, then what is left of the old goes; readers take the first line."""
        if self._descriptor is None:
            return
        data = text.encode()
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, data, 0)
            os.ftruncate(self._descriptor, len(data))

    def _held_by(self, holder: dict[str, Any]) -> str:
        who = f"process {holder['pid']}" if "pid" in holder else "another process"
        where = f" at {holder['url']}" if holder.get("url") else ""
        return (
            f"expected no engine on this profile, was {who}{where} (lock {self._path}): "
            "attach to it, stop it, or use another --home"
        )


def is_held(path: Path) -> bool:
    """Whether a live process holds the profile's lock. Asking shares the lock for an instant.

    Raises `LockUnknown` where that cannot be found out.
    """
    for one in (path, path.parent):
        try:
            descriptor = os.open(one, os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            unknown = f"whether an engine runs on this profile ({path.parent}) cannot be known"
            raise LockUnknown(f"{unknown}: {error.strerror} ({error.filename})") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False


def _take(descriptor: int) -> None:
    """Lock it, waiting a moment for somebody who only asks `is_held`. Raises BlockingIOError where it is held."""
    for wait_s in ASKED_FOR_S:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(wait_s)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_holder(path: Path) -> dict[str, Any]:
    """What the lock's last holder wrote about itself; empty when nobody did, or it let go.

    A killed holder could not take its word back: whether its process lives is for the caller to find out.
    """
    try:
        found = json.loads(read_file(path, MOST_BYTES).decode().partition("\n")[0])
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

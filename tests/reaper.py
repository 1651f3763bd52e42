"""No process outlives its test run: a run that is killed cannot end what it started, so a watcher beside it does.

Every process that a run starts has the run's name in its environment, however deep below it was started and whether or
not it left the run's session and process group (a detached engine does). The watcher waits for the run to be gone, and
ends whatever still carries the name. Linux only: elsewhere there is no /proc to read environments from.
"""

import os
import secrets
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

NAMES = "TEST_RUNS_BEGUN"
"""The names of the runs that a process belongs to: a worker's own, and that of the run which started the worker."""


def begin() -> subprocess.Popen[bytes] | None:
    """Give this process, and all that it will start, the name of a new run, and put a watcher beside it."""
    if not hasattr(os, "pidfd_open") or not Path("/proc/self/environ").exists():
        return None
    name = secrets.token_hex(8)
    named = [*filter(None, [os.environ.get(NAMES)]), name]
    # The watcher itself must not carry the name.
    environ = {key: value for key, value in os.environ.items() if key != NAMES}
    os.environ[NAMES] = ":".join(named)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(os.getpid()), name],
        env=environ,
        start_new_session=True,
        close_fds=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def left_by(name: str) -> list[int]:
    """The processes that carry the name of a run."""
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit() or int(place.name) == os.getpid():
            continue
        try:
            environ = (place / "environ").read_bytes()
        except OSError:
            continue
        for entry in environ.split(b"\0"):
            key, _, value = entry.partition(b"=")
            if key == NAMES.encode() and name.encode() in value.split(b":"):
                found.append(int(place.name))
    return found


def end_all(name: str) -> list[int]:
    """End every process of a run, and those that they start meanwhile; which they were."""
    ended: list[int] = []
    while left := [pid for pid in left_by(name) if pid not in ended]:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        ended += left
    return ended


def watch(pid: int, name: str) -> None:
    """Wait until a process is gone, then end what it left."""
    with suppress(ProcessLookupError):
        select.select([os.pidfd_open(pid)], [], [])
    end_all(name)


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.argv[2])

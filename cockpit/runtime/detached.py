"""An engine that outlives whoever started it: found by its socket, else started as a process of its own."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cockpit.config.ownership import opened_here
from cockpit.config.places import Places
from cockpit.runtime.output import output_of

STARTS_WITHIN_S = 30.0
POLL_EVERY_S = 0.05
USUAL_PORT = 8000
ANY_PORT = 0


class EngineDidNotStart(Exception):
    """The engine that was started ended, or did not answer in time; the message is a line for the operator."""


def engine_answers(path: Path) -> bool:
    """Whether somebody listens on this socket."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def ensure_engine(
    places: Places,
    options: Sequence[str],
    *,
    within_s: float = STARTS_WITHIN_S,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """See to it that this profile's engine runs, and say what was done. `options` are those of `cockpit engine`.

    One that starts is waited for as long as it goes on saying why, `within_s` from its last line. Where the usual port
    was taken between our look and its own it is started again, on any free one.

    Raises `EngineDidNotStart` with the engine's own last line where it cannot.
    """
    if engine_answers(places.socket):
        ignored = f": {' '.join(options)} not used" if options else ""
        return f"attached to the engine that was running{ignored}"
    places.make_home()
    output, port = output_of(places.engine_log.parent), _port()
    process = start_detached(places, options, output, port)
    deadline_s, said = time.monotonic() + within_s, ""
    while not engine_answers(places.socket):
        code = process.poll()
        line = _last_line(output)
        if code is not None and port == USUAL_PORT and _port() != port:
            port = ANY_PORT
            process = start_detached(places, options, output, port)
            deadline_s, said = time.monotonic() + within_s, ""
            continue
        if code is not None:
            raise EngineDidNotStart(line or f"the engine ended with exit code {code}: see {output}")
        if line != said:
            # It waits for a venue, and says so.
            deadline_s, said = time.monotonic() + within_s, line
        if time.monotonic() > deadline_s:
            last = f"said last: {said}" if said else "was silent"
            raise EngineDidNotStart(f"expected the engine to answer within {within_s:g} s, {last}: see {output}")
        sleep(POLL_EVERY_S)
    return f"started an engine, process {process.pid}"


def start_detached(
    places: Places, options: Sequence[str], output: Path, port: int = USUAL_PORT
) -> subprocess.Popen[bytes]:
    """Start an engine in a session of its own: no terminal, and no signal of one, ever reaches it."""
    command = [sys.executable, "-m", "cockpit", "--home", str(places.home), "--config", str(places.config), "engine"]
    with open(output, "ab", opener=opened_here) as file:
        file.truncate(0)
        return subprocess.Popen(
            [*command, "--port", str(port), *options],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _port() -> int:
    """The usual port, or any free one where another profile's engine has it."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return ANY_PORT
    return USUAL_PORT


def _last_line(output: Path) -> str:
    with contextlib.suppress(OSError):
        lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1].removeprefix("cockpit: ") if lines else ""
    return ""

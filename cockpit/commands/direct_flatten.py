"""The screen's direct road: `cockpit flatten` as a process of its own, told line by line.

It outlives the screen: in its own session no hang-up reaches it, and what it says goes into a file that nobody needs to
read, so a screen that ends in the middle stops nothing.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence

from cockpit.client.answers import one_line
from cockpit.commands.front import FLAT, NOTHING_OPEN, YES
from cockpit.config.places import Places
from cockpit.tui.flatten import Outcome

POLL_EVERY_S = 0.05


def flatten_command(places: Places) -> list[str]:
    """The emergency road of this profile, as a shell would take it."""
    return [
        sys.executable, "-m", "cockpit", "--home", str(places.home), "--config", str(places.config), "flatten", "--yes",
    ]  # fmt: skip


async def lines_of(command: Sequence[str]) -> AsyncIterator[str | Outcome]:
    """Each line that the command prints, as it comes; at last FLAT where its last line and its exit code both say so.

    A process that ends early, with whatever code, has not said flat.

    Raises `OSError` where the command cannot be started: nothing was done then.
    """
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        read, rest, last = 0, b"", ""
        while True:
            code = process.poll()  # before the last look, so that nothing it said is missed
            new = os.pread(told.fileno(), 1_000_000, read)
            read += len(new)
            *lines, rest = (rest + new).split(b"\n")
            for line in [*lines, rest] if code is not None else lines:
                if text := one_line(line.decode("utf-8", "replace")):
                    last = text
                    yield text
            if code is not None:
                yield Outcome.FLAT if code == YES and last in (FLAT, NOTHING_OPEN) else Outcome.NOT_FLAT
                return
            await asyncio.sleep(POLL_EVERY_S)

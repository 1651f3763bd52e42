"""A flatten past the engine leaves a mark beside the journal: that profile's engine honours it as a halt.

An engine that was frozen while its positions were closed must not go on as if nothing had happened, and one that is
started afterwards has to say what was done without it. The mark goes once the halt is in the journal.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from cockpit.config.ownership import put_file, read_file
from cockpit.config.places import Places

LOG = logging.getLogger("cockpit.engine")
FILE_NAME = "flattened"
POLL_EVERY_S = 0.25
MOST_CHARS = 200

Halt = Callable[[str], Awaitable[object]]


def leave_halt_mark(places: Places) -> str:
    """Say that this profile is being flattened past its engine. Returns what stood against it, empty where nothing did:
    a flatten never fails for want of a mark.
    """
    path = _path(places)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    try:
        if places.home.is_dir():
            put_file(path, f"flattened past the engine at {now} (process {os.getpid()})\n")
    except OSError as error:
        return f"{path} could not be written ({error.strerror}): an engine of this profile is not halted by this"
    return ""


def halt_mark(places: Places) -> str:
    """What the mark says, in one line; empty where there is none."""
    path = _path(places)
    try:
        if not os.path.lexists(path):
            return ""
        found = read_file(path, MOST_CHARS).decode("ascii", "replace").strip()
    except OSError:
        found = ""
    return "".join(char if char.isprintable() else "?" for char in found) or "flattened past the engine"


class HaltMarkWatch:
    """Halts the engine where there is a mark, and takes it away once the halt is written down."""

    def __init__(self, places: Places, halt: Halt) -> None:
        self._places = places
        self._halt = halt
        self._stays = ""

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            found = halt_mark(self._places)
            if found != self._stays:
                self._stays = found
                if found:
                    await self._halt(found)
                    self._stays = "" if self._take_away() else found
            await asyncio.sleep(POLL_EVERY_S)

    def _take_away(self) -> bool:
        """Whether it is gone. One that stays halts once more at each start, not four times a second."""
        path = _path(self._places)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            LOG.error("%s could not be removed (%s): no entry is sent while it is there", path, error.strerror)
            return False
        return True


def _path(places: Places) -> Path:
    return places.home / FILE_NAME

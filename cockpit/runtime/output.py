"""What a detached engine prints goes to a file in its home, of a bounded size: it may run for months."""

import asyncio
import contextlib
import os
from pathlib import Path

from cockpit.config.ownership import opened_here

OUTPUT_NAME = "engine.out"
MAX_BYTES = 5_000_000
LOOK_EVERY_S = 10.0
STREAMS = (1, 2)


def output_of(logs: Path) -> Path:
    """The file."""
    return logs / OUTPUT_NAME


async def keep_bounded(path: Path, max_bytes: int = MAX_BYTES, every_s: float = LOOK_EVERY_S) -> None:
    """For ever: begin the file anew where it has grown too large, keeping the one before it."""
    while True:
        rotate_if_ours(path, max_bytes)
        await asyncio.sleep(every_s)


def rotate_if_ours(path: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Move a file that is too large aside and print into a new one; only where our output really goes there."""
    with contextlib.suppress(OSError):
        there = path.lstat()
        ours = os.fstat(STREAMS[0])
        if there.st_size <= max_bytes or (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev):
            return False
        path.replace(path.with_name(f"{path.name}.1"))
        fresh = opened_here(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in STREAMS:
            os.dup2(fresh, stream)
        os.close(fresh)
        return True
    return False

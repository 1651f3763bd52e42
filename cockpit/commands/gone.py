"""Waiting until an engine's process is gone: its lock is free and the process has ended."""

import asyncio
import os
import select
from time import monotonic

from cockpit.config.places import Places
from cockpit.runtime.lock import is_held

LOOK_EVERY_S = 0.05


async def wait_until_gone(places: Places, pid: int, within_s: float) -> bool:
    """Whether the engine of this profile, process `pid`, was gone within so many seconds."""
    give_up_s = monotonic() + within_s
    while is_held(places.lock) or is_alive(pid):
        if monotonic() > give_up_s:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process of that number still runs; one that has ended and was not yet waited for does not."""
    if not hasattr(os, "pidfd_open"):
        return _answers_signals(pid)
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    except OSError:
        return _answers_signals(pid)
    try:
        has_ended, _, _ = select.select([handle], [], [], 0)
        return not has_ended
    finally:
        os.close(handle)


def _answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

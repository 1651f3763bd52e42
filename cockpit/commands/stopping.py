"""`cockpit stop`: ask the engine to end, and wait until it is gone."""

import asyncio
import os
import select
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING

from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.commands.front import NO, YES
from cockpit.commands.reach import client_of, no_answer
from cockpit.config.places import Places
from cockpit.runtime.lock import is_held

if TYPE_CHECKING:
    from cockpit.commands.left_open import LeftOpen

# Waiting until an engine's process is gone: its lock is free and the process has ended.

POLL_EVERY_S = 0.05


async def wait_until_gone(places: Places, pid: int, within_s: float) -> bool:
    """Whether the engine of this profile, process `pid`, was gone within so many seconds."""
    give_up_s = monotonic() + within_s
    while is_held(places.lock) or is_alive(pid):
        if monotonic() > give_up_s:
            return False
        await asyncio.sleep(POLL_EVERY_S)
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


ANSWER_WITHIN_S = 5.0
GONE_WITHIN_S = 60.0


def stop_engine(places: Places, notify: Callable[[str], None], *, flatten: bool, leave_stops: bool) -> int:
    """0 when the engine is gone as asked; 1 when it did not end, or a position is open that should not be.

    Raises `EngineUnreachable` where none runs or answers, and `EngineRefused` while positions are open and nothing was
    said about them.
    """
    return asyncio.run(_stop(places, notify, flatten, leave_stops))


async def _stop(places: Places, notify: Callable[[str], None], flatten: bool, leave_stops: bool) -> int:
    async with client_of(places, ANSWER_WITHIN_S) as client:
        try:
            pid = (await client.process()).pid
        except EngineUnreachable as error:
            raise EngineUnreachable(no_answer(places, ANSWER_WITHIN_S, error).sentence) from None
        try:
            notify(await client.stop(flatten=flatten, leave_stops=leave_stops))
        except EngineRefused as refused:
            if refused.status == HTTPStatus.CONFLICT:
                raise EngineRefused(f"{refused}: --flatten or --leave-stops", refused.status, refused.detail) from None
            raise
        except EngineUnreachable as error:
            notify(f"asked, but not answered: {error}")
    if not await wait_until_gone(places, pid, GONE_WITHIN_S):
        notify(f"expected process {pid} to be gone within {GONE_WITHIN_S:g} s, was still there: see cockpit status")
        return NO
    from cockpit.commands.left_open import left_open

    left = left_open(places.journal, newest_only=True)
    for one in left:
        notify(f"left open: {one.line}")
    notify(_farewell(pid, left, flatten))
    return NO if flatten and left else YES


def _farewell(pid: int, left: "list[LeftOpen]", flatten: bool) -> str:
    if not left:
        return f"process {pid} has ended, nothing is open"
    if flatten:
        return f"process {pid} has ended NOT FLAT: {len(left)} open, the next start goes on flattening"
    return f"process {pid} has ended, {len(left)} open with their stops: the next start takes them up"

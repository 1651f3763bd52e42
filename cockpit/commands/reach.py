"""Finding this profile's engine: it answers, it runs but does not answer, or there is none."""

import asyncio
from typing import NamedTuple

from cockpit.client.address import local
from cockpit.client.errors import EngineUnreachable
from cockpit.client.http import EngineClient
from cockpit.config.places import Places
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView
from cockpit.runtime.lock import LockUnknown, is_held, read_holder

BY = "cli"


class EngineAnswer(NamedTuple):
    """What the engine and its process said."""

    snapshot: Snapshot
    process: ProcessView


class NoAnswer(NamedTuple):
    """Why there is none. `runs` tells a process that holds the lock and does not answer from no process at all."""

    runs: bool
    sentence: str


def client_of(places: Places, timeout_s: float) -> EngineClient:
    """A client of this profile's engine, to be used as a context manager."""
    return EngineClient(local(places.socket), BY, timeout_s)


async def ask_engine(places: Places, within_s: float) -> EngineAnswer | NoAnswer:
    """One look at the engine, if it answers in time."""
    try:
        async with asyncio.timeout(within_s), client_of(places, within_s) as client:
            return EngineAnswer(await client.snapshot(), await client.process())
    except (EngineUnreachable, TimeoutError) as error:
        return no_answer(places, within_s, error)


def no_answer(places: Places, within_s: float, error: Exception) -> NoAnswer:
    """What it means that nobody answered."""
    try:
        if not is_held(places.lock):
            return NoAnswer(False, f"no engine runs on this profile ({places.home})")
    except LockUnknown as unknown:
        return NoAnswer(True, str(unknown))
    pid = read_holder(places.lock).get("pid", "unknown")
    why = str(error) or "no answer in time"
    return NoAnswer(True, f"the engine of this profile (process {pid}) does not answer within {within_s:g} s: {why}")

"""Finding this profile's engine: it answers, it runs but does not answer, or there is none."""

import asyncio
from typing import NamedTuple

from cockpit.config.places import Places
from cockpit.deck.address import local
from cockpit.deck.client import Deck
from cockpit.deck.errors import EngineUnreachable
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import ProcessView
from cockpit.runtime.lock import is_held, read_holder

BY = "cli"


class Look(NamedTuple):
    """What the engine and its process said."""

    snapshot: Snapshot
    process: ProcessView


class NoLook(NamedTuple):
    """Why there is none. `runs` tells a process that holds the lock and does not answer from no process at all."""

    runs: bool
    sentence: str


def deck_of(places: Places, timeout_s: float) -> Deck:
    """A client of this profile's engine, to be used as a context manager."""
    return Deck(local(places.socket), BY, timeout_s)


async def look_at(places: Places, within_s: float) -> Look | NoLook:
    """One look at the engine, if it answers in time."""
    try:
        async with asyncio.timeout(within_s), deck_of(places, within_s) as deck:
            return Look(await deck.snapshot(), await deck.process())
    except (EngineUnreachable, TimeoutError) as error:
        return no_look(places, within_s, error)


def no_look(places: Places, within_s: float, error: Exception) -> NoLook:
    """What it means that nobody answered."""
    if not is_held(places.lock):
        return NoLook(False, f"no engine runs on this profile ({places.home})")
    pid = read_holder(places.lock).get("pid", "unknown")
    why = str(error) or "no answer in time"
    return NoLook(True, f"the engine of this profile (process {pid}) does not answer within {within_s:g} s: {why}")

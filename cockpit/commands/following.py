"""`cockpit log`: the engine's log from its stream, as far as it goes or on and on."""

from collections.abc import AsyncGenerator, Callable
from typing import cast

import msgspec

from cockpit.client.address import local
from cockpit.client.link import LinkChange
from cockpit.client.stream import EngineStream
from cockpit.commands.front import NO, YES
from cockpit.config.places import Places
from cockpit.domain.actions import AnyAction
from cockpit.domain.stream import Frame, Hello, LogFrame
from cockpit.domain.units import utc_text
from cockpit.runtime.lock import is_held
from cockpit.runtime.narrate import line_of

HZ = 1.0


async def follow_log(places: Places, say: Callable[[str], None], *, follow: bool, as_json: bool) -> int:
    """Say every entry that the engine still has, and with `follow` every later one; 1 when no engine runs."""
    if not is_held(places.lock):
        say(f"no engine runs on this profile ({places.home}): cockpit trades and verdicts read its journal")
        return NO
    frames = cast("AsyncGenerator[Frame | LinkChange]", EngineStream(local(places.socket), HZ).frames())
    last_seq: int | None = None
    try:
        async for frame in frames:
            match frame:
                case LinkChange(connected=False) if not is_held(places.lock):
                    return YES if follow else NO
                case Hello():
                    last_seq = frame.last_seq
                case LogFrame():
                    _print(frame.entry, say, as_json)
            is_through = last_seq is not None and last_seq <= (frame.seq if isinstance(frame, LogFrame) else 0)
            if is_through and not follow:
                return YES
    finally:
        await frames.aclose()
    return YES


def _print(entry: AnyAction, say: Callable[[str], None], as_json: bool) -> None:
    if as_json:
        say(msgspec.json.encode(entry).decode())
        return
    line = line_of(entry)
    if line is not None:
        say(f"{utc_text(entry.ts_ns)[11:19]} {line}")

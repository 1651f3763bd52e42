"""The venue's own dead-man switch: should we fall silent, it takes back the entries that rest; never a stop."""

from cockpit.domain.kinds import VenueTopic
from cockpit.venues.account import VenueFailure
from cockpit.venues.timing import within
from cockpit.venues.venue_room import VenueRoom


class EntryGuard:
    """Renewed while an entry rests, disarmed once none does."""

    def __init__(self, room: VenueRoom) -> None:
        self._room = room
        self._renewed_ns: int | None = None

    async def renew(self) -> None:
        """Do what is due. A venue that refuses is told of, and nothing else depends on it."""
        room, pace = self._room, self._room.pace
        rests = any(kept.is_resting_entry and not kept.is_conditional for kept in room.live())
        if not rests and self._renewed_ns is None:
            return
        if rests and self._renewed_ns is not None and room.timing.since_s(self._renewed_ns) < pace.guard_every_s:
            return
        try:
            call = room.account.guard_entries(pace.guard_within_s if rests else 0.0)
            await within(pace.call_within_s, call, "dead-man switch")
        except VenueFailure as failure:
            room.met(failure)
            room.say(VenueTopic.NOTE, f"{room.venue} dead-man switch not set: {failure}")
            return
        self._renewed_ns = room.now_ns if rests else None

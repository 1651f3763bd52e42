"""The venue's own dead-man switch: should we fall silent, it takes back the entries that rest; never a stop."""

from cockpit.domain.kinds import VenueTopic
from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.base.timing import within
from cockpit.execution.venue_context import VenueContext


class EntryGuard:
    """Renewed while an entry rests, disarmed once none does."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._renewed_ns: int | None = None

    async def renew(self) -> None:
        """Do what is due. A venue that refuses is told of, and nothing else depends on it."""
        context, pace = self._context, self._context.pace
        rests = any(kept.is_resting_entry and not kept.is_conditional for kept in context.live())
        if not rests and self._renewed_ns is None:
            return
        if rests and self._renewed_ns is not None and context.timing.since_s(self._renewed_ns) < pace.guard_every_s:
            return
        try:
            call = context.account.guard_entries(pace.guard_within_s if rests else 0.0)
            await within(pace.call_within_s, call, "dead-man switch")
        except VenueFailure as failure:
            context.met(failure)
            context.notify(VenueTopic.NOTE, f"{context.venue} dead-man switch not set: {failure}")
            return
        self._renewed_ns = context.now_ns if rests else None

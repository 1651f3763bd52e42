"""Where questions need no key a lost one shows with the next action alone: whether it may still sign is asked for."""

from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.base.timing import within
from cockpit.execution.venue_context import VenueContext

CHECK_EVERY_S = 45.0
"""A lost key is to be known within a minute, and the question is the dearest there is."""


class KeyWatch:
    """Asks the venue about the key, and for its time: no refused signature would say that a clock has moved."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._context.timing.sleep(CHECK_EVERY_S)
            await self.check()

    async def check(self) -> None:
        """Once."""
        context = self._context
        try:
            await within(context.pace.call_within_s, context.account.check_key(), "key")
            context.keys_are_taken()
            await within(context.pace.call_within_s, context.account.ask_time(), "time")
        except VenueFailure as failure:
            context.met(failure)

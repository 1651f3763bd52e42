"""Connections held open while something stands at a venue: what sheds risk does not wait for a handshake.

A close leaves right behind the cancels of the targets that hold its quantity, each call over a connection of its own.
The library lets go of one that was idle for 15 s. Another costs the look-up of a name and two ways to the venue and
back before the order itself leaves, and the close is the last that gets one.
"""

import asyncio

from cockpit.exchanges.base.account import VenueFailure
from cockpit.exchanges.base.timing import within
from cockpit.execution.venue_context import VenueContext

EVERY_S = 6.0
MOST = 6
"""OKX answers ten questions for its time in two seconds; Binance's minute has 2,400 of weight, these take 60."""


class WarmConnections:
    """Asks the venue for next to nothing, over as many connections at once as an exit would want."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.touch()
            await self._context.timing.sleep(EVERY_S)

    @property
    def wanted(self) -> int:
        """One for each order that may have to be cancelled, and one for the close; none where nothing stands."""
        context = self._context
        live = len(context.live())
        stands = live or any(context.holds_ours(asset) for asset in context.expected)
        return min(MOST, live + 1) if stands else 0

    async def touch(self) -> None:
        """Once. That the venue did not answer is said by whoever asks it for something."""
        asked = (self._ask() for _ in range(self.wanted))
        await asyncio.gather(*asked)

    async def _ask(self) -> None:
        context = self._context
        try:
            await within(context.pace.call_within_s, context.account.touch(), "touch")
        except VenueFailure:
            return

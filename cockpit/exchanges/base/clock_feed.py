"""Keeps comparing our clock with a venue's: ages and stamps are judged by the venue's."""

import asyncio
import logging

from cockpit.domain.units import ns_to_seconds
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.base.venue_clock import ClockJump

LOG = logging.getLogger("cockpit.feeds")
EVERY_S = 60.0
AGAIN_AFTER_S = 1.0
"""An answer that contradicts those before it is asked about again so soon."""
LEAST_PAUSE_S = 5.0
"""However often its data is stamped strangely, it is asked no more often than this."""


class ClockFeed:
    """Asks the venue for its time once a minute, and soon where it seems to have jumped. Sends no events."""

    def __init__(self, exchange: Exchange) -> None:
        self.name = f"{exchange.name} clock"
        self._exchange = exchange
        self._jump: ClockJump | None = None

    async def run(self, put: Put) -> None:
        """Ask for ever. A question without an answer is asked again a minute later."""
        while True:
            try:
                await self._exchange.open()
                await self._exchange.ask_time()
                self._notify_jump()
            except FeedTrouble as trouble:
                LOG.warning("%s: %s", self.name, trouble.sentence)
            await self._pause()

    def _notify_jump(self) -> None:
        jump = self._exchange.clock.jump
        if jump is not None and jump is not self._jump:
            LOG.warning("%s", jump_text(self._exchange.name, jump))
        self._jump = jump

    async def _pause(self) -> None:
        exchange = self._exchange
        if exchange.clock.in_doubt:
            await exchange.timing.sleep(AGAIN_AFTER_S)
            return
        await exchange.timing.sleep(LEAST_PAUSE_S)
        rest = asyncio.ensure_future(exchange.timing.sleep(EVERY_S - LEAST_PAUSE_S))
        doubted = asyncio.ensure_future(exchange.time_doubted.wait())
        try:
            await asyncio.wait({rest, doubted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rest.cancel()
            doubted.cancel()


def jump_text(venue: str, jump: ClockJump) -> str:
    """A venue's clock that jumped, with both values."""
    before_s, after_s = ns_to_seconds(jump.before_ns), ns_to_seconds(jump.after_ns)
    moved = f"jumped by {after_s - before_s:+.1f} s"
    return f"{venue}'s clock {moved}: it was {before_s:+.1f} s from ours, is {after_s:+.1f} s; it is followed"

"""Keeps comparing our clock with a venue's: ages and stamps are judged by the venue's."""

import logging

from cockpit.domain.units import NS_PER_S, ns_to_seconds
from cockpit.exchanges.base.feed import Put
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.trouble import FeedTrouble

LOG = logging.getLogger("cockpit.feeds")
EVERY_S = 60.0
FAR_NS = NS_PER_S
"""From here on the operator should set this machine's clock: signed requests will be refused."""


class ClockFeed:
    """Asks the venue for its time once a minute. Sends no events."""

    def __init__(self, exchange: Exchange) -> None:
        self.name = f"{exchange.name} clock"
        self._exchange = exchange
        self._said_far = False

    async def run(self, put: Put) -> None:
        """Ask for ever. A question without an answer is asked again a minute later."""
        while True:
            try:
                await self._exchange.open()
                await self._exchange.ask_time()
                self._judge()
            except FeedTrouble as trouble:
                LOG.warning("%s: %s", self.name, trouble.sentence)
            await self._exchange.timing.sleep(EVERY_S)

    def _judge(self) -> None:
        offset_ns = self._exchange.clock.offset_ns
        is_far = abs(offset_ns) > FAR_NS
        if is_far and not self._said_far:
            away_s = abs(ns_to_seconds(offset_ns))
            side = "behind" if offset_ns > 0 else "ahead of"
            LOG.warning("this machine's clock is %.1f s %s %s's: set it", away_s, side, self._exchange.name)
        self._said_far = is_far

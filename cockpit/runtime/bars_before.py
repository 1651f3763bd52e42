"""What the watched venues' own bars say of before the start: for a chart, never for the engine or its gate."""

import asyncio
import logging
from collections.abc import Iterable

from msgspec.structs import replace

from cockpit.domain.market_detail import PastCandles
from cockpit.exchanges.base.bars import BAR_NS
from cockpit.exchanges.base.public import Exchange
from cockpit.exchanges.base.timing import BackOff, Clock, Sleep
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.runtime.market_source import OnPast

LOG = logging.getLogger("cockpit.feeds")
TRIES = 5
AGAIN_S, LONGEST_S = 15.0, 120.0


class BarsBefore:
    """One venue's, asked once its own feeds have opened it, so that they wait for nothing.

    What cannot be had after a few tries stays missing on the chart, and nowhere else. `session` tells the time that the
    engine's own candles are in.
    """

    def __init__(
        self, exchange: Exchange, assets: Iterable[str], session: Clock, tell: OnPast, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._exchange = exchange
        self._waiting = list(assets)
        self._session = session
        self._tell = tell
        self._sleep = sleep

    async def run(self) -> None:
        """Until every asset's are told, or were asked for often enough."""
        await self._exchange.opened.wait()
        back_off = BackOff(AGAIN_S, LONGEST_S)
        for nth in range(1, TRIES + 1):
            asked_s = 0.0
            for asset in tuple(self._waiting):
                try:
                    self._tell(await self._told(asset))
                    self._waiting.remove(asset)
                except FeedTrouble as trouble:
                    LOG.info("%s", trouble.sentence)
                    self._tell(PastCandles(asset, (), missing=trouble.sentence))
                    asked_s = max(asked_s, trouble.retry_after_s or 0.0)
            if not self._waiting or nth == TRIES:
                return
            await self._sleep(back_off.failed(asked_s))

    async def _told(self, asset: str) -> PastCandles:
        """By the session's clock, whatever the venue's says: whole minutes stay whole."""
        bars = await self._exchange.bars(asset)
        away_ns = round((self._session() - self._exchange.now_ns()) / BAR_NS) * BAR_NS
        return PastCandles(asset, tuple(replace(bar, start_ns=bar.start_ns + away_ns) for bar in bars))

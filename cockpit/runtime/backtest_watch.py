"""Whether a setup's results on this kind of market leave its kept backtest's interval: a look after every close."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from cockpit.config.places import Places
from cockpit.domain.actions import AnyAction, TradeChanged
from cockpit.domain.kinds import TradePhase
from cockpit.journal.backtests import read_backtests
from cockpit.journal.errors import JournalError
from cockpit.journal.reading import JournalReader
from cockpit.journal.sessions import FeedKind

LOG = logging.getLogger("cockpit.engine")
READ_EVERY_S = 600.0
"""A backtest may be kept while the engine runs."""
WRITTEN_AFTER_S = 2.0
"""A trade that closed is in the journal by then."""


class BacktestWatch:
    """`beyond` is what the screen says beside a setup; the journal is read in a thread, never by the engine's loop."""

    def __init__(
        self, places: Places, feed: FeedKind, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.beyond: Mapping[str, str] = {}
        self._places = places
        self._feed = feed
        self._sleep = sleep
        self._closed = asyncio.Event()

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        """A trade that closed is looked for soon."""
        if any(isinstance(action, TradeChanged) and action.trade.phase is TradePhase.CLOSED for action in actions):
            self._closed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._closed.clear()
            self.beyond = await asyncio.to_thread(self.read_results)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), READ_EVERY_S)
                await self._sleep(WRITTEN_AFTER_S)

    def read_results(self) -> Mapping[str, str]:
        """In words by setup, of those that leave it. What cannot be read says nothing here: the report says why."""
        try:
            kept = read_backtests(self._places.home)
            results = JournalReader(self._places.journal).results_by_setup(self._feed) if kept else {}
        except JournalError as error:
            LOG.info("results beside backtests: %s", error)
            return {}
        told = {name: kept[name].beyond(trades, total_r) for name, (trades, total_r) in results.items() if name in kept}
        return {name: words for name, words in told.items() if words}

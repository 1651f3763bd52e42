"""Pages of the gate log and of the trades: from the journal, or from memory while the journal cannot be read."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from cockpit.api.denial import Denied
from cockpit.config.journal_place import JournalPlace
from cockpit.config.model import CockpitConfig
from cockpit.domain.signal_sources import SourceScore
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict
from cockpit.journal.database import PUT_BACK
from cockpit.journal.errors import JournalError
from cockpit.journal.reading import JournalReader
from cockpit.journal.report import build_report
from cockpit.runtime.memory import Recent

LOG = logging.getLogger("cockpit.api")
JOURNAL, MEMORY = "journal", "memory"
POLL_EVERY_S = 0.01

Item = TypeVar("Item", Verdict, TradeRecord)


class Pages:
    """Reads in a thread, for at most `within_s`: a slow disk costs its caller time, never the engine.

    While the journal has not got everything, memory answers: a page without the newest would not say so.
    `found_damaged` hears of a journal that takes what is written and cannot be read any more.
    """

    def __init__(
        self,
        journal: JournalPlace,
        recent: Recent,
        within_s: float,
        is_written: Callable[[], bool],
        found_damaged: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._journal = journal
        self._found_damaged = found_damaged
        self._is_written = is_written
        self._recent = recent
        self._within_s = within_s
        self._reader: JournalReader | None = None

    async def verdicts(self, limit: int, offset: int) -> tuple[Sequence[Verdict], str]:
        """The newest verdicts first, and where they come from."""
        return await self._page(lambda: self._open().verdicts(limit, offset), self._recent.verdicts, limit, offset)

    async def trades(self, limit: int, offset: int) -> tuple[Sequence[TradeRecord], str]:
        """The newest trades first, and where they come from."""
        return await self._page(lambda: self._open().trades(limit, offset), self._recent.trades, limit, offset)

    async def trade(self, trade_id: str) -> TradeRecord | None:
        """A trade that memory has not got: one that was over before this engine started."""
        try:
            async with asyncio.timeout(self._within_s):
                return await asyncio.to_thread(lambda: self._open().line_trade(trade_id))
        except (JournalError, TimeoutError) as error:
            LOG.warning("%s cannot be looked up: %s", trade_id, error or "the journal was slow")
            return None

    async def report(self, config: CockpitConfig) -> str:
        """The report of the whole journal, as JSON. Raises `Denied` where it cannot be made in time."""
        try:
            async with asyncio.timeout(self._within_s):
                return await asyncio.to_thread(self._report, config)
        except (JournalError, TimeoutError) as error:
            reason = f"expected a report within {self._within_s:g} s, was none: {error or 'the journal was slow'}"
            raise Denied(503, "report", reason) from error

    async def source_scores(self, config: CockpitConfig) -> Sequence[SourceScore] | None:
        """The score of each source from the journal; None while it cannot be read."""
        names = [strategy.name for strategy in config.external_strategies]
        try:
            async with asyncio.timeout(self._within_s):
                return await asyncio.to_thread(lambda: self._open().source_scores(names))
        except (JournalError, TimeoutError, msgspec.MsgspecError) as error:
            LOG.warning("no scores: %s", error or "the journal was slow")
            return None

    def earlier_trades(self, limit: int) -> tuple[list[TradeRecord], str]:
        """The trades of this session's line so far, restarts included; none where the journal cannot be read."""
        try:
            return self._open().line_trades(limit), "the journal's trades since this session's line began"
        except JournalError as error:
            LOG.warning("no earlier trades: %s", error)
            return [], "memory since the engine's start: the journal could not be read"

    def _report(self, config: CockpitConfig) -> str:
        reader = JournalReader(self._journal)
        scores = reader.source_scores([strategy.name for strategy in config.external_strategies])
        return build_report(reader.evidence(None), config, by_source=scores, cut_off=reader.cut_off_sources()).as_json()

    async def _page(
        self, read: Callable[[], list[Item]], recent: OrderedDict[str, Item], limit: int, offset: int
    ) -> tuple[Sequence[Item], str]:
        try:
            async with asyncio.timeout(self._within_s):
                while not self._is_written():
                    await asyncio.sleep(POLL_EVERY_S)
                return await asyncio.to_thread(read), JOURNAL
        except (JournalError, TimeoutError, msgspec.MsgspecError) as error:
            LOG.warning("page from memory: %s", error or "the journal was slow")
            if PUT_BACK in str(error):
                self._found_damaged(str(error))
            return list(islice(reversed(recent.values()), offset, offset + limit)), MEMORY

    def _open(self) -> JournalReader:
        if self._reader is None:
            self._reader = JournalReader(self._journal)
        return self._reader

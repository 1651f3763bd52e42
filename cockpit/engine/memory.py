"""What a restart goes on from, said whenever it changed: whatever is missing here, a crash makes the engine forget."""

from typing import Any

from cockpit.domain.account import EngineMemory
from cockpit.domain.actions import MemoryChanged
from cockpit.domain.commands import Restore
from cockpit.engine.answered_ids import AnsweredIds
from cockpit.engine.band_updates import BandUpdates
from cockpit.engine.decisions import Decisions
from cockpit.engine.outbox import Outbox
from cockpit.engine.paper_tracks import PaperTracks
from cockpit.engine.personal_alarms import PersonalAlarms
from cockpit.engine.risk import Risk
from cockpit.engine.sources import SourceBook


class Memory:
    """The engine's memory beside its trades and orders, which say of themselves what changed."""

    def __init__(
        self,
        risk: Risk,
        decisions: Decisions,
        answered: AnsweredIds,
        bands: BandUpdates,
        alarms: PersonalAlarms,
        sources: SourceBook,
        tracks: PaperTracks,
    ) -> None:
        self._risk = risk
        self._decisions = decisions
        self._answered = answered
        self._bands = bands
        self._alarms = alarms
        self._sources = sources
        self._tracks = tracks
        self._remembered: tuple[Any, ...] = ()

    def remember(self, out: Outbox) -> None:
        """Said only where it differs from what was said last."""
        accountant, decisions = self._risk.accountant, self._decisions
        parts = (
            accountant.mode,
            self._risk.state,
            accountant.account,
            decisions.next_verdict,
            decisions.next_trade,
            self._answered.count,
            accountant.others,
            self._bands.accepted,
            self._alarms.levels,
            self._sources.memory,
            self._tracks.memory,
        )
        if parts == self._remembered:
            return
        self._remembered = parts
        memory = EngineMemory(
            mode=accountant.mode,
            state=self._risk.state,
            account=accountant.account,
            next_verdict=decisions.next_verdict,
            next_trade=decisions.next_trade,
            signal_ids=self._answered.ids,
            other_accounts=accountant.others,
            accepted_bands=self._bands.accepted,
            alarms=self._alarms.levels,
            sources=self._sources.memory,
            paper_tracks=self._tracks.memory,
        )
        out.add(MemoryChanged(out.now_ns, memory))

    def restore(self, restore: Restore) -> None:
        """Count on where the earlier engine stopped; an answered signal stays answered."""
        memory = restore.memory
        self._risk.accountant.restore(memory.mode, memory.account, memory.other_accounts)
        self._decisions.next_verdict, self._decisions.next_trade = memory.next_verdict, memory.next_trade
        self._answered.restore(memory.signal_ids, (*restore.signalled, *restore.trades))
        self._bands.restore(memory.accepted_bands)
        self._alarms.restore(memory.alarms)
        self._sources.restore(memory.sources)
        self._tracks.restore(memory.paper_tracks)

"""Who has to be woken, and when: the fences of an asset's prices, and the instant at which time alone brings something.

Nearly every event falls between the fences and before that instant. Too near, or too early, only costs time; too far,
or too late, and a setup, a trailing stop or an alarm sleeps through what it waited for.
"""

from collections.abc import Mapping, Sequence

from cockpit.domain.units import NS_PER_S
from cockpit.engine.book import TradeBook
from cockpit.engine.paper_tracks import PaperTracks
from cockpit.engine.personal_alarms import PersonalAlarms
from cockpit.market.market import Market
from cockpit.setups.base import Setup

WATCH_NS = NS_PER_S


class WakePlan:
    """`due_ns` is when time alone next brings something: a bar's end, the watch, a time stop, a setup's own instant."""

    __slots__ = (
        "_alarms",
        "_beside",
        "_book",
        "_market",
        "_setups",
        "_setups_of",
        "_tracks",
        "_watch_due_ns",
        "due_ns",
    )

    def __init__(
        self,
        market: Market,
        setups_of: Mapping[str, Sequence[Setup]],
        book: TradeBook,
        alarms: PersonalAlarms,
        tracks: PaperTracks,
        start_ns: int,
    ) -> None:
        self._market = market
        self._setups_of = setups_of
        self._setups = tuple(dict.fromkeys(setup for setups in setups_of.values() for setup in setups))
        self._book = book
        self._alarms = alarms
        self._tracks = tracks
        self._beside = {
            asset: tuple(dict.fromkeys((asset, *(one for setup in setups for one in setup.watched))))
            for asset, setups in setups_of.items()
        }
        """What else the setups of an asset watch: where their fences may change with what happens to it."""
        self._watch_due_ns = start_ns
        self.due_ns = start_ns
        self.set_all_fences()

    def is_watch_due(self, now_ns: int) -> bool:
        """Once a second: whether the second of the last watch is over. The next one counts from now."""
        if now_ns < self._watch_due_ns:
            return False
        self._watch_due_ns = (now_ns // WATCH_NS + 1) * WATCH_NS
        return True

    def plan(self) -> None:
        """Something that is waited for has changed, or has been."""
        dues = (setup.due_ns for setup in self._setups)
        due_ns = min((self._market.next_bar_ns, self._watch_due_ns, *(one for one in dues if one is not None)))
        self.due_ns = self._tracks.next_due_ns(self._book.next_due_ns(due_ns))

    def set_all_fences(self) -> None:
        for asset in self._setups_of:
            self.set_fences(asset)

    def set_fences_beside(self, asset: str) -> None:
        """Of an asset, and of all that its setups watch."""
        for one in self._beside[asset]:
            self.set_fences(one)

    def set_fences(self, asset: str) -> None:
        """Between the fences no setup waits for a price, and before it is due none waits for time: nobody is woken."""
        setups = self._setups_of[asset]
        others = (self._book.fences(asset), self._alarms.fences(asset), self._tracks.fences(asset))
        wanted = (*(setup.fences(asset) for setup in setups), *others)
        market = self._market.assets[asset]
        market.fence_low = max(low for low, _ in wanted)
        market.fence_high = min(high for _, high in wanted)
        dues = (setup.due_ns for setup in setups)
        self.due_ns = min((self.due_ns, *(due_ns for due_ns in dues if due_ns is not None)))

"""One flatten: our trades close at once, then every venue is swept until it says flat twice. No timer ends it."""

from cockpit.domain.actions import FlattenVenues
from cockpit.domain.kinds import ExitReason
from cockpit.domain.units import NS_PER_MS
from cockpit.engine.outbox import Outbox
from cockpit.engine.trade_life import TradeLife

FLAT_READS = 2


class Flattening:
    """The steps of a running flatten, with the time each took since the start."""

    def __init__(self, reason: str, venues: tuple[str, ...], started_ns: int) -> None:
        self.reason = reason
        self.steps: list[str] = []
        self._started_ns = started_ns
        self._flat_reads = dict.fromkeys(venues, 0)
        self._swept = False

    def start(self, trades: list[TradeLife], out: Outbox) -> None:
        """Freeze, and send every close."""
        self._step(f"FREEZE: no entry can start ({self.reason})", out)
        for trade in trades:
            trade.close(ExitReason.FLATTEN, self.reason, out)
        self._step(f"CLOSE: {len(trades)} trades told to leave at market, reduce-only", out)

    def go_on(self, trades: list[TradeLife], out: Outbox) -> None:
        """Once our own trades are closed, sweep the venues for whatever else is there."""
        if self._swept or trades:
            return
        self._swept = True
        self._step("SWEEP: own trades closed, asking every venue for positions and orders", out)
        out.add(FlattenVenues(out.now_ns, tuple(self._flat_reads), self.reason))

    def on_flat(self, venue: str, out: Outbox) -> None:
        """A venue said it holds nothing."""
        if venue in self._flat_reads and self._flat_reads[venue] < FLAT_READS:
            self._flat_reads[venue] += 1
            self._step(f"{venue} says flat ({self._flat_reads[venue]} of {FLAT_READS})", out)

    @property
    def is_flat(self) -> bool:
        """Whether every venue said flat twice after our own trades closed."""
        return self._swept and all(reads >= FLAT_READS for reads in self._flat_reads.values())

    def finish(self, out: Outbox) -> None:
        """Say so."""
        self._step("FLAT", out)

    def _step(self, text: str, out: Outbox) -> None:
        after_ms = (out.now_ns - self._started_ns) // NS_PER_MS
        self.steps.append(f"+{after_ms} ms {text}")
        out.notice("info", "flatten", self.steps[-1])

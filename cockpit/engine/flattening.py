"""One flatten: our trades close at once, then each venue is swept until it says flat twice. No timer ends it."""

from collections.abc import Collection

from cockpit.domain.actions import FlattenVenues, QueryPosition
from cockpit.domain.events import FLAT_READS, VenuePosition
from cockpit.domain.kinds import ExitReason
from cockpit.domain.numbers import counted
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.engine.outbox import Outbox
from cockpit.engine.trade_life import TradeLife

ASK_AFTER_NS = NS_PER_S // 2
"""A venue that leaves our own closes unanswered for so long is asked what it holds; swept once it answers that."""
SWEEP_ANYWAY_NS = 5 * NS_PER_S
"""A venue that leaves our own closes unanswered for so long is swept all the same."""


class Flattening:
    """The steps of a running flatten, with the time each took since the start."""

    def __init__(self, reason: str, venues: tuple[str, ...], started_ns: int) -> None:
        self.reason = reason
        self.steps: list[str] = []
        self._started_ns = started_ns
        self._unswept = list(venues)
        self._flat_reads: dict[str, int] = {}
        self._asked: set[str] = set()
        self._answers: set[str] = set()

    def start(self, trades: list[TradeLife], out: Outbox) -> None:
        """Freeze, and send every close."""
        self._step(f"FREEZE: no entry can start ({self.reason})", out)
        for trade in trades:
            trade.close(ExitReason.FLATTEN, self.reason, out)
        self._step(f"CLOSE: {counted(len(trades), 'trade')} closing at market, reduce-only", out)

    def ask(self, trades: list[TradeLife], busy: Collection[str], out: Outbox) -> None:
        """Ask a venue that has not answered a close for a position there: whether it is the venue that hangs."""
        if out.now_ns - self._started_ns < ASK_AFTER_NS:
            return
        for trade in trades:
            venue = trade.record.venue
            if venue in self._unswept and venue in busy and venue not in self._asked:
                self._asked.add(venue)
                out.add(QueryPosition(out.now_ns, venue, trade.record.asset))

    def on_position(self, position: VenuePosition, out: Outbox) -> None:
        """A venue that was asked answers: only the close hangs. One that said flat and lists a position is not."""
        venue = position.venue
        if position.qty == 0.0:
            return
        if self._flat_reads.get(venue, 0) >= FLAT_READS:
            del self._flat_reads[venue]
            self._unswept.append(venue)
            self._answers.add(venue)
            held = f"{position.qty:+.10g} {position.asset}"
            self._step(f"{venue} said flat and lists {held} now: it is swept again", out, "critical")
        elif venue in self._asked and venue in self._unswept and venue not in self._answers:
            self._answers.add(venue)
            self._step(f"{venue} answers, but not to our close: it is swept now", out)

    def go_on(self, busy: Collection[str], out: Outbox) -> tuple[str, ...]:
        """Sweep each venue for whatever else is there, once none of our trades is open on it; those swept now."""
        is_late = out.now_ns - self._started_ns >= SWEEP_ANYWAY_NS
        due = tuple(venue for venue in self._unswept if is_late or venue in self._answers or venue not in busy)
        if not due:
            return ()
        self._unswept = [venue for venue in self._unswept if venue not in due]
        self._flat_reads.update(dict.fromkeys(due, 0))
        self._step(f"SWEEP: asking {', '.join(due)} to close every position and order there is", out)
        out.add(FlattenVenues(out.now_ns, due, self.reason))
        return due

    def on_flat(self, venue: str, out: Outbox) -> None:
        """A venue said it holds nothing. What it said before it was swept does not count."""
        if self._flat_reads.get(venue, FLAT_READS) < FLAT_READS:
            self._flat_reads[venue] += 1
            self._step(f"{venue} says flat ({self._flat_reads[venue]} of {FLAT_READS})", out)

    def emit(self, text: str, out: Outbox, is_grave: bool = False) -> None:
        """A venue tells a step of its own."""
        self._step(text, out, "critical" if is_grave else "info")

    @property
    def is_flat(self) -> bool:
        """Whether every venue was swept and said flat twice since."""
        return not self._unswept and all(reads >= FLAT_READS for reads in self._flat_reads.values())

    def finish(self, out: Outbox) -> None:
        """Say so."""
        self._step("FLAT", out)

    def _step(self, text: str, out: Outbox, severity: str = "info") -> None:
        after_ms = (out.now_ns - self._started_ns) // NS_PER_MS
        self.steps.append(f"+{after_ms} ms {text}")
        out.notice(severity, "flatten", self.steps[-1])

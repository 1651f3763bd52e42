"""One flatten: our trades close at once, then each venue is swept until it says flat twice. No timer ends it.

Nor does a book that waits for words which never come hold it up: what it still has while every venue is flat is held
against two more looks at the whole accounts, and then it is the book that was wrong. Not before its executions there
could be read: a venue may be flattened before its account is open.
"""

from collections.abc import Collection

from cockpit.domain.actions import FlattenVenues, QueryPosition
from cockpit.domain.events import FLAT_READS, VenueFlat, VenuePosition
from cockpit.domain.kinds import ExitReason
from cockpit.domain.numbers import counted
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_MS, NS_PER_S
from cockpit.engine.outbox import Outbox
from cockpit.engine.trade_life import TradeLife

ASK_AFTER_NS = NS_PER_S // 2
"""A venue that leaves our own closes unanswered for so long is asked what it holds; swept once it answers that."""
SWEEP_ANYWAY_NS = 5 * NS_PER_S
"""A venue that leaves our own closes unanswered for so long is swept all the same."""
UNCHANGED_NS = 2 * NS_PER_S
"""Trades that stand for so long, with nothing told of them, while every venue is flat, are not waited for."""


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
        self._unread: set[str] = set()
        """The venues whose executions could not be read when they were flat."""
        self._positions_seen: set[tuple[str, str]] = set()
        self._left: list[TradeRecord] = []
        self._left_ns = started_ns
        self._is_checked = self._was_contradicted = False

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
        self._positions_seen.add((venue, position.asset))
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

    def on_flat(self, flat: VenueFlat, out: Outbox) -> None:
        """A venue said it holds nothing. What it said before it was swept does not count."""
        venue = flat.venue
        if self._flat_reads.get(venue, FLAT_READS) >= FLAT_READS:
            return
        self._flat_reads[venue] += 1
        self._step(f"{venue} says flat ({self._flat_reads[venue]} of {FLAT_READS})", out)
        if flat.lacks_fills and self._flat_reads[venue] == FLAT_READS:
            self._unread.add(venue)
            self._step(f"{venue} is not open yet: what was closed there is booked once it is", out)

    def emit(self, text: str, out: Outbox, is_grave: bool = False) -> None:
        """A venue tells a step of its own."""
        self._step(text, out, "critical" if is_grave else "info")

    @property
    def is_flat(self) -> bool:
        """Whether every venue was swept and said flat twice since."""
        return not self._unswept and all(reads >= FLAT_READS for reads in self._flat_reads.values())

    def contradicts(self, trades: list[TradeLife], out: Outbox) -> bool:
        """Whether every venue was found flat twice more since anything was told of what the book still has."""
        left = [trade.record for trade in trades]
        if any(self._is_unread(record) for record in left):
            return False
        if left != self._left:
            self._left, self._left_ns, self._is_checked = left, out.now_ns, False
        if self._is_checked:
            self._was_contradicted = True
        elif out.now_ns - self._left_ns >= UNCHANGED_NS:
            self._is_checked = True
            held = "; ".join(map(_held_text, left))
            self._step(f"every venue is flat, and our book has {held}: each is looked at twice more", out, "critical")
            self._unswept = sorted({record.venue for record in left})
            self._answers.update(self._unswept)
        return self._is_checked and not self._unswept

    def _is_unread(self, record: TradeRecord) -> bool:
        """Whether the venue has not told yet what closed it: a position is told after its executions."""
        return record.venue in self._unread and (record.venue, record.asset) not in self._positions_seen

    def is_over(self, trades: list[TradeLife]) -> bool:
        """Whether nothing is held any more, at the venues and in the book: an entry that is asked for holds none up."""
        is_held = any(trade.record.open_qty > 0 for trade in trades)
        return self.is_flat and (not trades or (self._was_contradicted and not is_held))

    def finish(self, left: list[TradeLife], out: Outbox) -> None:
        """Say so, and what the venues are still asked about: should it fill, it is closed."""
        for trade in left:
            entry = f"its entry {trade.record.entry_order_id} of {trade.record.asked_qty:.10g}"
            self._step(f"{_held_text(trade.record)}: nobody knows yet what became of {entry}", out, "critical")
            trade.reasking.is_left_to_the_sweep = False
        self._step("FLAT", out)

    def _step(self, text: str, out: Outbox, severity: str = "info") -> None:
        after_ms = (out.now_ns - self._started_ns) // NS_PER_MS
        self.steps.append(f"+{after_ms} ms {text}")
        out.notice(severity, "flatten", self.steps[-1])


def _held_text(record: TradeRecord) -> str:
    qty = record.side.sign * record.open_qty
    return f"{record.trade_id} {record.phase.value} with {qty:+.10g} {record.asset} on {record.venue}"

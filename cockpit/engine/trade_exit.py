"""A trade's way out: closed at market, by its stop or its targets, by another's order, or gone without any.

A close that was refused is asked for again, what is held first; the books close once nothing is open or could fill.
"""

from msgspec.structs import replace

from cockpit.domain.actions import FillBooked, QueryOrder, QueryPosition, TradeChanged
from cockpit.domain.events import OrderFilled, VenuePosition
from cockpit.domain.kinds import ExitReason, OrderRole, OrderStatus, OrderType, TradePhase
from cockpit.domain.orders import OrderProgress
from cockpit.domain.units import seconds_to_ns
from cockpit.engine import booking, outside
from cockpit.engine.booking import Excursion, UnsettledEntry, with_exit_slippage
from cockpit.engine.outbox import Outbox
from cockpit.engine.tickets import Tickets
from cockpit.engine.trade_by_hand import TradeByHand

BRISK = 5
"""So many refusals may pass with the moment that caused them; more are a standing state of things."""
LONGEST_S = 30
BRISK_S = 0.5
MOST_DOUBLINGS = 5


class Reasking:
    """Whether the venue's word on a position whose close was refused is waited for, and how hard it may be asked for.

    At once, some times after half a second, then after 2, 4 ... 30 s: it never gives up, and never hammers. The time
    counts from the close before: one that was lost has waited for long when that is known.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self.is_left_to_the_sweep = False
        self._refusals = 0
        self._due_ns = 0
        self._sent_ns = 0

    def refused(self, now_ns: int) -> None:
        """A close was refused: the position is asked for, the later the more often that has happened."""
        doublings = min(self._refusals - BRISK, MOST_DOUBLINGS)
        wait_s = min(LONGEST_S, 2**doublings) if doublings > 0 else BRISK_S
        self._due_ns = now_ns if self._refusals == 0 else max(now_ns, self._sent_ns + seconds_to_ns(wait_s))
        self._refusals += 1
        self.is_wanted = True

    def sent_anew(self, now_ns: int) -> None:
        """What is held was told, and another close went out."""
        self._sent_ns = now_ns
        self.is_wanted = False

    def went_through(self) -> None:
        """A close filled: the next refusal is a first one again."""
        self._refusals = 0
        self._due_ns = 0

    def leave_to_the_sweep(self) -> None:
        """The whole venue is being flattened from its own truth: two that close one position disturb each other."""
        self.is_left_to_the_sweep = True

    def is_due(self, now_ns: int) -> bool:
        """Whether to ask, and to act on the answer, now."""
        return self.is_wanted and not self.is_left_to_the_sweep and now_ns >= self._due_ns


class TradeExit(TradeByHand):
    """The part of a trade's life that ends it. `TradeLife` is the rest of it, and has what this needs."""

    excursion: Excursion
    unsettled: UnsettledEntry
    _tickets: Tickets

    def __init__(self) -> None:
        super().__init__()
        self.reasking = Reasking()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left at the venue as far as the books say."""
        return self.record.phase in (TradePhase.CLOSED, TradePhase.ABANDONED)

    def on_position(self, position: VenuePosition, price: float | None, out: Outbox) -> None:
        """The venue answered what it holds: close the rest again, or accept that somebody else closed it."""
        if not self.reasking.is_wanted:
            return
        held = max(0.0, self.record.side.sign * position.qty)
        if held < self._instrument.lot / 2:
            self.reasking.is_wanted = False
            self.closed_outside(price, out)
        elif self.reasking.is_due(out.now_ns):
            self.reasking.sent_anew(out.now_ns)
            self._send_close(min(held, self.record.open_qty), out)

    def closed_outside(self, price: float | None, out: Outbox) -> None:
        """The position is gone without an order of ours; its result is taken at `price`, nobody told the real one."""
        self._take_out_twice_booked(out)
        was = self.record
        if was.open_qty <= 0:
            self._finish_if_flat(out)
            return
        price = was.entry_price if price is None else price
        detail = outside.guessed_text(was, price)
        out.notice("critical", "position", f"{was.trade_id}: {detail}")
        self.record = booking.gone(was, price, detail, self._instrument.lot)
        if not self._finish_if_flat(out):
            self._emit("gone", out)

    def _take_out_twice_booked(self, out: Outbox) -> None:
        """What a position had shown of an entry that was given up, and what filled of it later, were the same."""
        was = self.record
        self.record = self.unsettled.once(was)
        if self.record.entry_qty < was.entry_qty:
            what = f"{was.entry_qty - self.record.entry_qty:.10g} {was.asset}"
            told = f"{was.trade_id}'s entry was booked as {was.entry_qty:.10g}: {what} of it twice"
            out.notice("critical", "position", f"{told}, nothing of that is held")
            self._emit("entry_corrected", out)

    def absorb(self, fill: OrderFilled, qty: float, out: Outbox) -> None:
        """Another's order took `qty` of this trade's position, as the venue knows but one: book it here."""
        if outside.is_foreign(fill):
            out.notice("critical", "position", f"{self.record.trade_id}: {outside.taken_text(fill, self.record)}")
        fill_id, fee_usd = f"{fill.fill_id}/{self.record.trade_id}", fill.fee_usd * qty / fill.qty
        what = (fill_id, qty, fill.price, fee_usd, fill.is_maker)
        out.add(FillBooked(out.now_ns, fill.order_id, self.record.trade_id, *what))
        was = self.record
        self.excursion.on_price(was, fill.price)
        left = booking.with_exit(was, qty, fill.price, fee_usd, self._instrument.lot)
        self.record = with_exit_slippage(left, was, None)
        if self.record.open_qty <= 0:
            reason, detail = outside.ended_by(fill, self.record)
            self.record = replace(self.record, exit_reason=reason, exit_detail=detail)
        self._emit("exit_shared", out)
        if not self._finish_if_flat(out) and self.record.phase is TradePhase.OPEN and self.record.open_qty > 0:
            self._resize_stop(out)
            self._targets.shorten(self.record, out)

    def close_uncovered(self, out: Outbox) -> None:
        """No stop in time: leave at once, and go on asking for the stop."""
        missing = self._stop.failing(self.record, out.now_ns)
        if missing is None or self.record.phase is not TradePhase.OPEN:
            return
        out.notice("critical", "stop", f"{self.record.trade_id}: {missing}: closing at once")
        out.add(QueryOrder(out.now_ns, self.record.stop_order_id, self.record.venue, self.record.asset))
        self.close(ExitReason.NO_STOP, missing, out)

    def close(self, reason: ExitReason, detail: str, out: Outbox) -> None:
        """Leave at market now, reduce-only. The stop stays until the position is seen flat."""
        if self.is_over or self.record.phase is TradePhase.CLOSING:
            return
        self.record = replace(self.record, phase=TradePhase.CLOSING, exit_reason=reason, exit_detail=detail)
        self._orders.cancel(self.record.entry_order_id, out)
        self._targets.take_back(self.record, out)
        self._emit("closing", out)
        if self.record.open_qty > 0:
            self._send_close(self.record.open_qty, out)

    def _on_exit_fill(
        self, fill: OrderFilled, progress: OrderProgress, slippage_bps: float | None, out: Outbox
    ) -> None:
        was = self.record
        left = booking.with_exit(was, fill.qty, fill.price, fill.fee_usd, self._instrument.lot)
        rungs = booking.filled_rungs(was.rungs, fill.order_id, progress.filled_qty)
        self.record = replace(with_exit_slippage(left, was, slippage_bps), rungs=rungs)
        role = progress.request.role
        if role is OrderRole.STOP and was.exit_reason in (None, ExitReason.NO_STOP):
            # A stop that filled was there, whatever was concluded before it was heard of.
            self.record = replace(
                self.record,
                exit_reason=booking.stop_reason(self.record, progress.request.trigger_price),
                exit_detail="",
            )
            self._orders.cancel(self.record.entry_order_id, out)
        elif role is OrderRole.CLOSE:
            self.reasking.went_through()
        self._emit(f"{role.value}_filled", out)
        if not self._finish_if_flat(out) and was.phase is TradePhase.OPEN:
            self._keep_covered(progress, out)

    def _keep_covered(self, progress: OrderProgress, out: Outbox) -> None:
        """After part of an open position left: the stop follows its size, and after a whole target its price."""
        is_whole = progress.status is OrderStatus.FILLED
        if progress.request.role is OrderRole.TARGET and self.record.open_qty > 0:
            if is_whole and not self.record.stop_at_entry:
                self._move_stop_to_entry(out)
            else:
                self._resize_stop(out)
        elif progress.request.role is OrderRole.CLOSE:
            if is_whole:
                self._resize_stop(out)
        elif is_whole and progress.request.order_id == self.record.stop_order_id:
            self.close(self.record.exit_reason or ExitReason.STOP, "its stop filled for less than was open", out)

    def _move_stop_to_entry(self, out: Outbox) -> None:
        self.record = self._stop.moved_to_entry(self.record, out)
        self._emit("stop_to_entry", out)

    def _resize_stop(self, out: Outbox) -> None:
        self.record = self._stop.placed(self.record, self.record.stop_price, out)
        self._emit("stop_resized", out)

    def _on_close_gone(self, progress: OrderProgress, out: Outbox) -> None:
        """Ask what is really held, the first time at once and then ever later: a refusal is no reason to hammer."""
        if self.record.phase is TradePhase.OPEN:
            self._on_part_gone(progress, out)
            return
        what = f"{self.record.trade_id} not closed, {self.record.open_qty:g} {self.record.asset} still open"
        out.notice("critical", "close", f"{what}: {progress.status.value} by {self.record.venue}: {progress.detail}")
        self.reasking.refused(out.now_ns)
        if self.reasking.is_due(out.now_ns):
            self._ask_position(out)

    def _ask_position(self, out: Outbox) -> None:
        out.add(QueryPosition(out.now_ns, self.record.venue, self.record.asset))

    def _send_close(self, qty: float, out: Outbox) -> None:
        qty = booking.whole_lots(qty, self._instrument.lot)
        request = self._tickets.write(self.record, OrderRole.CLOSE, OrderType.MARKET, qty, out.now_ns)
        decided_at = self._exit_price(self.record) or 0.0
        self._orders.place(replace(request, decision_price=decided_at), out)

    def _finish_if_flat(self, out: Outbox) -> bool:
        """Flat, and no entry that could still fill: sweep what rests and close the books."""
        if self.record.open_qty > 0 or self.is_over:
            return self.is_over
        self._orders.cancel(self.record.entry_order_id, out)
        if self._orders.is_live(self.record.entry_order_id):
            return False
        self._orders.cancel_all(self.record.trade_id, out)
        self.record = booking.closed(self.record, out.now_ns)
        self._emit("closed", out)
        return True

    def _emit(self, change: str, out: Outbox) -> None:
        self.record = self.excursion.noted(self.record)
        out.add(TradeChanged(out.now_ns, self.record, change))

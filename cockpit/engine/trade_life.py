"""A trade's life: entry, protective stop before anything else, target ladder, stop to entry, close."""

from collections.abc import Callable

from msgspec.structs import replace

from cockpit.config.venues import Instrument
from cockpit.domain.actions import AdoptPosition, FillBooked
from cockpit.domain.events import FillInferred, OrderEvent, OrderFilled
from cockpit.domain.kinds import ExitReason, OrderRole, OrderStatus, OrderType, TradePhase
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import bps_between, seconds_to_ns
from cockpit.domain.verdict import Proposal
from cockpit.engine import booking
from cockpit.engine.booking import Excursion, UnsettledEntry, fill_slippage_bps
from cockpit.engine.ladder import TargetLadder
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.stop_coverage import ProtectiveStop, StopCoverage
from cockpit.engine.tickets import Tickets
from cockpit.engine.trade_exit import Reasking, TradeExit

SELLING = (OrderRole.CLOSE, OrderRole.TARGET)


class TradeLife(TradeExit):
    """One trade and the orders that carry it. Every method books into `record` and decides into the outbox."""

    def __init__(
        self,
        record: TradeRecord,
        instrument: Instrument,
        round_trip_fee_bps: float,
        orders: OrderManager,
        coverage: StopCoverage,
        exit_price: Callable[[TradeRecord], float | None],
        trail_step_bps: float,
        is_watched_elsewhere: bool = False,
    ) -> None:
        super().__init__()
        self.record = record
        self._instrument = instrument
        self._orders = orders
        self._exit_price = exit_price
        self.excursion = Excursion(record)
        self._tickets = Tickets()
        self._stop = ProtectiveStop(instrument, round_trip_fee_bps, orders, coverage, self._tickets)
        self._targets = TargetLadder(instrument, orders, self._tickets)
        self.unsettled = UnsettledEntry(instrument.lot, round_trip_fee_bps / 2.0)
        self._trail_step_bps = trail_step_bps
        self._is_watched_elsewhere = is_watched_elsewhere

    @property
    def due_ns(self) -> int | None:
        """When time alone next brings it something while it is open: its time stop, or a stop that does not rest."""
        return min((due for due in (self.record.time_stop_ns, self.stop_due_ns) if due is not None), default=None)

    @property
    def stop_due_ns(self) -> int | None:
        """When it must go unless its stop rests by then; None while that covers all of it."""
        return self._stop.coverage.due_ns

    @property
    def awaits_entry(self) -> bool:
        """Whether more of its entry may still fill."""
        return self._orders.is_live(self.record.entry_order_id)

    def enter(self, proposal: Proposal, out: Outbox) -> None:
        """Send the entry: at market, or as a limit order with a time limit."""
        limit_price = proposal.entry_limit_price
        expires_ns = None
        if limit_price is not None and proposal.entry_wait_s is not None:
            expires_ns = out.now_ns + seconds_to_ns(proposal.entry_wait_s)
        order_type = OrderType.MARKET if limit_price is None else OrderType.LIMIT
        request = self._tickets.write(
            self.record, OrderRole.ENTRY, order_type, self.record.asked_qty, out.now_ns, limit_price=limit_price
        )
        self.record = replace(self.record, entry_order_id=request.order_id)
        self._orders.place(replace(request, expires_ns=expires_ns, post_only=proposal.post_only), out)
        self._emit("sent", out)

    def adopted(self, out: Outbox) -> None:
        """It was held before it was ours: its venue is told that it is, and its stop goes out before anything else."""
        record = self.record
        out.add(AdoptPosition(out.now_ns, record.venue, record.asset, record.side.sign * record.open_qty))
        self._protect(out, "opened")
        self._stop.review(self.record, out.now_ns)

    def restore(self, out: Outbox) -> None:
        """Go on after a restart: see to it that a stop is there, one only, and then the targets."""
        record, own = self.record, self._orders.of_trade(self.record.trade_id)
        self._tickets.go_on_after(record, self._orders.ever_of_trade(record.trade_id))
        entry = self._orders.find(record.entry_order_id)
        if entry is not None:
            self.unsettled.restore(record, entry.filled_qty, entry.average_price)
        self.record = self._stop.restore(record, own)
        if record.phase is TradePhase.CLOSING:
            # Whoever asked for that before the restart may not have been heard.
            self._orders.cancel(record.entry_order_id, out)
        if self.record.stop_unseen:
            self._emit("restored", out)
        self._check_coverage(out)

    def on_order(self, event: OrderEvent, progress: OrderProgress, out: Outbox) -> None:
        """The venue spoke of one of this trade's orders."""
        if isinstance(event, OrderFilled):
            self._on_fill(event, progress, out)
        elif progress.status is OrderStatus.WORKING and progress.request.order_id == self.record.stop_order_id:
            self._stop_rests(out)
        elif progress.status in (OrderStatus.REJECTED, OrderStatus.CANCELLED):
            self._on_gone(progress, out)
        if progress.status is OrderStatus.UNKNOWN and progress.request.order_id == self.record.stop_order_id:
            self._on_stop_unknown(progress, out)
        self._stop.review(self.record, out.now_ns)

    def _on_stop_unknown(self, progress: OrderProgress, out: Outbox) -> None:
        """One that rested, or that a restart cut off on its way, and is nowhere to be found gets a successor at once:
        two stops harm less than none.
        """
        record, order_id = self.record, progress.request.order_id
        rested = record.stop_rests_on_venue or record.stop_unseen or self._stop.is_unproven(order_id)
        self._stop.settle(order_id)
        self.record = replace(record, stop_rests_on_venue=False, stop_unseen=False)
        out.notice("critical", "stop", f"{record.trade_id} stop unknown at the venue: {progress.detail}")
        self._emit("stop_unknown", out)
        if rested and self.record.open_qty > 0 and not self.is_over:
            self.record = self._stop.placed(self.record, self.record.stop_price, out)
            self._emit("protected", out)

    def on_inferred_fill(self, seen: FillInferred, out: Outbox) -> None:
        """Part of the entry has executed that no list shows yet: it is protected like any other part, at once."""
        was = self.record
        inferred = self.unsettled.infer(was, seen)
        if inferred is not None:
            self._entered(was, inferred, seen.average_price, seen.ts_ns, out)
            self._stop.review(self.record, out.now_ns)

    def unknown_qty(self, seen: FillInferred) -> float:
        """How much of that the books do not have yet."""
        return self.unsettled.unknown_qty(self.record, seen)

    def on_funding(self, amount_usd: float, paid_ns: int, out: Outbox) -> None:
        """Book this trade's share of a funding payment; > 0 was received."""
        was = self.record
        self.record = replace(
            was, funding_usd=was.funding_usd + amount_usd, funding_until_ns=max(was.funding_until_ns, paid_ns)
        )
        self._emit("funding", out)

    def on_time(self, out: Outbox) -> None:
        """A second passed: expire a limit entry, run the time stop, ask again for a close that did not go through."""
        entry = self._orders.get(self.record.entry_order_id)
        if entry is not None and entry.request.expires_ns is not None and out.now_ns >= entry.request.expires_ns:
            self._orders.cancel(self.record.entry_order_id, out)
        due_ns = self.record.time_stop_ns
        if due_ns is not None and out.now_ns >= due_ns and self.record.phase is TradePhase.OPEN:
            self.close(ExitReason.TIME_STOP, f"held {self.record.max_hold_s:g} s", out)
        self._check_coverage(out)
        self._relay_targets(out)
        if self.reasking.is_due(out.now_ns):
            self._ask_position(out)

    def _check_coverage(self, out: Outbox) -> None:
        """An open quantity has a stop, or is being closed: anything else is put right."""
        if self.record.open_qty <= 0 or self.is_over:
            return
        if self.record.phase is TradePhase.CLOSING:
            closes = self._orders.of_trade(self.record.trade_id, OrderRole.CLOSE)
            self.reasking.is_wanted = self.reasking.is_wanted or not closes
        elif not self._orders.is_live(self.record.stop_order_id):
            self._protect(out, "protected")

    def _on_fill(self, fill: OrderFilled, progress: OrderProgress, out: Outbox) -> None:
        what = (fill.fill_id, fill.qty, fill.price, fill.fee_usd, fill.is_maker)
        slippage_bps = fill_slippage_bps(self.record, progress.request, fill.price)
        out.add(FillBooked(out.now_ns, fill.order_id, self.record.trade_id, *what, slippage_bps))
        self.excursion.on_price(self.record, fill.price)
        if progress.request.role is OrderRole.ENTRY:
            self._on_entry_fill(fill, progress, out)
        else:
            self._on_exit_fill(fill, progress, slippage_bps, out)

    def _on_entry_fill(self, fill: OrderFilled, progress: OrderProgress, out: Outbox) -> None:
        record, qty = self.unsettled.settle(self.record, fill)
        if qty <= 0.0:
            self._settled(record, out)
            return
        self.record = record
        fee_usd = fill.fee_usd * qty / fill.qty
        entered = booking.with_entry(record, qty, fill.price, fee_usd, self._instrument.lot)
        self._entered(record, entered, progress.average_price, fill.ts_ns, out)

    def _entered(
        self, was: TradeRecord, entered: TradeRecord, average_price: float, filled_ns: int, out: Outbox
    ) -> None:
        """More of the entry is in the position than `was`: it gets its stop, or is closed where the trade was over."""
        is_first, qty = was.opened_ns is None, entered.entry_qty - was.entry_qty
        self.record = replace(
            entered,
            phase=TradePhase.OPEN if was.phase is TradePhase.OPENING else was.phase,
            slippage_bps=was.side.sign * bps_between(average_price, was.decision_price),
        )
        if is_first:
            self.record = booking.opened(self.record, filled_ns)
        if self.is_over:
            self.record = booking.revived(self.record)
            self.reasking = Reasking()
        if self.record.phase is TradePhase.CLOSING:
            self._send_close(qty, out)
        self._protect(out, "opened" if is_first else "entry_filled")

    def _settled(self, record: TradeRecord, out: Outbox) -> None:
        """What was protected before its executions were listed: the stop moves only where their price asks for it."""
        self.record = record if record.stop_at_entry else self._stop.with_risk(record)
        if self.record.phase is TradePhase.OPEN and self._stop.price_for(self.record) != self.record.stop_price:
            self._protect(out, "entry_filled")
        else:
            self._emit("entry_filled", out)
        if not self._finish_if_flat(out):
            self._place_rungs(out)

    def _stop_rests(self, out: Outbox) -> None:
        self.record = self._stop.rests(self.record, out)
        self._emit("stop_rests", out)
        self._place_rungs(out)
        self._relay_targets(out)
        if self._best is not None:
            self.on_price(self._best, out)

    def _on_gone(self, progress: OrderProgress, out: Outbox) -> None:
        role, trade_id = progress.request.role, self.record.trade_id
        if role is OrderRole.ENTRY:
            self._on_entry_gone(progress, out)
        elif self.record.open_qty <= 0:
            self._finish_if_flat(out)
        elif role is OrderRole.STOP and progress.request.order_id == self.record.stop_order_id:
            self._on_stop_gone(progress, out)
        elif role is OrderRole.CLOSE:
            self._on_close_gone(progress, out)
        elif role is not OrderRole.TARGET or self.record.phase is not TradePhase.OPEN:
            return
        elif self.record.relays_targets:
            self._relay_targets(out)
        elif progress.request.order_id in self._dropped:
            self._dropped.discard(progress.request.order_id)
        elif self._instrument.is_spot:
            self._watch_target_again(progress, out)
            self._check_coverage(out)
        elif self._stop.is_unproven(progress.request.order_id):
            self.record = self._targets.placed_anew(self.record, progress, out)
            self._emit("targets_placed", out)
        else:
            out.notice("warning", "target", f"{trade_id} target {progress.status.value} by venue: {progress.detail}")

    def _on_entry_gone(self, progress: OrderProgress, out: Outbox) -> None:
        self.record = self.unsettled.withdrawn(self.record)
        if self.record.entry_qty > 0:
            self._finish_if_flat(out)
            self._place_rungs(out)
            return
        self._orders.cancel_all(self.record.trade_id, out)
        self.record = booking.abandoned(self.record, progress.detail, out.now_ns)
        self._emit("abandoned", out)

    def _on_stop_gone(self, progress: OrderProgress, out: Outbox) -> None:
        """A position whose stop was refused, or lost a second time, is closed at once."""
        was = self.record
        kept = self._stop.kept_older(was, progress)
        if kept is not None:
            self._on_move_refused(was, kept, progress, out)
            return
        self.record = replace(was, stop_rests_on_venue=False, stop_unseen=False)
        self._emit("stop_gone", out)
        if self.reasking.is_left_to_the_sweep:
            return  # it takes stops off itself, where nothing is left to guard
        if self._is_sold_whole():
            return  # on spot the coins that it held are being sold; what that leaves is closed or protected then
        if self._stop.may_be_laid_anew(was, progress, out):
            self._protect(out, "protected")
        else:  # where a stop has taken part of it, that is why it ends
            self.close(self.record.exit_reason or ExitReason.NO_STOP, progress.detail, out)

    def _is_sold_whole(self) -> bool:
        """Whether an exit on its way sells all that is open, for which a stop on spot had to go."""
        exits = [one for one in self._orders.of_trade(self.record.trade_id) if one.request.role in SELLING]
        return self._instrument.is_spot and any(
            one.open_qty > self.record.open_qty - self._instrument.lot / 2 for one in exits
        )

    def _protect(self, out: Outbox, change: str) -> None:
        self.record = self._stop.protecting(self.record, out)
        self._emit(change, out)

    def _place_rungs(self, out: Outbox) -> None:
        """The ladder goes out once the entry is complete and the stop rests."""
        ready = self.record.phase is TradePhase.OPEN and self.record.stop_rests_on_venue and not self.record.rungs
        if ready and not self._orders.is_live(self.record.entry_order_id):
            self.record = self._targets.placed(self.record, out)
            self._emit("targets_placed", out)

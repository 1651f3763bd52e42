"""A trade's life: entry, protective stop before anything else, target ladder, stop to entry after the first target, close."""

from msgspec.structs import replace

from cockpit.config.venues import Instrument
from cockpit.domain.actions import FillBooked, QueryPosition, TradeChanged
from cockpit.domain.events import FundingPaid, OrderEvent, OrderFilled, VenuePosition
from cockpit.domain.kinds import ExitReason, OrderRole, OrderStatus, OrderType, TradePhase
from cockpit.domain.orders import OrderProgress, OrderRequest
from cockpit.domain.trades import Rung, TradeRecord
from cockpit.domain.units import bps_between, seconds_to_ns
from cockpit.domain.verdict import Proposal
from cockpit.engine import ladder
from cockpit.engine.desk import Desk
from cockpit.engine.outbox import Outbox

NS_PER_MS_FLOAT = 1e6
ROLE_LETTER = {OrderRole.ENTRY: "e", OrderRole.STOP: "s", OrderRole.TARGET: "t", OrderRole.CLOSE: "c"}


class TradeLife:
    """One trade and the orders that carry it. Every method books into `record` and decides into the outbox."""

    def __init__(
        self,
        record: TradeRecord,
        instrument: Instrument,
        round_trip_fee_bps: float,
        desk: Desk,
    ) -> None:
        self.record = record
        self._instrument = instrument
        self._round_trip_fee_bps = round_trip_fee_bps
        self._desk = desk
        self._orders_made = 0
        self._retiring_stops: list[str] = []
        self._must_reask = False

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left at the venue as far as the books say."""
        return self.record.phase in (TradePhase.CLOSED, TradePhase.ABANDONED)

    def enter(self, proposal: Proposal, out: Outbox) -> None:
        """Send the entry: at market, or as a limit order with a time limit."""
        limit_price = proposal.entry_limit_price
        expires_ns = None
        if limit_price is not None and proposal.entry_wait_s is not None:
            expires_ns = out.now_ns + seconds_to_ns(proposal.entry_wait_s)
        order_type = OrderType.MARKET if limit_price is None else OrderType.LIMIT
        request = self._request(OrderRole.ENTRY, order_type, self.record.asked_qty, out, limit_price=limit_price)
        self.record = replace(self.record, entry_order_id=request.order_id)
        self._desk.place(replace(request, expires_ns=expires_ns), out)
        self._tell("sent", out)

    def restore(self, orders: list[OrderProgress], out: Outbox) -> None:
        """Go on after a restart: number new orders past the old ones, and make sure a stop is there."""
        made = [int(order.request.order_id.removeprefix(self.record.trade_id)[1:]) for order in orders]
        self._orders_made = max(made, default=0)
        if self.record.phase is TradePhase.CLOSING:
            self._must_reask = True
        elif self.record.open_qty > 0 and not self._desk.is_live(self.record.stop_order_id):
            self._protect(out, "restored")

    def on_order(self, event: OrderEvent, progress: OrderProgress, out: Outbox) -> None:
        """The venue spoke of one of this trade's orders."""
        if isinstance(event, OrderFilled):
            self._on_fill(event, progress, out)
        elif progress.status is OrderStatus.WORKING:
            self._on_accepted(progress, out)
        elif progress.status in (OrderStatus.REJECTED, OrderStatus.CANCELLED):
            self._on_gone(progress, out)
        if progress.request.role is OrderRole.STOP and progress.status is OrderStatus.UNKNOWN:
            self.record = replace(self.record, stop_rests_on_venue=False)
            self._tell("stop_unknown", out)

    def on_funding(self, paid: FundingPaid, out: Outbox) -> None:
        """Book a funding payment of this trade's position."""
        self.record = replace(self.record, funding_usd=self.record.funding_usd + paid.amount_usd)
        self._tell("funding", out)

    def on_position(self, position: VenuePosition, out: Outbox) -> None:
        """The venue answered what it holds: close the rest again, or accept that somebody else closed it."""
        if not self._must_reask:
            return
        self._must_reask = False
        held = max(0.0, self.record.side.sign * position.qty)
        if held < self._instrument.lot / 2:
            self.record = replace(self.record, open_qty=0.0, exit_reason=ExitReason.OUTSIDE)
            self._finish_if_flat(out)
        else:
            self._send_close(min(held, self.record.open_qty), out)

    def on_time(self, out: Outbox) -> None:
        """A second passed: expire a limit entry, run the time stop, ask again for a close that did not go through."""
        entry = self._desk.get(self.record.entry_order_id)
        if entry is not None and entry.request.expires_ns is not None and out.now_ns >= entry.request.expires_ns:
            self._desk.cancel(self.record.entry_order_id, out)
        due_ns = self.record.time_stop_ns
        if due_ns is not None and out.now_ns >= due_ns and self.record.phase is TradePhase.OPEN:
            self.close(ExitReason.TIME_STOP, f"held {self.record.max_hold_s:g} s", out)
        if self._must_reask:
            out.add(QueryPosition(out.now_ns, self.record.venue, self.record.asset))

    def close(self, reason: ExitReason, detail: str, out: Outbox) -> None:
        """Leave at market now, reduce-only. The stop stays until the position is seen flat."""
        if self.is_over or self.record.phase is TradePhase.CLOSING:
            return
        self.record = replace(self.record, phase=TradePhase.CLOSING, exit_reason=reason, exit_detail=detail)
        self._desk.cancel(self.record.entry_order_id, out)
        self._cancel_rungs(out)
        self._tell("closing", out)
        if self.record.open_qty > 0:
            self._send_close(self.record.open_qty, out)

    def _on_fill(self, fill: OrderFilled, progress: OrderProgress, out: Outbox) -> None:
        out.add(
            FillBooked(
                out.now_ns,
                fill.order_id,
                self.record.trade_id,
                fill.fill_id,
                fill.qty,
                fill.price,
                fill.fee_usd,
                fill.is_maker,
            )
        )
        if progress.request.role is OrderRole.ENTRY:
            self._on_entry_fill(fill, progress, out)
        else:
            self._on_exit_fill(fill, progress, out)

    def _on_entry_fill(self, fill: OrderFilled, progress: OrderProgress, out: Outbox) -> None:
        was = self.record
        open_qty = self._clean(was.open_qty + fill.qty)
        price = (was.entry_price * was.open_qty + fill.price * fill.qty) / open_qty
        is_first = was.opened_ns is None
        self.record = replace(
            was,
            phase=TradePhase.OPEN if was.phase is TradePhase.OPENING else was.phase,
            entry_qty=self._clean(was.entry_qty + fill.qty),
            open_qty=open_qty,
            entry_price=price,
            fees_usd=was.fees_usd + fill.fee_usd,
            slippage_bps=was.side.sign * bps_between(progress.average_price, was.decision_price),
        )
        if is_first:
            self._opened(fill, out)
        if self.record.phase is TradePhase.CLOSING:
            self._send_close(fill.qty, out)
        self._protect(out, "opened" if is_first else "entry_filled")

    def _opened(self, fill: OrderFilled, out: Outbox) -> None:
        opened_ns = max(fill.ts_ns, self.record.decided_ns)
        hold_s = self.record.max_hold_s
        self.record = replace(
            self.record,
            opened_ns=opened_ns,
            decision_to_fill_ms=(opened_ns - self.record.decided_ns) / NS_PER_MS_FLOAT,
            time_stop_ns=None if hold_s is None else opened_ns + seconds_to_ns(hold_s),
        )

    def _on_exit_fill(self, fill: OrderFilled, progress: OrderProgress, out: Outbox) -> None:
        was = self.record
        exit_qty = self._clean(was.exit_qty + fill.qty)
        self.record = replace(
            was,
            open_qty=self._clean(was.open_qty - fill.qty),
            exit_qty=exit_qty,
            exit_price=(was.exit_price * was.exit_qty + fill.price * fill.qty) / exit_qty,
            gross_usd=was.gross_usd + was.side.sign * (fill.price - was.entry_price) * fill.qty,
            fees_usd=was.fees_usd + fill.fee_usd,
            rungs=tuple(
                replace(rung, filled_qty=progress.filled_qty) if rung.order_id == fill.order_id else rung
                for rung in was.rungs
            ),
        )
        role = progress.request.role
        if role is OrderRole.STOP and was.exit_reason is None:
            reason = ExitReason.BREAKEVEN_STOP if was.stop_at_entry else ExitReason.STOP
            self.record = replace(self.record, exit_reason=reason)
            self._desk.cancel(self.record.entry_order_id, out)
        self._tell(f"{role.value}_filled", out)
        if self._finish_if_flat(out):
            return
        if role is OrderRole.TARGET and progress.status is OrderStatus.FILLED and was.phase is TradePhase.OPEN:
            self._move_stop_to_entry(out)

    def _on_accepted(self, progress: OrderProgress, out: Outbox) -> None:
        if progress.request.role is not OrderRole.STOP or progress.request.order_id != self.record.stop_order_id:
            return
        self.record = replace(self.record, stop_rests_on_venue=True)
        for order_id in self._retiring_stops:
            self._desk.cancel(order_id, out)
        self._retiring_stops.clear()
        self._tell("stop_rests", out)
        self._place_rungs(out)

    def _on_gone(self, progress: OrderProgress, out: Outbox) -> None:
        role = progress.request.role
        if role is OrderRole.ENTRY:
            self._on_entry_gone(progress, out)
        elif self.record.open_qty <= 0:
            self._finish_if_flat(out)
        elif role is OrderRole.STOP and progress.request.order_id == self.record.stop_order_id:
            self._on_stop_gone(progress, out)
        elif role is OrderRole.CLOSE:
            self._must_reask = True
            out.add(QueryPosition(out.now_ns, self.record.venue, self.record.asset))
        elif role is OrderRole.TARGET and progress.status is OrderStatus.REJECTED:
            out.notice("warning", "target", f"{self.record.trade_id} target refused by the venue: {progress.detail}")

    def _on_entry_gone(self, progress: OrderProgress, out: Outbox) -> None:
        if self.record.entry_qty > 0:
            self._finish_if_flat(out)
            self._place_rungs(out)
            return
        self.record = replace(
            self.record, phase=TradePhase.ABANDONED, closed_ns=out.now_ns, exit_detail=progress.detail
        )
        self._tell("abandoned", out)

    def _on_stop_gone(self, progress: OrderProgress, out: Outbox) -> None:
        self.record = replace(self.record, stop_rests_on_venue=False)
        sentence = f"{self.record.trade_id} stop {progress.status.value} by the venue ({progress.detail}): closing at once"
        out.notice("critical", "stop", sentence)
        self.close(ExitReason.NO_STOP, progress.detail, out)

    def _protect(self, out: Outbox, change: str) -> None:
        price = ladder.stop_price(
            self.record.entry_price, self.record.side, self.record.stop_bps, self._instrument.tick_usd
        )
        if self.record.initial_stop_price == 0.0 or not self.record.stop_at_entry:
            self.record = replace(self.record, initial_stop_price=price)
        self._place_stop(self.record.stop_price if self.record.stop_at_entry else price, out)
        self._tell(change, out)

    def _move_stop_to_entry(self, out: Outbox) -> None:
        if self.record.stop_at_entry:
            self._place_stop(self.record.stop_price, out)
            return
        price = ladder.breakeven_price(
            self.record.entry_price, self.record.side, self._round_trip_fee_bps, self._instrument.tick_usd
        )
        self.record = replace(self.record, stop_at_entry=True)
        self._place_stop(price, out)
        self._tell("stop_to_entry", out)

    def _place_stop(self, price: float | None, out: Outbox) -> None:
        """A new stop for the whole open size; the old one is cancelled only once the new one rests."""
        request = self._request(OrderRole.STOP, OrderType.STOP_MARKET, self.record.open_qty, out, trigger_price=price)
        if self._desk.is_live(self.record.stop_order_id):
            self._retiring_stops.append(self.record.stop_order_id)
        self.record = replace(
            self.record, stop_price=price, stop_order_id=request.order_id, stop_rests_on_venue=False
        )
        self._desk.place(request, out)

    def _place_rungs(self, out: Outbox) -> None:
        """The ladder goes out once the entry is complete and the stop rests."""
        ready = self.record.phase is TradePhase.OPEN and self.record.stop_rests_on_venue and not self.record.rungs
        if not ready or self._desk.is_live(self.record.entry_order_id):
            return
        split = ladder.rungs(
            self.record.open_qty, self.record.entry_price, self.record.side, self.record.targets, self._instrument
        )
        requests = [
            self._request(OrderRole.TARGET, OrderType.LIMIT, rung.qty, out, limit_price=rung.price) for rung in split
        ]
        self.record = replace(
            self.record,
            rungs=tuple(
                Rung(rung.distance_bps, rung.price, rung.qty, order_id=request.order_id)
                for rung, request in zip(split, requests, strict=True)
            ),
        )
        for request in requests:
            self._desk.place(request, out)
        self._tell("targets_placed", out)

    def _cancel_rungs(self, out: Outbox) -> None:
        for rung in self.record.rungs:
            self._desk.cancel(rung.order_id, out)

    def _send_close(self, qty: float, out: Outbox) -> None:
        self._desk.place(self._request(OrderRole.CLOSE, OrderType.MARKET, self._clean(qty), out), out)

    def _finish_if_flat(self, out: Outbox) -> bool:
        """Flat, and no entry that could still fill: sweep what rests and close the books."""
        if self.record.open_qty > 0 or self.is_over:
            return self.is_over
        self._desk.cancel(self.record.entry_order_id, out)
        if self._desk.is_live(self.record.entry_order_id):
            return False
        self._cancel_rungs(out)
        for order_id in (self.record.stop_order_id, *self._retiring_stops):
            self._desk.cancel(order_id, out)
        self.record = replace(
            self.record,
            phase=TradePhase.CLOSED,
            closed_ns=out.now_ns,
            exit_reason=self.record.exit_reason or ExitReason.TARGETS,
            stop_rests_on_venue=False,
        )
        self._tell("closed", out)
        return True

    def _request(
        self,
        role: OrderRole,
        order_type: OrderType,
        qty: float,
        out: Outbox,
        limit_price: float | None = None,
        trigger_price: float | None = None,
    ) -> OrderRequest:
        self._orders_made += 1
        is_entry = role is OrderRole.ENTRY
        return OrderRequest(
            order_id=f"{self.record.trade_id}{ROLE_LETTER[role]}{self._orders_made}",
            trade_id=self.record.trade_id,
            venue=self.record.venue,
            asset=self.record.asset,
            side=self.record.side if is_entry else self.record.side.opposite,
            role=role,
            order_type=order_type,
            qty=qty,
            reduce_only=not is_entry,
            decided_ns=out.now_ns,
            decision_price=self.record.decision_price,
            limit_price=limit_price,
            trigger_price=trigger_price,
        )

    def _clean(self, qty: float) -> float:
        """The quantity free of rounding noise: whole lots, and nothing where less than half a lot is left."""
        lots = round(qty / self._instrument.lot)
        return round(lots * self._instrument.lot, ladder.DECIMALS)

    def _tell(self, change: str, out: Outbox) -> None:
        out.add(TradeChanged(out.now_ns, self.record, change))

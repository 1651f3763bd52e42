"""The trades that are not over yet: opening them, routing what venues say to them, and what they are worth together."""

from collections.abc import Iterable
from math import inf

from msgspec.structs import replace

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import QueryOrder, QueryPosition
from cockpit.domain.bounded import BoundedMap
from cockpit.domain.events import FillInferred, ForeignPosition, FundingPaid, OrderEvent, OrderFilled, VenuePosition
from cockpit.domain.kinds import ExitReason, Mode, OrderRole, OrderStatus, RiskOf, Side, TradePhase
from cockpit.domain.numbers import price_text
from cockpit.domain.orders import OrderProgress, OrderRequest, trade_left_by
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import BPS, seconds_to_ns
from cockpit.domain.verdict import Verdict
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.outside import OutsideWatch, Place, place_taken_from
from cockpit.engine.shared_exits import SharedExits
from cockpit.engine.stop_coverage import StopCoverage
from cockpit.engine.trade_life import TradeLife
from cockpit.gate.sizing import loss_at_stop_usd
from cockpit.market.bars import Bar
from cockpit.market.market import Market

TRADES_REMEMBERED = 100
"""Trades that are over and may still be spoken of by a venue."""


class TradeBook:
    """Every trade that holds or may still come to hold a position."""

    def __init__(self, config: CockpitConfig, market: Market) -> None:
        self._config = config
        self._market = market
        self._orders = OrderManager()
        self._trades: dict[str, TradeLife] = {}
        self._booked: dict[str, TradeRecord] = {}
        self._over: BoundedMap[str, TradeLife] = BoundedMap(TRADES_REMEMBERED)
        self._venues_used: set[str] = set()
        self._outside = OutsideWatch()
        self._exits = SharedExits(self._orders, self._at, self._lot)

    def __len__(self) -> int:
        return len(self._trades)

    @property
    def trades(self) -> list[TradeLife]:
        """The trades, oldest first."""
        return list(self._trades.values())

    def open(self, verdict: Verdict, trade_id: str, out: Outbox) -> None:
        """Begin an approved trade: its entry goes out."""
        trade = self._adopt(self._record_of(verdict, trade_id, out.now_ns))
        trade.enter(verdict.proposal, out)

    def _record_of(self, verdict: Verdict, trade_id: str, now_ns: int) -> TradeRecord:
        """The trade that a verdict approves, before anything of it has executed."""
        proposal = verdict.proposal
        fee_bps = self._round_trip_fee_bps(verdict.venue)
        return TradeRecord(
            trade_id=trade_id,
            verdict_id=verdict.verdict_id,
            setup=proposal.setup,
            asset=proposal.asset,
            venue=verdict.venue,
            side=proposal.side,
            mode=verdict.mode,
            phase=TradePhase.OPENING,
            decided_ns=now_ns,
            decision_price=proposal.decision_price,
            asked_qty=verdict.qty,
            stop_bps=verdict.stop_bps,
            initial_stop_price=0.0,
            risk_usd=loss_at_stop_usd(verdict.notional_usd, verdict.stop_bps, fee_bps),
            risk_of=RiskOf.TRADE,
            requested_usd=proposal.requested_usd,
            notional_usd=verdict.notional_usd,
            size_factor=verdict.size_factor,
            targets=proposal.targets,
            max_hold_s=proposal.max_hold_s,
            signal_id=proposal.signal_id,
            asked_stop_price=proposal.stop_price,
            source=proposal.source,
        )

    def restore(
        self,
        trades: Iterable[TradeRecord],
        orders: Iterable[OrderProgress],
        booked: Iterable[tuple[str, str]],
        out: Outbox,
    ) -> None:
        """Take over the open trades of an earlier engine, and ask the venue about every order that may be there.

        `booked` are executions that the earlier engine booked, (venue, fill id).
        """
        self._exits.restore(frozenset(booked))
        self._orders.restore(orders, out.now_ns)
        for order in self._orders.live():
            out.add(QueryOrder(out.now_ns, order.request.order_id, order.request.venue, order.request.asset))
        for record in trades:
            trade = self._adopt(record)
            if not trade.is_over:
                trade.restore(out)

    def on_order(self, event: OrderEvent, out: Outbox) -> None:
        """Book what a venue says of an order, then let its trade act on it."""
        place = place_taken_from(event) or self._place_left(event)
        if isinstance(event, OrderFilled) and place is not None:
            self._exits.taken(event, *place, out)
            return
        progress = self._orders.apply(event, out)
        if progress is None:
            return
        trade = self._trades.get(progress.request.trade_id)
        if isinstance(event, OrderFilled):
            if progress.request.role is not OrderRole.ENTRY:
                self._exits.book(event, progress, trade, out)
                return
            trade = trade or self._revived(event.qty, event.price, progress.request, out)
        if trade is not None:
            trade.on_order(event, progress, out)
        if progress.request.role is OrderRole.ENTRY:
            self._exits.settle((progress.request.venue, progress.request.asset), out)

    def on_inferred_fill(self, seen: FillInferred, out: Outbox) -> None:
        """An entry has executed before its executions are listed: its trade protects it, one that was over too."""
        progress = self._orders.find(seen.order_id)
        if progress is None or progress.request.role is not OrderRole.ENTRY:
            return
        trade = self._trades.get(progress.request.trade_id)
        over = self._over.get(progress.request.trade_id)
        if trade is None and (over is None or over.unknown_qty(seen) > 0.0):
            trade = self._revived(seen.filled_qty, seen.average_price, progress.request, out)
        if trade is not None:
            trade.on_inferred_fill(seen, out)
            self._exits.settle((progress.request.venue, progress.request.asset), out)

    def _place_left(self, event: OrderEvent) -> Place | None:
        """Where an exit of ours belongs that no journal has: its engine was killed before it was written down."""
        trade = None if self._orders.knows(event.order_id) else self._trades.get(trade_left_by(event.order_id) or "")
        return None if trade is None else (trade.record.venue, trade.record.asset)

    def on_funding(self, paid: FundingPaid, out: Outbox) -> None:
        """Book a funding payment to the trades of that position, by their share of it."""
        there = [trade for trade in self._at(paid.venue, paid.asset) if trade.record.open_qty > 0]
        holders = [trade for trade in there if (trade.record.opened_ns or 0) <= paid.ts_ns]
        if not holders:
            self._on_late_funding(paid, out)
        total = sum(trade.record.open_qty for trade in holders)
        for trade in holders:
            share = trade.record.open_qty / total
            trade.on_funding(paid.amount_usd * share, paid.ts_ns, out)

    def on_position(self, position: VenuePosition, out: Outbox) -> None:
        """The venue said what it holds: whoever waits for that hears it, and what nobody explains is told."""
        holders = self._at(position.venue, position.asset)
        for trade in holders:
            trade.on_position(position, self.exit_price(trade.record), out)
        if not position.by_executions and all(self._is_settled(trade) for trade in holders):
            lot = self._lot(position.venue, position.asset)
            if self._outside.is_gone(position, [trade.record for trade in holders], lot, out):
                for trade in holders:
                    trade.closed_outside(self.exit_price(trade.record), out)

    def unexplained(self, venue: str, asset: str) -> str | None:
        """How a venue's position differs from that of our trades, where it does; None where they agree."""
        return self._outside.unexplained(venue, asset)

    def order(self, order_id: str) -> OrderProgress | None:
        """An order of ours, over or not."""
        return self._orders.find(order_id)

    def orders_of(self, trade_id: str, role: OrderRole) -> list[OrderProgress]:
        """A trade's orders of one role that may still execute, oldest first."""
        return self._orders.of_trade(trade_id, role)

    def fences(self, asset: str) -> tuple[float, float]:
        """Between these prices of an asset no trailing stop moves, and no watched target is reached."""
        there = [one for one in self._trades.values() if one.record.asset == asset and one.waits_for_price]
        low = max((one.wakes_at for one in there if one.record.side is Side.SHORT), default=-inf)
        return low, min((one.wakes_at for one in there if one.record.side is Side.LONG), default=inf)

    def adopt(self, verdict: Verdict, trade_id: str, position: ForeignPosition, out: Outbox) -> None:
        """Begin a trade with what is held already: at the price of now, with no fee, and nothing to fill."""
        record, qty = self._record_of(verdict, trade_id, out.now_ns), abs(position.qty)
        held = replace(
            record,
            phase=TradePhase.OPEN,
            opened_ns=out.now_ns,
            entry_qty=qty,
            open_qty=qty,
            entry_price=record.decision_price,
            funding_until_ns=out.now_ns,
            time_stop_ns=None if record.max_hold_s is None else out.now_ns + seconds_to_ns(record.max_hold_s),
        )
        trade = self._adopt(replace(held, phase=TradePhase.OPENING, open_qty=0.0, entry_qty=0.0))
        trade.record = held
        trade.adopted(out)

    def find(self, trade_id: str) -> TradeLife | None:
        """A trade that is not over."""
        return self._trades.get(trade_id)

    def cancel_entries(self, out: Outbox) -> None:
        """Take back whatever of the entries has not filled yet."""
        for trade in self._trades.values():
            self._orders.cancel(trade.record.entry_order_id, out)

    def take_back_entries(self, venue: str, asset: str, why: str, out: Outbox) -> None:
        """Take back what of the entries rests there, and tell it; "" stands for all that the venue has."""
        for trade in self._trades.values():
            record = trade.record
            if record.venue == venue and asset in ("", record.asset) and trade.awaits_entry:
                out.notice("warning", "entry", f"{record.trade_id}'s entry of {record.asset} is taken back: {why}")
                self._orders.cancel(record.entry_order_id, out)

    def on_time(self, out: Outbox) -> None:
        """Time passed: time stops, entry limits, orders and positions that must be asked for again."""
        self._orders.on_time(out)
        for trade in self._trades.values():
            if trade.record.open_qty > 0:
                trade.excursion.on_price(trade.record, self.exit_price(trade.record))
            trade.on_time(out)
        self._outside.on_time(out)

    def on_bar(self, asset: str, bar: Bar) -> None:
        """A bar of an asset has closed: it shows how far the market went while trades of it were open."""
        for trade in self._trades.values():
            if trade.record.asset == asset:
                trade.excursion.on_bar(trade.record, bar)

    def close_uncovered(self, out: Outbox) -> None:
        """Close every position whose stop does not rest in time. What happened at this very moment counts."""
        for trade in self._trades.values():
            trade.close_uncovered(out)

    @property
    def waits_for_venues(self) -> bool:
        """Whether an order is not answered yet, or a position is looked at again."""
        return self._orders.has_unanswered or self._outside.is_waiting

    def next_due_ns(self, otherwise_ns: int) -> int:
        """The next time stop or the end of a stop's time to rest, or `otherwise_ns` if that is earlier."""
        dues = (trade.due_ns for trade in self._trades.values() if trade.record.phase is TradePhase.OPEN)
        return min((otherwise_ns, *(due_ns for due_ns in dues if due_ns is not None)))

    @property
    def stop_due_ns(self) -> int | None:
        """When a position without its stop is to be looked at; None while each has one."""
        dues = (trade.stop_due_ns for trade in self._trades.values() if trade.record.phase is TradePhase.OPEN)
        return min((due_ns for due_ns in dues if due_ns is not None), default=None)

    def opposed_to(self, venue: str, asset: str, side: Side) -> TradeRecord | None:
        """A trade on the other side of the same perpetual: a venue holds one position there, so both would net."""
        records = (trade.record for trade in self._at(venue, asset))
        return next((record for record in records if record.side is not side), None)

    def changes(self) -> list[tuple[TradeRecord, TradeRecord]]:
        """(before, after) of every trade that changed since the last call; trades that are over leave the book."""
        changed: list[tuple[TradeRecord, TradeRecord]] = []
        for trade_id, trade in list(self._trades.items()):
            before = self._booked[trade_id]
            if trade.record is not before:
                changed.append((before, trade.record))
                self._booked[trade_id] = trade.record
            if trade.is_over:
                self._over[trade_id] = trade
                del self._trades[trade_id], self._booked[trade_id]
        return changed

    def worth_usd(self, trade: TradeRecord) -> float | None:
        """What closing the rest now would add, net of the exit's fee; None while no price is known."""
        if trade.open_qty <= 0:
            return 0.0
        price = self.exit_price(trade)
        if price is None:
            return None
        fee_bps = self._config.venues[trade.venue].taker_fee_bps
        return trade.open_pnl_usd(price) - trade.open_qty * price * fee_bps / BPS

    def exit_price(self, trade: TradeRecord) -> float | None:
        """The side of the book the trade would leave through, or the last print."""
        asset = self._market.assets[trade.asset]
        if asset.top is None:
            return asset.price
        return asset.top.bid if trade.side is Side.LONG else asset.top.ask

    def open_usd(self) -> float | None:
        """The open P&L of all trades; None as soon as one is unknown."""
        total = 0.0
        for trade in self._trades.values():
            worth = self.worth_usd(trade.record)
            if worth is None:
                return None
            total += worth
        return total

    def exposure_usd(self) -> float:
        """Sum of notionals: what is open, or all that was asked for while the entry may still fill."""
        return sum(self._exposure_usd(trade.record) for trade in self._trades.values())

    def venues(self, mode: Mode) -> tuple[str, ...]:
        """Every venue that a trade of this mode may have touched."""
        traded = {where.trade_on for where in self._config.assets.values()} | self._venues_used
        traded |= {trade.record.venue for trade in self._trades.values() if trade.record.mode is mode}
        return tuple(sorted(traded))

    def busy_venues(self) -> set[str]:
        """The venues on which a trade of ours is not over, and on its way there as far as anybody knows."""
        return {trade.record.venue for trade in self._trades.values() if not self._is_stuck(trade)}

    def _exposure_usd(self, record: TradeRecord) -> float:
        open_usd = record.open_qty * record.entry_price
        return max(open_usd, record.notional_usd) if self._orders.is_live(record.entry_order_id) else open_usd

    def _is_stuck(self, trade: TradeLife) -> bool:
        """Whether its close was refused, or nobody knows what became of it."""
        closes = self._orders.of_trade(trade.record.trade_id, OrderRole.CLOSE)
        return trade.reasking.is_wanted or any(close.status is OrderStatus.UNKNOWN for close in closes)

    def _is_settled(self, trade: TradeLife) -> bool:
        """Whether the trade's open quantity is all there is to it: nothing of it is opening or closing."""
        return trade.record.phase is TradePhase.OPEN and not self._orders.is_live(trade.record.entry_order_id)

    def _on_late_funding(self, paid: FundingPaid, out: Outbox) -> None:
        """Nothing is open there any more: it belongs to the trade that was open when it was paid."""
        for trade_id, trade in reversed(self._over.items()):
            record = trade.record
            opened_ns, closed_ns = record.opened_ns, record.closed_ns
            if (record.venue, record.asset) != (paid.venue, paid.asset) or opened_ns is None or closed_ns is None:
                continue
            if opened_ns <= paid.ts_ns <= closed_ns:
                self._trades[trade_id] = self._over.pop(trade_id)
                self._booked[trade_id] = record
                trade.on_funding(paid.amount_usd, paid.ts_ns, out)
                return
        what = f"{paid.amount_usd:+.4f} USD of funding on {paid.asset} by {paid.venue}"
        out.notice("warning", "funding", f"{what} booked to no trade: none of ours was open there then")

    def _revived(self, qty: float, price: float, order: OrderRequest, out: Outbox) -> TradeLife | None:
        """The entry of a trade that was over fills after all: the trade is taken back, and closes."""
        trade = self._over.get(order.trade_id)
        what = f"{qty:g} {order.asset} at {price_text(price)} on {order.order_id}"
        out.notice("critical", "order", f"{what} after {order.trade_id} was over: check {order.venue}")
        if trade is None:
            out.add(QueryPosition(out.now_ns, order.venue, order.asset))
            return None
        self._trades[order.trade_id] = self._over.pop(order.trade_id)
        self._booked[order.trade_id] = trade.record
        return trade

    def take_as_gone(self, out: Outbox) -> None:
        """The venues' whole accounts were seen flat since anything was told: what is held here is not held there."""
        for trade in self._trades.values():
            if not trade.is_over:
                trade.closed_outside(self.exit_price(trade.record), out)

    def leave(self, venue: str, asset: str, reason: ExitReason, sentence: str, out: Outbox) -> None:
        """Close every trade there at market; "" stands for all that the venue has."""
        for trade in list(self._trades.values()):
            if trade.record.venue == venue and asset in ("", trade.record.asset):
                trade.close(reason, sentence, out)

    def _at(self, venue: str, asset: str) -> list[TradeLife]:
        return [trade for trade in self._trades.values() if (trade.record.venue, trade.record.asset) == (venue, asset)]

    def _adopt(self, record: TradeRecord) -> TradeLife:
        instrument = self._config.instrument(record.asset, record.venue)
        cover = StopCoverage(self._orders, instrument.lot, seconds_to_ns(self._config.execution.stop_within_s))
        trade = TradeLife(
            record,
            instrument,
            self._round_trip_fee_bps(record.venue),
            self._orders,
            cover,
            self.exit_price,
            self._config.manual.trail_step_bps,
            self._is_watched_elsewhere(record),
        )
        self._trades[record.trade_id] = trade
        self._booked[record.trade_id] = record
        self._venues_used.add(record.venue)
        return trade

    def _is_watched_elsewhere(self, record: TradeRecord) -> bool:
        where = self._config.assets.get(record.asset)
        return where is not None and where.watch != record.venue

    def _round_trip_fee_bps(self, venue: str) -> float:
        return 2.0 * self._config.venues[venue].taker_fee_bps

    def _lot(self, venue: str, asset: str) -> float:
        """The lot there; a perpetual nobody configured may be held too, in any size."""
        section = self._config.venues.get(venue)
        instrument = section.instruments.get(asset) if section is not None else None
        return instrument.lot if instrument is not None else 0.0

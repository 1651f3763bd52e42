"""The trades that are not over yet: opening them, routing what venues say to them, and what they are worth together."""

from collections.abc import Iterable

from cockpit.config.model import CockpitConfig
from cockpit.domain.actions import QueryOrder
from cockpit.domain.events import FundingPaid, OrderEvent, VenuePosition
from cockpit.domain.kinds import Mode, Side, TradePhase
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import BPS
from cockpit.domain.verdict import Verdict
from cockpit.engine.desk import Desk
from cockpit.engine.outbox import Outbox
from cockpit.engine.trade_life import TradeLife
from cockpit.market.market import Market


class TradeBook:
    """Every trade that holds or may still come to hold a position."""

    def __init__(self, config: CockpitConfig, market: Market) -> None:
        self._config = config
        self._market = market
        self._desk = Desk()
        self._trades: dict[str, TradeLife] = {}
        self._booked: dict[str, TradeRecord] = {}

    def __len__(self) -> int:
        return len(self._trades)

    @property
    def trades(self) -> list[TradeLife]:
        """The trades, oldest first."""
        return list(self._trades.values())

    def open(self, verdict: Verdict, trade_id: str, out: Outbox) -> None:
        """Begin an approved trade: its entry goes out."""
        proposal = verdict.proposal
        risk_bps = proposal.stop_bps + self._round_trip_fee_bps(verdict.venue)
        record = TradeRecord(
            trade_id=trade_id,
            verdict_id=verdict.verdict_id,
            setup=proposal.setup,
            asset=proposal.asset,
            venue=verdict.venue,
            side=proposal.side,
            mode=verdict.mode,
            phase=TradePhase.OPENING,
            decided_ns=out.now_ns,
            decision_price=proposal.decision_price,
            asked_qty=verdict.qty,
            stop_bps=verdict.stop_bps,
            initial_stop_price=0.0,
            risk_usd=self._config.capital.base_unit_usd * risk_bps / BPS,
            requested_usd=proposal.requested_usd,
            notional_usd=verdict.notional_usd,
            size_factor=verdict.size_factor,
            targets=proposal.targets,
            max_hold_s=proposal.max_hold_s,
            signal_id=proposal.signal_id,
        )
        trade = self._adopt(record)
        trade.enter(proposal, out)

    def restore(self, trades: Iterable[TradeRecord], orders: Iterable[OrderProgress], out: Outbox) -> None:
        """Take over the open trades of an earlier engine, and ask the venue about every order that may be there."""
        orders = list(orders)
        self._desk.restore(orders)
        for order in self._desk.live():
            out.add(QueryOrder(out.now_ns, order.request.order_id, order.request.venue, order.request.asset))
        for record in trades:
            trade = self._adopt(record)
            trade.restore([order for order in orders if order.request.trade_id == record.trade_id], out)

    def on_order(self, event: OrderEvent, out: Outbox) -> None:
        """Book what a venue says of an order, then let its trade act on it."""
        progress = self._desk.apply(event, out)
        if progress is None:
            return
        trade = self._trades.get(progress.request.trade_id)
        if trade is not None:
            trade.on_order(event, progress, out)

    def on_funding(self, paid: FundingPaid, out: Outbox) -> None:
        """Book a funding payment to the trades of that position, by their share of it."""
        holders = [trade for trade in self._at(paid.venue, paid.asset) if trade.record.open_qty > 0]
        total = sum(trade.record.open_qty for trade in holders)
        for trade in holders:
            share = trade.record.open_qty / total
            trade.on_funding(FundingPaid(paid.ts_ns, paid.venue, paid.asset, paid.amount_usd * share, paid.rate_bps), out)

    def on_position(self, position: VenuePosition, out: Outbox) -> None:
        """The venue said what it holds: whoever waits for that hears it."""
        for trade in self._at(position.venue, position.asset):
            trade.on_position(position, out)

    def on_time(self, out: Outbox) -> None:
        """Time passed: time stops, entry limits, closes that must be asked for again."""
        for trade in self._trades.values():
            trade.on_time(out)

    def next_due_ns(self, otherwise_ns: int) -> int:
        """The next time stop, or `otherwise_ns` if that is earlier."""
        stops = (trade.record.time_stop_ns for trade in self._trades.values() if trade.record.phase is TradePhase.OPEN)
        return min((otherwise_ns, *(stop_ns for stop_ns in stops if stop_ns is not None)))

    def changes(self) -> list[tuple[TradeRecord, TradeRecord]]:
        """(before, after) of every trade that changed since the last call; trades that are over leave the book."""
        changed: list[tuple[TradeRecord, TradeRecord]] = []
        for trade_id, trade in list(self._trades.items()):
            before = self._booked[trade_id]
            if trade.record is before:
                continue
            changed.append((before, trade.record))
            self._booked[trade_id] = trade.record
            if trade.is_over:
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
        """Sum of notionals: what is open, or what was asked for where nothing has filled yet."""
        return sum(
            trade.record.open_qty * trade.record.entry_price if trade.record.entry_qty else trade.record.notional_usd
            for trade in self._trades.values()
        )

    def venues(self, mode: Mode) -> tuple[str, ...]:
        """Every venue that a trade of this mode may have touched."""
        traded = {where.trade_on for where in self._config.assets.values()}
        traded |= {trade.record.venue for trade in self._trades.values() if trade.record.mode is mode}
        return tuple(sorted(traded))

    def _at(self, venue: str, asset: str) -> list[TradeLife]:
        return [trade for trade in self._trades.values() if (trade.record.venue, trade.record.asset) == (venue, asset)]

    def _adopt(self, record: TradeRecord) -> TradeLife:
        instrument = self._config.instrument(record.asset, record.venue)
        trade = TradeLife(record, instrument, self._round_trip_fee_bps(record.venue), self._desk)
        self._trades[record.trade_id] = trade
        self._booked[record.trade_id] = record
        return trade

    def _round_trip_fee_bps(self, venue: str) -> float:
        return 2.0 * self._config.venues[venue].taker_fee_bps

"""A trade's protective stop, and whether it rests in time: every fill has so long to be covered, or the position goes.

A close needs time too, so it leaves before all of that is over. Where time comes in leaps (a market that is told second
by second) the venue's word may be due that very moment: a stop that is found missing for the first time is looked at
once more, while there is time left.
"""

from collections.abc import Collection
from typing import NamedTuple

from msgspec.structs import replace

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import OrderRole, OrderStatus, OrderType, RiskOf
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.engine import booking, ladder
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.tickets import Tickets

RESTS = (OrderStatus.WORKING, OrderStatus.PARTLY_FILLED)
LATE_AFTER, CLOSE_AFTER = 0.6, 0.7
"""Of the time to be covered: then it is late, and then the close leaves, so that the position is gone by the end."""


class _Uncovered(NamedTuple):
    since_ns: int
    open_qty: float
    is_late: bool = False


class StopCoverage:
    """Compares what is open with what the resting stops cover, both in base coins, and remembers since when not.

    `unproven` orders were cut off by a restart on their way: they count until the venue is heard.
    """

    def __init__(self, orders: OrderManager, lot: float, within_ns: int) -> None:
        self._orders = orders
        self._slack_qty = lot / 2
        self._within_ns = within_ns
        self._uncovered: list[_Uncovered] = []

    def review(self, trade: TradeRecord, unproven: Collection[str], now_ns: int) -> None:
        """Take one look. More open than at the last look is another fill, with a time of its own."""
        covered = self._covered_qty(trade, unproven) + self._slack_qty
        waiting = [one for one in self._uncovered if min(one.open_qty, trade.open_qty) > covered]
        known = waiting[-1].open_qty + self._slack_qty if waiting else covered
        if trade.open_qty > known:
            waiting.append(_Uncovered(now_ns, trade.open_qty))
        self._uncovered = waiting

    def is_whole(self, trade: TradeRecord) -> bool:
        """Whether one stop that rests right now covers all that is open."""
        return self._covered_qty(trade, ()) + self._slack_qty >= trade.open_qty

    @property
    def due_ns(self) -> int | None:
        """When it is to be looked at, at the latest; None while all of it is covered."""
        if not self._uncovered:
            return None
        first = self._uncovered[0]
        return first.since_ns + round(self._within_ns * (CLOSE_AFTER if first.is_late else LATE_AFTER))

    def failing(self, trade: TradeRecord, unproven: Collection[str], now_ns: int) -> str | None:
        """Why the position must go now, with its numbers; None while there is time, or nothing is missing."""
        self.review(trade, unproven, now_ns)
        due_ns = self.due_ns
        if due_ns is None or now_ns < due_ns:
            return None
        first = self._uncovered[0]
        if not first.is_late and now_ns < first.since_ns + self._within_ns:
            self._uncovered[0] = first._replace(is_late=True)
            return None
        return (
            f"expected a stop for {trade.open_qty:g} {trade.asset} to rest on {trade.venue} "
            f"within {self._within_ns / NS_PER_S:g} s of the fill, was {self._covered_qty(trade, unproven):g}"
        )

    def _covered_qty(self, trade: TradeRecord, unproven: Collection[str]) -> float:
        stops = self._orders.of_trade(trade.trade_id, OrderRole.STOP)
        resting = (stop for stop in stops if stop.status in RESTS or stop.request.order_id in unproven)
        return max((stop.open_qty for stop in resting), default=0.0)


class ProtectiveStop:
    """The stop orders of one trade, of which the newest counts. What changes the trade's record returns the new one."""

    def __init__(
        self,
        instrument: Instrument,
        round_trip_fee_bps: float,
        orders: OrderManager,
        coverage: StopCoverage,
        tickets: Tickets,
    ) -> None:
        self.coverage = coverage
        self._instrument = instrument
        self._round_trip_fee_bps = round_trip_fee_bps
        self._orders = orders
        self._tickets = tickets
        self._retiring: list[str] = []
        self._unproven: set[str] = set()
        self._moved: set[str] = set()
        """Those laid to bring it nearer, by hand or trailing."""
        self._was_lost = False

    def restore(self, trade: TradeRecord, orders: Collection[OrderProgress]) -> TradeRecord:
        """After a restart: one that rested when the earlier engine last saw it is for the venue to confirm."""
        self._unproven = {order.request.order_id for order in orders if order.status not in RESTS}
        stops = (order.request for order in orders if order.request.role is OrderRole.STOP)
        self._retiring = [stop.order_id for stop in stops if stop.order_id != trade.stop_order_id]
        stop = self._orders.get(trade.stop_order_id)
        if stop is None or stop.status not in RESTS:
            return trade
        return replace(trade, stop_rests_on_venue=False, stop_unseen=True)

    def is_unproven(self, order_id: str) -> bool:
        """Whether a restart cut that order off on its way."""
        return order_id in self._unproven

    def settle(self, order_id: str) -> None:
        """The venue does not know it: it guards nothing."""
        self._unproven.discard(order_id)

    def review(self, trade: TradeRecord, now_ns: int) -> None:
        """Compare what is open with what rests."""
        self.coverage.review(trade, self._unproven, now_ns)

    def failing(self, trade: TradeRecord, now_ns: int) -> str | None:
        """Why the position must go now for want of a stop; None while there is time, or nothing is missing."""
        return self.coverage.failing(trade, self._unproven, now_ns)

    def price_for(self, trade: TradeRecord) -> float | None:
        """Where the stop belongs: where it began, until it was moved to the entry; where it was moved nearer, there."""
        if trade.stop_at_entry:
            return trade.stop_price
        first = ladder.first_stop_price(trade, self._instrument.tick_usd)
        if trade.stop_moved and trade.stop_price is not None:
            return ladder.nearer(trade.stop_price, first, trade.side)
        return first

    def with_risk(self, trade: TradeRecord) -> TradeRecord:
        """R is of what was filled. A trade that 0.1.0 opened goes on counting as it did."""
        if trade.risk_of is not RiskOf.TRADE:
            return trade
        return replace(trade, risk_usd=booking.risk_usd(trade, self._round_trip_fee_bps / 2.0))

    def placed(self, trade: TradeRecord, price: float | None, out: Outbox) -> TradeRecord:
        """A new stop for the whole open size; the old one is cancelled only once the new one rests."""
        request = self._tickets.write(
            trade, OrderRole.STOP, OrderType.STOP_MARKET, trade.open_qty, out.now_ns, trigger_price=price
        )
        if self._orders.is_live(trade.stop_order_id):
            self._retiring.append(trade.stop_order_id)
        self._orders.place(request, out)
        return booking.with_stop(trade, request.order_id, price)

    def protecting(self, trade: TradeRecord, out: Outbox) -> TradeRecord:
        """The trade with a stop on its way to where it belongs; its risk is counted while that is the first price."""
        if not trade.stop_at_entry:
            first = ladder.first_stop_price(trade, self._instrument.tick_usd)
            trade = self.with_risk(replace(trade, initial_stop_price=first))
        return self.placed(trade, self.price_for(trade), out)

    def moved_to_entry(self, trade: TradeRecord, out: Outbox) -> TradeRecord:
        """The trade with its stop on its way to where leaving costs nothing, or where it is already nearer."""
        price = self.breakeven_price(trade)
        if trade.stop_moved and trade.stop_price is not None:
            price = ladder.nearer(trade.stop_price, price, trade.side)
        return self.placed(replace(trade, stop_at_entry=True), price, out)

    def breakeven_price(self, trade: TradeRecord) -> float:
        """Where leaving costs nothing: the entry and both fees."""
        tick_usd = self._instrument.tick_usd
        return ladder.breakeven_price(trade.entry_price, trade.side, self._round_trip_fee_bps, tick_usd)

    def moved(self, trade: TradeRecord, price: float, out: Outbox, at_entry: bool = False) -> TradeRecord:
        """The trade with its stop on its way to a nearer price."""
        nearer = replace(trade, stop_moved=True, stop_at_entry=at_entry or trade.stop_at_entry)
        nearer = self.placed(nearer, price, out)
        self._moved.add(nearer.stop_order_id)
        return nearer

    def kept_older(self, trade: TradeRecord, stop: OrderProgress) -> TradeRecord | None:
        """Where a stop that was to be moved nearer is refused, the one that rests counts again; None without one."""
        if stop.request.order_id not in self._moved:
            return None
        for order_id in reversed(self._retiring):
            older = self._orders.get(order_id)
            if older is not None and older.status in RESTS and self.coverage.is_whole(trade):
                self._retiring.remove(order_id)
                kept = booking.with_stop(trade, order_id, older.request.trigger_price)
                return replace(kept, stop_rests_on_venue=True)
        return None

    def rests(self, trade: TradeRecord, out: Outbox) -> TradeRecord:
        """The venue has the newest: those it takes the place of go."""
        for order_id in self._retiring:
            self._orders.cancel(order_id, out)
        self._retiring.clear()
        self._moved.clear()
        self._was_lost = False
        return replace(trade, stop_rests_on_venue=True, stop_unseen=False)

    def may_be_laid_anew(self, trade: TradeRecord, stop: OrderProgress, out: Outbox) -> bool:
        """The newest is gone. One that rested and was taken off (by a hand, or by a venue that trims stops to a
        position), one that a restart cut off on its way, and one that was to take the place of another that still
        rests, are laid anew, once. `trade` is how it stood before.
        """
        rested = (trade.stop_rests_on_venue or trade.stop_unseen) and stop.status is OrderStatus.CANCELLED
        what = f"{trade.trade_id} stop {stop.status.value}: {stop.detail}"
        is_unproven = self.is_unproven(stop.request.order_id)
        if not is_unproven and (self._was_lost or not (rested or self.coverage.is_whole(trade))):
            out.notice("critical", "stop", f"{what}: closing at once")
            return False
        self._was_lost = True
        meanwhile = "after a restart" if is_unproven else "it rested" if rested else "the older one still rests"
        out.notice("critical" if rested else "warning", "stop", f"{what}: {meanwhile}, placing it anew")
        return True

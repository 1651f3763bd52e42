"""A trade's targets at the venue: placed once its stop rests, shortened with the position, taken back as it leaves."""

from msgspec.structs import replace

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import OrderRole, OrderType
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import Rung, TradeRecord
from cockpit.engine import booking, ladder
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.tickets import Tickets


class TargetLadder:
    """The target orders of one trade. What changes its record returns the new one."""

    def __init__(self, instrument: Instrument, orders: OrderManager, tickets: Tickets) -> None:
        self._instrument = instrument
        self._orders = orders
        self._tickets = tickets

    def placed(self, trade: TradeRecord, out: Outbox) -> TradeRecord:
        """The trade with its open quantity split over its targets, each sent."""
        split = ladder.rungs(trade.open_qty, trade.entry_price, trade.side, trade.targets, self._instrument)
        requests = [
            self._tickets.write(trade, OrderRole.TARGET, OrderType.LIMIT, rung.qty, out.now_ns, limit_price=rung.price)
            for rung in split
        ]
        rungs = tuple(
            Rung(rung.distance_bps, rung.price, rung.qty, order_id=request.order_id)
            for rung, request in zip(split, requests, strict=True)
        )
        for request in requests:
            self._orders.place(request, out)
        return replace(trade, rungs=rungs)

    def placed_anew(self, trade: TradeRecord, target: OrderProgress, out: Outbox) -> TradeRecord:
        """The trade with one target sent once more: a restart cut it off on its way to the venue."""
        lost, price = target.request, target.request.limit_price
        new = self._tickets.write(trade, lost.role, lost.order_type, lost.qty, out.now_ns, limit_price=price)
        self._orders.place(new, out)
        return replace(trade, rungs=booking.renamed_rung(trade.rungs, lost.order_id, new.order_id))

    def shorten(self, trade: TradeRecord, out: Outbox) -> None:
        """Targets for more than is open would hold quantity that others there need for their exits."""
        left = trade.open_qty + self._instrument.lot / 2
        for rung in trade.rungs:
            target = self._orders.get(rung.order_id)
            if target is not None and target.open_qty > left:
                self._orders.cancel(rung.order_id, out)
            elif target is not None:
                left -= target.open_qty

    def take_back(self, trade: TradeRecord, out: Outbox) -> None:
        """Every one that may still execute."""
        for rung in trade.rungs:
            self._orders.cancel(rung.order_id, out)

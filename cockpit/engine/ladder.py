"""Prices on the venue's grid and a size split over the rungs of a ladder in whole lots."""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from cockpit.config.venues import Instrument
from cockpit.domain.kinds import OrderRole, OrderType, Side
from cockpit.domain.orders import OrderProgress
from cockpit.domain.trades import Rung, TradeRecord
from cockpit.domain.units import offset_price
from cockpit.domain.verdict import Target
from cockpit.engine import booking
from cockpit.engine.order_manager import OrderManager
from cockpit.engine.outbox import Outbox
from cockpit.engine.tickets import Tickets
from cockpit.gate.sizing import lot_decimals, split_lots

GRID_SLACK = 1e-9


def on_grid(price: float, side: Side, tick_usd: float) -> float:
    """The price on the tick grid, rounded toward the profit of `side`: a stop loses no more, a target earns no less."""
    ticks = price / tick_usd
    whole = math.ceil(ticks - GRID_SLACK) if side is Side.LONG else math.floor(ticks + GRID_SLACK)
    return round(whole * tick_usd, lot_decimals(tick_usd))


def stop_price(entry_price: float, side: Side, stop_bps: float, tick_usd: float) -> float:
    """Where the protective stop triggers: `stop_bps` against the trade."""
    return on_grid(offset_price(entry_price, -side.sign * stop_bps), side, tick_usd)


def nearer(one: float, other: float, side: Side) -> float:
    """Of two stop prices the one that loses less."""
    return max(one, other) if side is Side.LONG else min(one, other)


def first_stop_price(trade: TradeRecord, tick_usd: float) -> float:
    """Where a trade's stop begins: so far from the entry, or at the price asked for where that is no further."""
    by_distance = stop_price(trade.entry_price, trade.side, trade.stop_bps, tick_usd)
    if trade.asked_stop_price is None:
        return by_distance
    return nearer(on_grid(trade.asked_stop_price, trade.side, tick_usd), by_distance, trade.side)


def breakeven_price(entry_price: float, side: Side, round_trip_fee_bps: float, tick_usd: float) -> float:
    """The price at which closing pays back the entry and both fees."""
    return on_grid(offset_price(entry_price, side.sign * round_trip_fee_bps), side, tick_usd)


def remaining(targets: Sequence[Target], filled_bps: Sequence[float]) -> tuple[Target, ...]:
    """The targets that are left, their shares of what is left: what no target takes stays so."""
    left = [target for target in targets if target.distance_bps not in filled_bps]
    gone_pct = sum(target.share_pct for target in targets if target.distance_bps in filled_bps)
    whole_pct = 100.0 - gone_pct
    return tuple(Target(one.distance_bps, min(100.0, one.share_pct * 100.0 / whole_pct)) for one in left)


def rungs(
    qty: float, entry_price: float, side: Side, targets: Sequence[Target], instrument: Instrument
) -> tuple[Rung, ...]:
    """Split `qty` over the targets in whole lots; a rung that gets none disappears."""
    parts = split_lots(round(qty / instrument.lot), [target.share_pct for target in targets])
    return tuple(
        Rung(
            target.distance_bps,
            on_grid(offset_price(entry_price, side.sign * target.distance_bps), side, instrument.tick_usd),
            round(lots * instrument.lot, lot_decimals(instrument.lot)),
        )
        for target, lots in zip(targets, parts, strict=True)
        if lots
    )


# A trade's targets at the venue: placed once its stop rests, shortened with the position, taken back as it leaves.


class TargetLadder:
    """The target orders of one trade. What changes its record returns the new one."""

    def __init__(self, instrument: Instrument, orders: OrderManager, tickets: Tickets) -> None:
        self._instrument = instrument
        self._orders = orders
        self._tickets = tickets

    def placed(self, trade: TradeRecord, out: Outbox) -> TradeRecord:
        """The trade with its open quantity split over its targets, each sent; on spot they are watched."""
        split = rungs(trade.open_qty, trade.entry_price, trade.side, trade.targets, self._instrument)
        if self._instrument.is_spot:
            return replace(trade, rungs=split)
        requests = [
            self._tickets.write(trade, OrderRole.TARGET, OrderType.LIMIT, rung.qty, out.now_ns, limit_price=rung.price)
            for rung in split
        ]
        sent = tuple(
            Rung(rung.distance_bps, rung.price, rung.qty, order_id=request.order_id)
            for rung, request in zip(split, requests, strict=True)
        )
        for request in requests:
            self._orders.place(request, out)
        return replace(trade, rungs=sent)

    def relaid(self, trade: TradeRecord, out: Outbox) -> TradeRecord:
        """The trade with what is open split over the targets that have not filled, each sent; the filled ones stay."""
        filled = tuple(rung for rung in trade.rungs if rung.filled_qty >= rung.qty)
        left = remaining(trade.targets, [rung.distance_bps for rung in filled])
        laid = self.placed(replace(trade, targets=left, relays_targets=False), out)
        return replace(laid, rungs=(*filled, *laid.rungs))

    def taken(self, trade: TradeRecord, price: float, out: Outbox) -> TradeRecord | None:
        """The trade with the first watched target that this price reaches on its way; None where it reaches none."""
        rung = next((one for one in trade.rungs if not one.order_id and price >= one.price), None)
        if rung is None:
            return None
        qty = min(rung.qty, trade.open_qty)
        sent = self._tickets.write(trade, OrderRole.TARGET, OrderType.LIMIT, qty, out.now_ns, limit_price=rung.price)
        self._orders.place(sent, out)
        rungs = tuple(replace(one, qty=qty, order_id=sent.order_id) if one is rung else one for one in trade.rungs)
        return replace(trade, rungs=rungs)

    def watched_again(self, trade: TradeRecord, target: OrderProgress) -> TradeRecord:
        """The trade with what a target has not sold watched once more."""
        order_id, filled = target.request.order_id, target.filled_qty
        rungs: list[Rung] = []
        for rung in trade.rungs:
            if rung.order_id != order_id:
                rungs.append(rung)
                continue
            if filled > 0.0:
                rungs.append(replace(rung, qty=filled, filled_qty=filled))
            left = booking.whole_lots(rung.qty - filled, self._instrument.lot)
            rungs += [Rung(rung.distance_bps, rung.price, left)] if left > 0.0 else []
        return replace(trade, rungs=tuple(rungs))

    def are_gone(self, trade: TradeRecord) -> bool:
        """Whether none of them can execute any more."""
        return not any(self._orders.is_live(rung.order_id) for rung in trade.rungs)

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

"""What an execution does to a trade's record: quantities in whole lots, average prices, the result so far."""

from msgspec.structs import replace

from cockpit.domain.events import FillInferred, OrderFilled
from cockpit.domain.kinds import ExitReason, OrderRole, TradePhase
from cockpit.domain.orders import OrderRequest
from cockpit.domain.trades import Rung, TradeRecord
from cockpit.domain.units import BPS, NS_PER_MS, average_price, bps_between, seconds_to_ns
from cockpit.gate.sizing import lot_decimals
from cockpit.market.bars import Bar


def whole_lots(qty: float, lot: float) -> float:
    """The quantity free of rounding noise: whole lots, and nothing where less than half a lot is left."""
    return round(round(qty / lot) * lot, lot_decimals(lot))


def with_entry(trade: TradeRecord, qty: float, price: float, fee_usd: float, lot: float) -> TradeRecord:
    """The trade with `qty` more of its position opened at `price`."""
    return replace(
        trade,
        entry_qty=whole_lots(trade.entry_qty + qty, lot),
        open_qty=whole_lots(trade.open_qty + qty, lot),
        entry_price=average_price(trade.entry_price, trade.open_qty, price, qty),
        fees_usd=trade.fees_usd + fee_usd,
        entry_fees_usd=trade.entry_fees_usd + fee_usd,
    )


def risk_usd(trade: TradeRecord, exit_fee_bps: float) -> float:
    """What a full stop at its first price costs, without slippage: the distance, the entry's fees and the exit's."""
    stop_price = trade.initial_stop_price
    distance_usd = abs(trade.entry_price - stop_price) * trade.entry_qty
    return distance_usd + trade.entry_fees_usd + stop_price * trade.entry_qty * exit_fee_bps / BPS


def settled_entry(trade: TradeRecord, price_change: float, qty: float, fee_change_usd: float) -> TradeRecord:
    """The trade with `qty` of its entry at so much more than was assumed, what left since valued against that."""
    entry_price = trade.entry_price + price_change * qty / trade.entry_qty
    gross_usd = trade.gross_usd - trade.side.sign * (entry_price - trade.entry_price) * trade.exit_qty
    return replace(
        trade,
        entry_price=entry_price,
        gross_usd=gross_usd,
        fees_usd=trade.fees_usd + fee_change_usd,
        entry_fees_usd=trade.entry_fees_usd + fee_change_usd,
    )


def counted_once(trade: TradeRecord, qty: float, price: float, fee_usd: float, lot: float) -> TradeRecord:
    """The trade without `qty` of its entry that was booked at `price`, left since, and is in it again as open."""
    return replace(
        trade,
        entry_qty=whole_lots(trade.entry_qty - qty, lot),
        open_qty=whole_lots(trade.open_qty - qty, lot),
        gross_usd=trade.gross_usd - trade.side.sign * (trade.entry_price - price) * qty,
        fees_usd=trade.fees_usd - fee_usd,
        entry_fees_usd=trade.entry_fees_usd - fee_usd,
    )


def without_entry(trade: TradeRecord, qty: float, price: float, fee_usd: float, lot: float) -> TradeRecord:
    """The trade without `qty` of its entry at `price`: it never executed."""
    left = whole_lots(trade.entry_qty - qty, lot)
    entry_price = (trade.entry_price * trade.entry_qty - price * qty) / left if left > 0 else 0.0
    return replace(
        trade,
        entry_qty=left,
        open_qty=whole_lots(trade.open_qty - qty, lot),
        entry_price=entry_price,
        fees_usd=trade.fees_usd - fee_usd if left > 0 else 0.0,
        entry_fees_usd=trade.entry_fees_usd - fee_usd if left > 0 else 0.0,
    )


def opened(trade: TradeRecord, filled_ns: int) -> TradeRecord:
    """The trade at its first fill: from here on it is open, and its time stop runs."""
    opened_ns = max(filled_ns, trade.decided_ns)
    hold_s = trade.max_hold_s
    return replace(
        trade,
        opened_ns=opened_ns,
        decision_to_fill_ms=(opened_ns - trade.decided_ns) / NS_PER_MS,
        time_stop_ns=None if hold_s is None else opened_ns + seconds_to_ns(hold_s),
    )


def filled_rungs(rungs: tuple[Rung, ...], order_id: str, filled_qty: float) -> tuple[Rung, ...]:
    """The ladder, with so much of one rung's order filled."""
    return tuple(replace(rung, filled_qty=filled_qty) if rung.order_id == order_id else rung for rung in rungs)


def renamed_rung(rungs: tuple[Rung, ...], order_id: str, new_id: str) -> tuple[Rung, ...]:
    """The ladder, with one rung's order replaced by another."""
    return tuple(replace(rung, order_id=new_id) if rung.order_id == order_id else rung for rung in rungs)


def with_exit(trade: TradeRecord, qty: float, price: float, fee_usd: float, lot: float) -> TradeRecord:
    """The trade with `qty` of its position closed at `price`."""
    return replace(
        trade,
        open_qty=whole_lots(trade.open_qty - qty, lot),
        exit_qty=whole_lots(trade.exit_qty + qty, lot),
        exit_price=average_price(trade.exit_price, trade.exit_qty, price, qty),
        gross_usd=trade.gross_usd + trade.side.sign * (price - trade.entry_price) * qty,
        fees_usd=trade.fees_usd + fee_usd,
    )


def gone(trade: TradeRecord, price: float, detail: str, lot: float) -> TradeRecord:
    """The trade whose position is not there any more: all of it valued at `price`, without a fee."""
    closed = with_exit(trade, trade.open_qty, price, 0.0, lot)
    return replace(closed, phase=TradePhase.CLOSING, exit_reason=ExitReason.OUTSIDE, exit_detail=detail)


def closed(trade: TradeRecord, now_ns: int) -> TradeRecord:
    """The trade with nothing left open, and nothing of it resting."""
    reason = trade.exit_reason or ExitReason.TARGETS
    left = replace(trade, stop_rests_on_venue=False, stop_unseen=False)
    return replace(left, phase=TradePhase.CLOSED, closed_ns=now_ns, exit_reason=reason)


def abandoned(trade: TradeRecord, detail: str, now_ns: int) -> TradeRecord:
    """The trade whose entry never executed."""
    never = replace(trade, opened_ns=None, stop_rests_on_venue=False)
    return replace(never, phase=TradePhase.ABANDONED, closed_ns=now_ns, exit_detail=detail)


def revived(trade: TradeRecord) -> TradeRecord:
    """The trade that was over when its entry filled after all: it leaves at once."""
    detail = "entry filled after it was given up: closing at once"
    return replace(trade, phase=TradePhase.CLOSING, closed_ns=None, exit_reason=ExitReason.NO_STOP, exit_detail=detail)


def with_stop(trade: TradeRecord, order_id: str, price: float | None) -> TradeRecord:
    """The trade with another stop on its way to the venue."""
    return replace(trade, stop_price=price, stop_order_id=order_id, stop_rests_on_venue=False, stop_unseen=False)


def stop_reason(trade: TradeRecord, trigger_price: float | None) -> ExitReason:
    """Which stop it was, by its price: the first one may still fill after another was laid at entry."""
    if trade.trail is not None and trade.stop_moved and trigger_price != trade.initial_stop_price:
        return ExitReason.TRAILING_STOP
    at_entry = trigger_price is not None and trade.side.sign * (trigger_price - trade.entry_price) >= 0
    return ExitReason.BREAKEVEN_STOP if at_entry else ExitReason.STOP


# The part of an entry that is known to have executed and whose executions are not listed yet.
#
# It is in the trade's record at the average price that the venue told, with the fee at the config's rate. Each
# execution takes the place of as much of it, with its own price and fee; what turns out never to have executed leaves
# again.


class UnsettledEntry:
    """How much of the record's entry is unsettled, and at what price."""

    def __init__(self, lot: float, fee_bps: float) -> None:
        self._lot = lot
        self._fee_bps = fee_bps
        self._qty = 0.0
        self._price = 0.0
        self._disproved_qty = 0.0
        """Of the record's entry, given up after exits had taken it: should the entry fill, it may be the same."""
        self._disproved_price = 0.0

    def restore(self, record: TradeRecord, listed_qty: float, listed_price: float) -> None:
        """After a restart: of the entry so much was listed, at that price on average; the rest was only inferred."""
        self._qty = whole_lots(max(0.0, record.entry_qty - listed_qty), self._lot)
        self._price = record.entry_price
        if self._qty > 0.0:
            price = (record.entry_price * record.entry_qty - listed_price * listed_qty) / self._qty
            self._price = price if price > 0.0 else record.entry_price

    def unknown_qty(self, record: TradeRecord, seen: FillInferred) -> float:
        """How much of it is not in the record."""
        known = record.entry_qty - self._disproved_qty
        return max(0.0, whole_lots(seen.filled_qty - known, self._lot))

    def infer(self, record: TradeRecord, seen: FillInferred) -> TradeRecord | None:
        """The record with what is new in it; None where nothing is."""
        qty, known = self.unknown_qty(record, seen), record.entry_qty - self._disproved_qty
        if qty <= 0.0:
            return None
        price = (seen.average_price * seen.filled_qty - record.entry_price * known) / qty
        price = price if price > 0.0 else seen.average_price
        self._price = (self._price * self._qty + price * qty) / (self._qty + qty)
        self._qty = whole_lots(self._qty + qty, self._lot)
        return with_entry(record, qty, price, self._fee_usd(qty, price), self._lot)

    def settle(self, record: TradeRecord, fill: OrderFilled) -> tuple[TradeRecord, float]:
        """The record with as much of that execution as was inferred, and what is left of it."""
        qty = min(fill.qty, self._qty)
        if qty <= 0.0:
            return record, fill.qty
        fee_change_usd = fill.fee_usd * qty / fill.qty - self._fee_usd(qty, self._price)
        record = settled_entry(record, fill.price - self._price, qty, fee_change_usd)
        self._qty = whole_lots(self._qty - qty, self._lot)
        return record, whole_lots(fill.qty - qty, self._lot)

    def withdrawn(self, record: TradeRecord) -> TradeRecord:
        """The entry is over without those executions. Where something has left the position since, it did execute."""
        qty, self._qty = self._qty, 0.0
        if qty > 0.0 and record.exit_qty > 0.0:
            self._disproved_qty, self._disproved_price = qty, self._price
            return record
        if qty <= 0.0:
            return record
        return without_entry(record, qty, self._price, self._fee_usd(qty, self._price), self._lot)

    def once(self, record: TradeRecord) -> TradeRecord:
        """The record without what is in it twice: of what is open and not held, the executions are the true ones."""
        qty = min(record.open_qty, self._disproved_qty)
        if qty <= 0.0:
            return record
        price, self._disproved_qty = self._disproved_price, whole_lots(self._disproved_qty - qty, self._lot)
        return counted_once(record, qty, price, self._fee_usd(qty, price), self._lot)

    def _fee_usd(self, qty: float, price: float) -> float:
        return qty * price * self._fee_bps / BPS


# How far the market went against a trade and in its favour while it was open, and how much worse than asked it left.
#
# Seen are the fills, one price a second, and every print of the bars that lie wholly within the trade's life.


class Excursion:
    """The extremes of one trade, in bps of its entry; none before it has one."""

    def __init__(self, record: TradeRecord) -> None:
        self._adverse_bps = record.mae_bps
        self._favourable_bps = record.mfe_bps

    @property
    def adverse_bps(self) -> float | None:
        """The worst so far."""
        return self._adverse_bps

    @property
    def favourable_bps(self) -> float | None:
        """The best so far."""
        return self._favourable_bps

    def on_price(self, record: TradeRecord, price: float | None) -> None:
        """A price the trade could have left at."""
        if price is None or record.entry_price <= 0.0:
            return
        gain_bps = record.side.sign * bps_between(price, record.entry_price)
        self._adverse_bps = max(self._adverse_bps or 0.0, -gain_bps)
        self._favourable_bps = max(self._favourable_bps or 0.0, gain_bps)

    def on_bar(self, record: TradeRecord, bar: Bar) -> None:
        """A bar of its asset; one that began before the trade did says nothing of it."""
        if record.opened_ns is not None and bar.start_ns >= record.opened_ns and record.open_qty > 0:
            self.on_price(record, bar.low)
            self.on_price(record, bar.high)

    def noted(self, record: TradeRecord) -> TradeRecord:
        """The record with the extremes so far."""
        if (record.mae_bps, record.mfe_bps) == (self._adverse_bps, self._favourable_bps):
            return record
        return replace(record, mae_bps=self._adverse_bps, mfe_bps=self._favourable_bps)


def fill_slippage_bps(record: TradeRecord, order: OrderRequest, price: float) -> float | None:
    """How much worse an execution was than its order's price: a stop's trigger, a target's limit, and for a market
    order the price it was decided at; None where that is not known.
    """
    if order.role is OrderRole.ENTRY:
        return record.side.sign * bps_between(price, record.decision_price)
    asked = order.trigger_price or order.limit_price or order.decision_price
    return 0.0 - record.side.sign * bps_between(price, asked) if asked > 0.0 else None


def with_exit_slippage(record: TradeRecord, before: TradeRecord, slippage_bps: float | None) -> TradeRecord:
    """The record after an exit, with the exits' average by quantity; unknown as soon as one of them is."""
    qty = record.exit_qty - before.exit_qty
    if before.exit_qty > 0 and slippage_bps is not None and before.exit_slippage_bps is not None:
        slippage_bps = average_price(before.exit_slippage_bps, before.exit_qty, slippage_bps, qty)
    elif before.exit_qty > 0:
        slippage_bps = None
    return replace(record, exit_slippage_bps=slippage_bps)

"""What an execution does to a trade's record: quantities in whole lots, average prices, the result so far."""

from msgspec.structs import replace

from cockpit.domain.kinds import ExitReason, TradePhase
from cockpit.domain.trades import Rung, TradeRecord
from cockpit.domain.units import BPS, NS_PER_MS, average_price, seconds_to_ns
from cockpit.gate.sizing import lot_decimals


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


def revived(trade: TradeRecord) -> TradeRecord:
    """The trade that was over when its entry filled after all: it leaves at once."""
    detail = "entry filled after it was given up: closing at once"
    return replace(trade, phase=TradePhase.CLOSING, closed_ns=None, exit_reason=ExitReason.NO_STOP, exit_detail=detail)


def with_stop(trade: TradeRecord, order_id: str, price: float | None) -> TradeRecord:
    """The trade with another stop on its way to the venue."""
    return replace(trade, stop_price=price, stop_order_id=order_id, stop_rests_on_venue=False, stop_unseen=False)


def stop_reason(trade: TradeRecord, trigger_price: float | None) -> ExitReason:
    """Which stop it was, by its price: the first one may still fill after another was laid at entry."""
    at_entry = trigger_price is not None and trade.side.sign * (trigger_price - trade.entry_price) >= 0
    return ExitReason.BREAKEVEN_STOP if at_entry else ExitReason.STOP

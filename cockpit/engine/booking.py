"""What an execution does to a trade's record: quantities in whole lots, average prices, the result so far."""

from msgspec.structs import replace

from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import average_price
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
    )


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

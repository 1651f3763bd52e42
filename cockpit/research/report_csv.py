"""Every trade of a backtest as a row."""

import csv
from pathlib import Path

from cockpit.domain.units import utc_text
from cockpit.history.errors import HistoryError
from cockpit.research.backtest import Backtest, Result

COLUMNS = (
    "trade_id", "setup", "asset", "venue", "side", "decided", "opened_ns", "closed_ns", "decision_price", "qty",
    "entry_price", "exit_price", "stop_bps", "exit_reason", "is_open", "gross_usd", "fees_usd", "funding_usd",
    "pnl_usd", "risk_usd", "r", "slippage_bps", "exit_slippage_bps", "mae_bps", "mfe_bps",
)  # fmt: skip


def write_csv(path: Path, backtest: Backtest) -> None:
    """Write the file. Raises `HistoryError` where it cannot be written."""
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            rows.writerows(_row(result) for result in backtest.results)
    except OSError as error:
        raise HistoryError(f"{path}: expected to write it, was {error.strerror or error}") from error


def _row(result: Result) -> list[object]:
    trade = result.trade
    known: dict[str, object] = {
        "decided": utc_text(trade.decided_ns),
        "side": trade.side.value,
        "qty": trade.entry_qty,
        "exit_reason": trade.exit_reason.value if trade.exit_reason else "",
        "pnl_usd": result.pnl_usd,
        "r": result.r,
        "is_open": result.is_open,
    }
    return [known[name] if name in known else getattr(trade, name) for name in COLUMNS]

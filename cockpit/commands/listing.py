"""Trades and verdicts as lines for people."""

from cockpit.domain.numbers import price_text
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import utc_text
from cockpit.domain.verdict import Verdict
from cockpit.runtime.narrate import verdict_text


def trade_line(trade: TradeRecord) -> str:
    """One trade: when, what, how it stands or ended, and what it came to."""
    what = f"{utc_text(trade.decided_ns)[:19]} {trade.trade_id} {trade.setup} {trade.asset} {trade.side.value}"
    size = f"{trade.entry_qty:g} at {price_text(trade.entry_price)}" if trade.entry_qty > 0 else "not filled"
    how = (
        trade.exit_reason.value if trade.exit_reason is not None and trade.closed_ns is not None else trade.phase.value
    )
    return f"{what} {size} {trade.mode.value} {how}: net {trade.pnl_usd:+.4f} USD, {trade.r:+.2f} R"


def verdict_line(verdict: Verdict) -> str:
    """One verdict: when, what was asked, and yes or why not."""
    return f"{utc_text(verdict.ts_ns)[:19]} {verdict.verdict_id} {verdict_text(verdict)}"

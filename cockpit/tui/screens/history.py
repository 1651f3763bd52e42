"""Closed trades, the equity they make, and the day in numbers."""

from cockpit.domain.snapshot import Snapshot
from cockpit.domain.trades import TradeRecord
from cockpit.tui import numbers
from cockpit.tui.text import Line, facts, left
from cockpit.tui.view import View

CURVE_ROWS = 8
EIGHTHS = " ▁▂▃▄▅▆▇█"
LABEL_CELLS = 9
ELSEWHERE: Line = (("these are what this screen has seen; cockpit report has every trade", "dim"),)
HEAD = "closed    setup                trade      net USD      R   by               held     size  slip  fees"


def lines(view: View, cells: int) -> list[Line]:
    """Statistics, curve, then the trades, the last closed first."""
    trades = sorted(view.store.closed_trades, key=lambda trade: trade.closed_ns or 0)
    drawn = [*_statistics(view.snapshot, trades), ()]
    if not trades:
        return [*drawn, (("no closed trade yet", "dim"),), ELSEWHERE]
    drawn += [*_curve(view, trades, cells), (), ((HEAD, "dim"),)]
    return [*drawn, *(_trade(trade) for trade in reversed(trades)), (), ELSEWHERE]


def _statistics(now: Snapshot | None, trades: list[TradeRecord]) -> list[Line]:
    wins = [trade for trade in trades if trade.pnl_usd >= 0]
    rate = f"{100 * len(wins) / len(trades):.0f} %" if trades else numbers.UNKNOWN
    delays = [trade.decision_to_fill_ms for trade in trades if trade.decision_to_fill_ms is not None]
    drawn = [
        facts(
            ("trades", str(len(trades))),
            ("won", f"{len(wins)} ({rate})"),
            ("net", f"{numbers.gain(sum(trade.pnl_usd for trade in trades))} USD"),
            ("", numbers.r_units(sum(trade.r for trade in trades))),
            ("fees", numbers.money(sum(trade.fees_usd for trade in trades))),
        ),
        facts(
            ("slippage", f"{numbers.bps(_mean([trade.slippage_bps for trade in trades]))} bps"),
            ("decision to fill", f"{numbers.whole(_mean(delays))} ms"),
        ),
    ]
    if now is not None:
        account = now.account
        drawn.append(
            facts(
                ("today", f"{numbers.gain(account.realised_usd)} of -{numbers.money(now.daily_loss_limit_usd)}"),
                ("trades", f"{account.trades_today} of {now.max_trades_per_day}"),
                ("losses in a row", str(account.consecutive_losses)),
                ("deepest drawdown", numbers.money(account.max_drawdown_usd)),
            )
        )
    return drawn


def _curve(view: View, trades: list[TradeRecord], cells: int) -> list[Line]:
    """The running net result after each trade, one column each, the newest at the right."""
    equity, total = [0.0], 0.0
    for trade in trades:
        total += trade.pnl_usd
        equity.append(total)
    columns = equity[-max(2, cells - LABEL_CELLS - 2) :]
    low, high = min(columns), max(columns)
    span = (high - low) or 1.0
    rows: list[Line] = []
    for row in range(CURVE_ROWS):
        floor = CURVE_ROWS - 1 - row
        text = "".join(_block(view, (value - low) / span * (CURVE_ROWS - 0.2) + 0.2 - floor) for value in columns)
        label = numbers.gain(high) if row == 0 else (numbers.gain(low) if row == CURVE_ROWS - 1 else "")
        rows.append(((f"{label:>{LABEL_CELLS}} ", "dim"), (view.glyphs.axis, "faint"), (text, "info")))
    return rows


def _block(view: View, filled: float) -> str:
    eighths = min(8, max(0, round(filled * 8)))
    if view.glyphs.full != EIGHTHS[-1]:
        return view.glyphs.full if eighths >= 4 else " "
    return EIGHTHS[eighths]


def _trade(trade: TradeRecord) -> Line:
    held_s = (trade.closed_ns - trade.opened_ns) / 1e9 if trade.closed_ns and trade.opened_ns else None
    how = trade.exit_reason.value.replace("_", " ") if trade.exit_reason else ""
    role = numbers.role_of(trade.pnl_usd)
    return (
        (f"{numbers.clock(trade.closed_ns or 0)}  ", "dim"),
        (left(trade.setup.replace("_", " "), 20) + " ", "text"),
        (left(f"{trade.asset} {trade.side}", 10), "text"),
        (f"{numbers.gain(trade.pnl_usd):>8} {numbers.r_units(trade.r):>7}  ", role),
        (f"{how:<14}", "text"),
        (f"{numbers.lasting(held_s):>7} {numbers.money(trade.notional_usd):>8}", "dim"),
        (f"{numbers.bps(trade.slippage_bps):>6} {numbers.money(trade.fees_usd):>5}", "dim"),
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None

"""Closed trades, the equity they make, and the day in numbers."""

from itertools import accumulate

from cockpit.domain.snapshot import Snapshot
from cockpit.domain.trades import TradeRecord
from cockpit.tui import numbers
from cockpit.tui.text import Line, facts, left
from cockpit.tui.view import View

CURVE_ROWS = 8
WIDEST_TRADE = 24
"""So many columns a trade takes at most: few trades are no walls."""
EIGHTHS = " ▁▂▃▄▅▆▇█"
LABEL_CELLS = 9
ELSEWHERE: Line = (("these are what this screen has seen; cockpit report has every trade", "dim"),)
HEAD = "closed    setup                trade      net USD      R   by               held size USD slip bps fees USD"


def lines(view: View, cells: int) -> list[Line]:
    """Statistics, curve, then the trades, the last closed first."""
    trades = sorted(view.store.closed_trades, key=lambda trade: trade.closed_ns or 0)
    drawn = [*_statistics(view.snapshot, trades), ()]
    if not trades:
        return [*drawn, (("no closed trade yet", "dim"),), ELSEWHERE]
    is_wide = cells >= len(HEAD)
    head: list[Line] = [((HEAD, "dim"),)] if is_wide else []
    drawn += [*_curve(view, trades, cells), (), *head]
    return [*drawn, *(row for trade in reversed(trades) for row in _trade(trade, is_wide)), (), ELSEWHERE]


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
            ("fees", f"{numbers.money(sum(trade.fees_usd for trade in trades))} USD"),
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
                ("today", f"{numbers.gain(account.realised_usd)} of -{numbers.money(now.daily_loss_limit_usd)} USD"),
                ("trades", f"{account.trades_today} of {now.max_trades_per_day}"),
                ("losses in a row", str(account.consecutive_losses)),
                ("deepest drawdown", f"{numbers.money(account.max_drawdown_usd)} USD"),
            )
        )
    return drawn


def _curve(view: View, trades: list[TradeRecord], cells: int) -> list[Line]:
    """The running net result after each trade over the whole width, above and below a line at nothing."""
    results = list(accumulate(trade.pnl_usd for trade in trades))
    width = max(2, cells - LABEL_CELLS - 2)
    shown = results[-width:]
    each = max(1, min(WIDEST_TRADE, width // len(shown)))
    columns = [value for value in shown for _ in range(each)]
    high, low = max(0.0, *columns), min(0.0, *columns)
    above = round(CURVE_ROWS * high / ((high - low) or 1.0))
    above = min(max(above, int(high > 0)), CURVE_ROWS - int(low < 0))
    below = CURVE_ROWS - above if low < 0 else 0
    unit = max(high / max(1, above), -low / max(1, below)) or 1.0
    glyphs = view.glyphs
    rows: list[Line] = []
    for row in reversed(range(above)):
        text = "".join(_block(view, value / unit - row) for value in columns)
        rows.append(_curve_row(view, numbers.gain(high) if row == above - 1 else "", text, "good"))
    rows.append(_curve_row(view, "0.00", glyphs.frame[4] * len(columns), "faint"))
    for row in range(below):
        text = "".join(glyphs.full if -value / unit - row >= 0.5 else " " for value in columns)
        rows.append(_curve_row(view, numbers.gain(low) if row == below - 1 else "", text, "bad"))
    return rows


def _curve_row(view: View, label: str, text: str, role: str) -> Line:
    return ((f"{label:>{LABEL_CELLS}} ", "dim"), (view.glyphs.axis, "faint"), (text, role))


def _block(view: View, filled: float) -> str:
    eighths = min(8, max(0, round(filled * 8)))
    if view.glyphs.full != EIGHTHS[-1]:
        return view.glyphs.full if eighths >= 4 else " "
    return EIGHTHS[eighths]


def _trade(trade: TradeRecord, is_wide: bool) -> list[Line]:
    """One row, or two where not all of it fits on one: nothing of a trade is left out."""
    held_s = (trade.closed_ns - trade.opened_ns) / 1e9 if trade.closed_ns and trade.opened_ns else None
    how = trade.exit_reason.value.replace("_", " ") if trade.exit_reason else ""
    role = numbers.role_of(trade.pnl_usd)
    head: Line = (
        (f"{numbers.clock(trade.closed_ns or 0)}  ", "dim"),
        (left(trade.setup.replace("_", " "), 20) + " ", "text"),
        (left(f"{trade.asset} {trade.side}", 10), "text"),
        (f"{numbers.gain(trade.pnl_usd):>8} {numbers.r_units(trade.r):>7}  ", role),
    )
    if not is_wide:
        rest = (
            f"{how}, held {numbers.lasting(held_s)}, size {numbers.money(trade.notional_usd)} USD, "
            f"slip {numbers.bps(trade.slippage_bps)} bps, fees {numbers.money(trade.fees_usd)} USD"
        )
        return [head, ((f"          {rest}", "dim"),)]
    return [
        (
            *head,
            (f"{how:<14}", "text"),
            (f"{numbers.lasting(held_s):>7} {numbers.money(trade.notional_usd):>8}", "dim"),
            (f"{numbers.bps(trade.slippage_bps):>9} {numbers.money(trade.fees_usd):>8}", "dim"),
        )
    ]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None

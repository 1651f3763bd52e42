"""The day so far: its result against its limits, what a trade brings, the streak, and what comes next."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cockpit.domain.numbers import counted
from cockpit.domain.personal_alarms import AlarmAction, AlarmLevel, AlarmOn
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.tui import numbers
from cockpit.tui.panes import blocks
from cockpit.tui.text import Line, Span, left
from cockpit.tui.view import UNKNOWN_LINE, View

LABEL_CELLS = 8
LEAST_CURVE_ROWS, LEAST_CURVE_CELLS = 3, 12
MOST_WIDE = 12
MOST_ALARMS = 3
SETUPS_FROM_ROWS, SETUP_CELLS = 20, 21
"""With so many rows there is a line for each setup that traded today."""
LIMIT_FROM = 0.25
"""The limit is a line of the curve once this share of it is lost; until then it would press the curve flat."""


def lines(view: View, cells: int, rows: int) -> list[Line]:
    """Figures, then the curve of what the day's trades made in the rows that are left."""
    now = view.snapshot
    if now is None:
        return [UNKNOWN_LINE]
    trades = _closed_today(view, now)
    drawn = [_result(now), *_limits(now), *_average(trades), *_next(view, now), *_alarms(now)]
    if rows >= SETUPS_FROM_ROWS:
        drawn += _by_setup(trades)
    room = rows - len(drawn)
    if room >= LEAST_CURVE_ROWS and cells >= LABEL_CELLS + LEAST_CURVE_CELLS:
        drawn += _curve(view, now, trades, cells, room)
    return drawn[:rows]


def _closed_today(view: View, now: Snapshot) -> list[TradeRecord]:
    today = numbers.day(now.ts_ns)
    closed = [trade for trade in view.store.closed_trades if numbers.day(trade.closed_ns or 0) == today]
    return sorted(closed, key=lambda trade: trade.closed_ns or 0)


def _result(now: Snapshot) -> Line:
    realised = now.account.realised_usd
    open_usd = now.open_pnl_usd
    return (
        ("closed ", "dim"), (f"{numbers.gain(realised)} USD", numbers.role_of(realised)),
        ("  open ", "dim"), (numbers.gain(open_usd), numbers.role_of(open_usd)),
    )  # fmt: skip


def _limits(now: Snapshot) -> list[Line]:
    lost = max(0.0, -now.account.realised_usd)
    return [
        _of("lost", lost, now.daily_loss_limit_usd),
        _of("drawdown", now.drawdown_usd, now.drawdown_limit_usd),
    ]


def _of(name: str, value: float | None, limit: float) -> Line:
    role = "warn" if value is None else "bad" if value >= limit else "text"
    return ((f"{name:<9}", "dim"), (f"{numbers.money(value)} of {numbers.money(limit)} USD", role))


def _average(trades: list[TradeRecord]) -> list[Line]:
    """What a trade of today brought on average, how many won, and how many in a row ended alike."""
    if not trades:
        return [(("no closed trade today", "dim"),)]
    average = sum(trade.r for trade in trades) / len(trades)
    won = sum(trade.pnl_usd >= 0 for trade in trades)
    last = trades[-1].pnl_usd >= 0
    streak = next((at for at, trade in enumerate(reversed(trades)) if (trade.pnl_usd >= 0) != last), len(trades))
    return [
        ((f"{average:+.2f} R", "good" if average > 0 else "bad"), (f" a trade over {len(trades)}", "dim")),
        ((f"{won} won, {len(trades) - won} lost", "text"),
         (f"  last {streak} {'won' if last else 'lost'}", "good" if last else "bad")),
    ]  # fmt: skip


def _by_setup(trades: list[TradeRecord]) -> list[Line]:
    """What each brought on average and in all, the best first."""
    found: dict[str, list[TradeRecord]] = {}
    for trade in trades:
        found.setdefault(trade.setup, []).append(trade)
    results = {name: sum(trade.pnl_usd for trade in mine) for name, mine in found.items()}
    drawn: list[Line] = []
    for name in sorted(found, key=lambda name: -results[name]):
        average = sum(trade.r for trade in found[name]) / len(found[name])
        drawn.append((
            (left(name.replace("_", " "), SETUP_CELLS) + " ", "text"),
            (f"{len(found[name]):>2}x {numbers.r_units(average):>7} {numbers.gain(results[name]):>7}",
             numbers.role_of(results[name])),
        ))  # fmt: skip
    return drawn


def _next(view: View, now: Snapshot) -> list[Line]:
    """When the day's counters begin anew, and the asset's next funding."""
    at = datetime.fromtimestamp(now.ts_ns / NS_PER_S, UTC)
    midnight = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    drawn: list[Line] = [(("new day in ", "dim"), (numbers.until((midnight - at).total_seconds()), "text"))]
    payments = [rate.next_ns for rate in (view.chosen.funding if view.chosen else ()) if rate.next_ns is not None]
    due = [paid_ns for paid_ns in payments if paid_ns > now.ts_ns]
    if due:
        until = numbers.until((min(due) - now.ts_ns) / NS_PER_S)
        drawn.append(((f"{view.asset} funding in ", "dim"), (until, "text")))
    return drawn


def _alarms(now: Snapshot) -> list[Line]:
    """The operator's own that have not rung yet, the newest first."""
    drawn: list[Line] = [
        ((f"alarm {alarm.alarm_id} ", "dim"), (_alarm(alarm), "info")) for alarm in reversed(now.alarms[-MOST_ALARMS:])
    ]
    more = len(now.alarms) - len(drawn)
    return [*drawn, ((counted(more, "older alarm"), "dim"),)] if more > 0 else drawn


def _alarm(alarm: AlarmLevel) -> str:
    """In the words that set it, as `BTC > 110,000 close`."""
    what = {AlarmOn.PRICE: alarm.asset, AlarmOn.HEALTH_FACTOR: "hf", AlarmOn.PNL: "pnl"}
    side = ">" if alarm.is_above else "<"
    action = "" if alarm.action is AlarmAction.RING else f" {alarm.action.value}"
    return f"{what.get(alarm.on, f'funding {alarm.asset}')} {side} {alarm.level:,.10g}{action}"


def _curve(view: View, now: Snapshot, trades: list[TradeRecord], cells: int, rows: int) -> list[Line]:
    """The running result after each trade as a bar from zero, as wide as they fit, and the day's limit across."""
    totals = [trades[0].pnl_usd] if trades else [0.0]
    for trade in trades[1:]:
        totals.append(totals[-1] + trade.pnl_usd)
    if now.open_trades and now.open_pnl_usd is not None:
        totals.append(now.account.realised_usd + now.open_pnl_usd)
    columns = cells - LABEL_CELLS - 1
    totals = totals[-columns:]
    wide = max(1, min(MOST_WIDE, columns // len(totals)))
    scale = _scale(totals, -now.daily_loss_limit_usd, rows)
    return [_curve_row(view, totals, wide, scale, row, columns) for row in range(rows)]


class _Scale(NamedTuple):
    """Rows of `usd` each; `zero` is the row whose lower edge is nothing won and nothing lost."""

    usd: float
    zero: int
    rows: int
    limit: int | None

    def floor(self, row: int) -> float:
        return (self.zero - row) * self.usd


def _scale(totals: list[float], limit: float, rows: int) -> _Scale:
    low, high = min(0.0, *totals), max(0.0, *totals)
    if low <= limit * LIMIT_FROM:
        low = min(low, limit)
    usd = max(high - low, 0.01) / (rows - 1)
    zero = min(rows - 2, max(0, round(high / usd) - 1)) if low < 0 else rows - 1
    limit_row = zero + max(1, round(-limit / usd))
    return _Scale(usd, zero, rows, limit_row if limit_row < rows else None)


def _curve_row(view: View, totals: list[float], wide: int, scale: _Scale, row: int, columns: int) -> Line:
    floor = scale.floor(row)
    empty = view.glyphs.dash if row in (scale.limit, scale.zero) else " "
    spans: list[Span] = []
    for total in totals:
        filled = (total - floor) / scale.usd if row <= scale.zero else (floor + scale.usd - total) / scale.usd
        is_seen = (total > 0) == (row <= scale.zero) and filled > 0
        sign = blocks.column(filled, view.glyphs) if row <= scale.zero else view.glyphs.full if filled >= 0.5 else " "
        shown = is_seen and sign != " "
        spans.append(((sign if shown else empty) * wide, numbers.role_of(total) if shown else "faint"))
    spans.append((empty * (columns - wide * len(totals)), "faint"))
    label, role = "", "dim"
    if row == scale.limit:
        label, role = "limit", "bad"
    elif row == 0 and max(totals) > 0:
        label = numbers.gain(max(totals))
    elif row == scale.zero:
        label = numbers.gain(0.0)
    elif row == scale.rows - 1 and row > scale.zero:
        label = numbers.gain(min(totals))
    return ((f"{label:>{LABEL_CELLS}} ", role), *spans)

"""The account as the trades tell it, for when the engine died between a trade's change and its own bookkeeping."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cockpit.domain.account import Account
from cockpit.domain.kinds import Mode, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_DAY, utc_day


class BookedFill(NamedTuple):
    """One execution as the journal holds it."""

    ts_ns: int
    trade_id: str
    order_id: str
    qty: float
    price: float
    fee_usd: float


def rebuild_account(
    account: Account,
    account_ns: int,
    mode: Mode,
    trades: Iterable[TradeRecord],
    fills: Iterable[BookedFill],
    now_ns: int,
    reviewed_ns: int,
    changed: Collection[str],
) -> Account:
    """The account that was written at `account_ns`, brought up to `now_ns` by the mode's trades and their fills.

    Money and counts are counted anew from the session's start (a new UTC day begins a new one); the streak goes on from
    the old account with the trades closed after it, the review's from `reviewed_ns` if that is later. `changed` names
    the trades that were written after the account: another one's stamps may be later only because a clock was wrong.
    """
    account = _on_the_day(account, now_ns)
    mine = {trade.trade_id: trade for trade in trades if trade.mode is mode}
    booked = sorted(fill for fill in fills if fill.trade_id in mine)
    since_ns = account.session_started_ns
    before = [fill for fill in booked if fill.ts_ns < since_ns]
    current = [trade for trade in mine.values() if trade.closed_ns is None or trade.closed_ns >= since_ns]
    gains = [(trade, trade.pnl_usd - _gain(trade, before)) for trade in current]
    entered = [trade for trade in current if trade.decided_ns >= since_ns and trade.phase is not TradePhase.ABANDONED]
    realised_usd = sum(gain for _, gain in gains)
    peak_usd, drawdown_usd = _peak_and_drawdown(account, mine, [fill for fill in booked if fill.ts_ns >= since_ns])
    rebuilt = replace(
        account,
        realised_usd=realised_usd,
        session_r=sum(gain / trade.risk_usd for trade, gain in gains if trade.risk_usd > 0),
        fees_usd=sum(fill.fee_usd for fill in booked if fill.ts_ns >= since_ns),
        trades_today=len(entered),
        equity_peak_usd=peak_usd,
        max_drawdown_usd=drawdown_usd,
    )
    return _with_streak(
        rebuilt, account_ns, reviewed_ns, [trade for trade in mine.values() if trade.trade_id in changed]
    )


def _on_the_day(account: Account, now_ns: int) -> Account:
    """The account itself, or an empty one where a new UTC day began."""
    day = utc_day(now_ns)
    if day <= account.utc_day:
        return account
    return Account(
        utc_day=day,
        session_started_ns=day * NS_PER_DAY,
        max_drawdown_usd=account.max_drawdown_usd,
        consecutive_losses=account.consecutive_losses,
        losses_since_review=account.losses_since_review,
        halt=account.halt,
    )


def _gain(trade: TradeRecord, fills: Sequence[BookedFill]) -> float:
    """What these fills realised for the trade, net of their fees."""
    return sum(_fill_gain(trade, fill) for fill in fills if fill.trade_id == trade.trade_id)


def _fill_gain(trade: TradeRecord, fill: BookedFill) -> float:
    is_entry = fill.order_id == trade.entry_order_id
    gross = 0.0 if is_entry else trade.side.sign * (fill.price - trade.entry_price) * fill.qty
    return gross - fill.fee_usd


def _peak_and_drawdown(
    account: Account, trades: dict[str, TradeRecord], fills: Sequence[BookedFill]
) -> tuple[float, float]:
    """The highest equity and the deepest fall from it, over the old account's and every realised step since."""
    equity, peak, drawdown = 0.0, account.equity_peak_usd, account.max_drawdown_usd
    reached = 0.0
    for fill in fills:
        equity += _fill_gain(trades[fill.trade_id], fill)
        reached = max(reached, equity)
        drawdown = max(drawdown, reached - equity)
    return max(peak, reached), max(drawdown, max(peak, reached) - equity)


def _with_streak(account: Account, account_ns: int, reviewed_ns: int, trades: Iterable[TradeRecord]) -> Account:
    losses, unreviewed = account.consecutive_losses, account.losses_since_review
    if reviewed_ns > account_ns:
        unreviewed = 0
    closed = [trade for trade in trades if trade.phase is TradePhase.CLOSED and (trade.closed_ns or 0) > account_ns]
    # Which of two trades closed in one instant came last no row says: a loss counts as the later one.
    for trade in sorted(closed, key=lambda one: (one.closed_ns or 0, one.pnl_usd < 0)):
        is_loss = trade.pnl_usd < 0
        losses = losses + 1 if is_loss else 0
        if (trade.closed_ns or 0) > reviewed_ns:
            unreviewed = unreviewed + 1 if is_loss else 0
    return replace(account, consecutive_losses=losses, losses_since_review=unreviewed)

"""The limits, counted again from the trades themselves: whatever the gate said, these must find nothing."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Mode, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_DAY, utc_day
from cockpit.domain.verdict import Verdict
from cockpit.journal.evidence import Evidence, Place
from cockpit.journal.rebuild import BookedFill
from cockpit.journal.session_limits import SessionLimits, limits_of
from cockpit.journal.sessions import FeedKind

ROUNDING = 1.0 + 1e-9


class Violation(msgspec.Struct, frozen=True):
    """A trade that a limit forbade, on which feed and in which mode, with the numbers."""

    feed: FeedKind
    mode: Mode
    trade_id: str
    sentence: str


class _Past:
    """One account's trades in one mode, seen from an instant. Looks are by bisection: a journal holds thousands."""

    def __init__(self, trades: Sequence[TradeRecord], fills: Sequence[BookedFill], reviews: Sequence[int]) -> None:
        self.trades = sorted(trades, key=lambda trade: (trade.decided_ns, trade.trade_id))
        self._closed = sorted((trade for trade in trades if trade.phase is TradePhase.CLOSED), key=_closed_ns)
        self._place = {id(trade): number for number, trade in enumerate(self.trades)}
        self._beside = dict(_beside(self.trades))
        self._fills = defaultdict[str, list[BookedFill]](list)
        for fill in fills:
            self._fills[fill.trade_id].append(fill)
        self.reviews = sorted(reviews)

    def closed_between(self, after_ns: int, until_ns: int) -> list[TradeRecord]:
        """The trades closed after the one instant and by the other, in that order."""
        first = bisect_right(self._closed, after_ns, key=_closed_ns)
        return self._closed[first : bisect_right(self._closed, until_ns, key=_closed_ns)]

    def closed_on_day(self, ts_ns: int) -> list[TradeRecord]:
        """Those of the same UTC day, by then."""
        return self.closed_between(_day_began_ns(ts_ns) - 1, ts_ns)

    def entered_before(self, trade: TradeRecord) -> list[TradeRecord]:
        """The day's trades that were sent before this one and did not turn out abandoned by then."""
        first = bisect_left(self.trades, _day_began_ns(trade.decided_ns), key=lambda one: one.decided_ns)
        earlier = self.trades[first : self._place[id(trade)]]
        return [other for other in earlier if not _was_abandoned(other, trade.decided_ns)]

    def open_beside(self, trade: TradeRecord) -> list[TradeRecord]:
        """The trades sent before this one that were not over when it was decided."""
        return self._beside[id(trade)]

    def exposure_usd(self, trade: TradeRecord, ts_ns: int) -> float:
        """What the trade had open then, at its entry price; what was asked for while nothing had filled."""
        done = [fill for fill in self._fills[trade.trade_id] if fill.ts_ns <= ts_ns]
        if not done:
            return trade.notional_usd
        held = trade.entry_qty if not trade.entry_order_id else 0.0  # adopted: nothing of ours opened it
        open_qty = held + sum(fill.qty if fill.order_id == trade.entry_order_id else -fill.qty for fill in done)
        return open_qty * trade.entry_price


def find_violations(evidence: Evidence, config: CockpitConfig) -> tuple[Violation, ...]:
    """Every trade that broke a limit of the session it was decided in; of this config's where that kept none.

    Trades on the live feed share one account across restarts.
    """
    otherwise = limits_of(config)
    verdicts = {(place, verdict.verdict_id): verdict for place, verdict in evidence.sent}
    found: list[Violation] = []
    place_of = {id(trade): place for place, trade in evidence.trades}
    for account, mode in dict.fromkeys((_account(place), trade.mode) for place, trade in evidence.trades):
        past = _Past(
            [trade for place, trade in evidence.trades if _account(place) == account and trade.mode is mode],
            [fill for place, fill in evidence.fills if _account(place) == account],
            [ts_ns for place, ts_ns in evidence.reviews if _account(place) == account],
        )
        for trade in past.trades:
            verdict = verdicts.get((place_of[id(trade)], trade.verdict_id))
            limits = evidence.limits.get((place_of[id(trade)], trade.verdict_id), otherwise)
            sentences = [*_size(trade, verdict, limits), *_counts(trade, past, limits), *_losses(trade, past, limits)]
            found += [Violation(account.feed, mode, trade.trade_id, sentence) for sentence in sentences]
    return tuple(found)


def _beside(trades: Sequence[TradeRecord]) -> Iterator[tuple[int, list[TradeRecord]]]:
    """For each trade, by its identity, those decided before it and not over by then."""
    still_open: list[TradeRecord] = []
    for trade in trades:
        still_open = [one for one in still_open if one.closed_ns is None or one.closed_ns > trade.decided_ns]
        yield id(trade), list(still_open)
        still_open.append(trade)


def _closed_ns(trade: TradeRecord) -> int:
    return trade.closed_ns or 0


def _day_began_ns(ts_ns: int) -> int:
    return utc_day(ts_ns) * NS_PER_DAY


def _account(place: Place) -> Place:
    """On the live feed there is one account, whatever session a trade was made in."""
    return Place(place.feed, 0) if place.is_live else place


def _was_abandoned(trade: TradeRecord, ts_ns: int) -> bool:
    return trade.phase is TradePhase.ABANDONED and trade.closed_ns is not None and trade.closed_ns <= ts_ns


def _size(trade: TradeRecord, verdict: Verdict | None, limits: SessionLimits) -> Iterator[str]:
    if verdict is None or not verdict.approved:
        yield f"{trade.trade_id} was sent without an approved verdict (its verdict: {trade.verdict_id or 'none'})"
    else:
        for check in verdict.checks:
            if check.outcome.denies:
                yield f"{trade.trade_id} was approved although {check.name} said {check.outcome.value}"
        if trade.notional_usd > verdict.notional_usd * ROUNDING:
            yield f"{trade.trade_id} notional {trade.notional_usd:.2f} over the approved {verdict.notional_usd:.2f} USD"
    if trade.notional_usd > limits.max_notional_usd * ROUNDING:
        yield f"{trade.trade_id} notional {trade.notional_usd:.2f} over {limits.max_notional_usd:.2f} USD"
    if trade.entry_qty > trade.asked_qty * ROUNDING:
        yield f"{trade.trade_id} filled {trade.entry_qty:g} of {trade.asked_qty:g} asked"
    if trade.stop_bps > limits.max_stop_bps * ROUNDING:
        yield f"{trade.trade_id} stop {trade.stop_bps:g} bps over {limits.max_stop_bps:g}"


def _counts(trade: TradeRecord, past: _Past, limits: SessionLimits) -> Iterator[str]:
    beside, today = past.open_beside(trade), past.entered_before(trade)
    if len(beside) >= limits.max_open_trades:
        yield f"{trade.trade_id} was open trade {len(beside) + 1} of {limits.max_open_trades}"
    if len(today) >= limits.max_trades_per_day:
        yield f"{trade.trade_id} was trade {len(today) + 1} of {limits.max_trades_per_day} that UTC day"
    if trade.mode is not Mode.TEST:
        return
    exposure_usd = trade.notional_usd + sum(past.exposure_usd(other, trade.decided_ns) for other in beside)
    if exposure_usd > limits.test_max_exposure_usd * ROUNDING:
        yield f"{trade.trade_id} made test exposure {exposure_usd:.2f} over {limits.test_max_exposure_usd:.2f} USD"
    if len(today) >= limits.test_max_trades:
        yield f"{trade.trade_id} was test trade {len(today) + 1} of {limits.test_max_trades} that session"


def _losses(trade: TradeRecord, past: _Past, limits: SessionLimits) -> Iterator[str]:
    """What had been lost or won when the trade was decided must have left room for it."""
    now_ns = trade.decided_ns
    today = past.closed_on_day(now_ns)
    result_usd, result_r = sum(one.pnl_usd for one in today), sum(one.r for one in today)
    if -result_usd >= limits.daily_loss_usd:
        yield f"{trade.trade_id} was sent with {-result_usd:.2f} of {limits.daily_loss_usd:.2f} USD lost that day"
    if trade.mode is Mode.TEST and -result_usd >= limits.test_max_session_loss_usd:
        limit_usd = limits.test_max_session_loss_usd
        yield f"{trade.trade_id} was sent with {-result_usd:.2f} of {limit_usd:.2f} USD lost in the test session"
    if result_r >= limits.net_profit_stop_r:
        yield f"{trade.trade_id} was sent at {result_r:+.2f} R, past the stop at {limits.net_profit_stop_r:+g} R"
    reviewed_ns = max((ts_ns for ts_ns in past.reviews if ts_ns <= now_ns), default=-1)
    losses = _losses_in_a_row(past.closed_between(reviewed_ns, now_ns))
    if losses >= limits.losses_until_review:
        yield f"{trade.trade_id} was sent after {losses} losses in a row, {limits.losses_until_review} need a review"
    limit_usd = limits.drawdown_usd
    drawdown_usd = _drawdown_usd(today, past.reviews, now_ns, limit_usd)
    if drawdown_usd >= limit_usd:
        yield f"{trade.trade_id} was sent in a drawdown of {drawdown_usd:.2f}, limit {limit_usd:.2f} USD"


def _losses_in_a_row(closed: Sequence[TradeRecord]) -> int:
    count = 0
    for trade in reversed(closed):
        if trade.pnl_usd >= 0:
            break
        count += 1
    return count


def _drawdown_usd(closed: Sequence[TradeRecord], reviews: Sequence[int], now_ns: int, limit_usd: float) -> float:
    """The day's fall from its realised peak; a review after the limit was reached begins a new peak."""
    steps = [(trade.closed_ns or 0, trade.pnl_usd) for trade in closed]
    steps += [(ts_ns, 0.0) for ts_ns in reviews if ts_ns <= now_ns and utc_day(ts_ns) == utc_day(now_ns)]
    equity = peak = 0.0
    for ts_ns, gain in sorted(steps):
        equity += gain
        peak = max(peak, equity)
        if ts_ns in reviews and peak - equity >= limit_usd:
            peak = equity
    return peak - equity

"""Whether a position's stop rests in time: every fill has so long to be covered, then the position must be gone.

A close needs time too, so it leaves before all of that is over. Where time comes in leaps (a market that is told second
by second) the venue's word may be due that very moment: a stop that is found missing for the first time is looked at
once more, while there is time left.
"""

from collections.abc import Collection
from typing import NamedTuple

from cockpit.domain.kinds import OrderRole, OrderStatus
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import NS_PER_S
from cockpit.engine.order_manager import OrderManager

RESTS = (OrderStatus.WORKING, OrderStatus.PARTLY_FILLED)
LATE_AFTER, CLOSE_AFTER = 0.6, 0.7
"""Of the time to be covered: then it is late, and then the close leaves, so that the position is gone by the end."""


class _Uncovered(NamedTuple):
    since_ns: int
    open_qty: float
    is_late: bool = False


class StopCoverage:
    """Compares what is open with what the resting stops cover, both in base coins, and remembers since when not.

    `unproven` orders were cut off by a restart on their way: they count until the venue is heard.
    """

    def __init__(self, desk: OrderManager, lot: float, within_ns: int) -> None:
        self._desk = desk
        self._slack_qty = lot / 2
        self._within_ns = within_ns
        self._uncovered: list[_Uncovered] = []

    def review(self, trade: TradeRecord, unproven: Collection[str], now_ns: int) -> None:
        """Take one look. More open than at the last look is another fill, with a time of its own."""
        covered = self._covered_qty(trade, unproven) + self._slack_qty
        waiting = [one for one in self._uncovered if min(one.open_qty, trade.open_qty) > covered]
        known = waiting[-1].open_qty + self._slack_qty if waiting else covered
        if trade.open_qty > known:
            waiting.append(_Uncovered(now_ns, trade.open_qty))
        self._uncovered = waiting

    def is_whole(self, trade: TradeRecord) -> bool:
        """Whether one stop that rests right now covers all that is open."""
        return self._covered_qty(trade, ()) + self._slack_qty >= trade.open_qty

    @property
    def due_ns(self) -> int | None:
        """When it is to be looked at, at the latest; None while all of it is covered."""
        if not self._uncovered:
            return None
        first = self._uncovered[0]
        return first.since_ns + round(self._within_ns * (CLOSE_AFTER if first.is_late else LATE_AFTER))

    def failing(self, trade: TradeRecord, unproven: Collection[str], now_ns: int) -> str | None:
        """Why the position must go now, with its numbers; None while there is time, or nothing is missing."""
        self.review(trade, unproven, now_ns)
        due_ns = self.due_ns
        if due_ns is None or now_ns < due_ns:
            return None
        first = self._uncovered[0]
        if not first.is_late and now_ns < first.since_ns + self._within_ns:
            self._uncovered[0] = first._replace(is_late=True)
            return None
        return (
            f"expected a stop for {trade.open_qty:g} {trade.asset} to rest on {trade.venue} "
            f"within {self._within_ns / NS_PER_S:g} s of the fill, was {self._covered_qty(trade, unproven):g}"
        )

    def _covered_qty(self, trade: TradeRecord, unproven: Collection[str]) -> float:
        stops = self._desk.of_trade(trade.trade_id, OrderRole.STOP)
        resting = (stop for stop in stops if stop.status in RESTS or stop.request.order_id in unproven)
        return max((stop.open_qty for stop in resting), default=0.0)

"""The closed trades of a report in the order they ended: the equity they make, and how their R is spread."""

import math
from typing import NamedTuple

import msgspec

from cockpit.domain.kinds import Mode, TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Sizing
from cockpit.journal.evidence import Evidence
from cockpit.journal.sessions import FeedKind

MOST_BINS = 16
WIDTHS_R = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bin widths that people read easily; ten times wider ones follow where these are not wide enough."""


class EquityPoint(NamedTuple):
    """What had been earned in all, net, once a trade had closed."""

    closed_ns: int
    equity_usd: float


class RBin(NamedTuple):
    """How many trades ended at `from_r` or more and under `to_r`."""

    from_r: float
    to_r: float
    trades: int


class Traded(NamedTuple):
    """A trade, the kind of feed it was made on, and the steps of its size where its verdict has them."""

    feed: FeedKind
    trade: TradeRecord
    sizing: Sizing | None = None


class History(msgspec.Struct, frozen=True):
    """Every trade of a report: `closed` in the order they closed, `rest` in the order they were decided."""

    closed: tuple[Traded, ...]
    rest: tuple[Traded, ...]

    @property
    def accounts(self) -> tuple[tuple[Mode, FeedKind], ...]:
        """Whose money on which feed was traded: more than one means the curve adds up different things."""
        return tuple(sorted({(one.trade.mode, one.feed) for one in self.closed}))

    @property
    def equity(self) -> tuple[EquityPoint, ...]:
        """The running net result, a point a closed trade."""
        points, total = [], 0.0
        for one in self.closed:
            total += one.trade.pnl_usd
            points.append(EquityPoint(one.trade.closed_ns or 0, total))
        return tuple(points)

    @property
    def r_bins(self) -> tuple[RBin, ...]:
        """The spread of R in at most 16 bins of one width, 0 being an edge; none without a trade."""
        values = [one.trade.r for one in self.closed]
        if not values:
            return ()
        width = _width(min(values), max(values))
        first = _bin(min(values), width)
        counts = [0] * (_bin(max(values), width) - first + 1)
        for value in values:
            counts[_bin(value, width) - first] += 1
        return tuple(
            RBin((first + number) * width, (first + number + 1) * width, count) for number, count in enumerate(counts)
        )


def history_of(evidence: Evidence) -> History:
    """The trades of this evidence."""
    sizings = {(place, verdict.verdict_id): verdict.sizing for place, verdict in evidence.sent}
    every = [Traded(place.feed, trade, sizings.get((place, trade.verdict_id))) for place, trade in evidence.trades]
    closed = [one for one in every if one.trade.phase is TradePhase.CLOSED]
    rest = [one for one in every if one.trade.phase is not TradePhase.CLOSED]
    return History(
        tuple(sorted(closed, key=lambda one: one.trade.closed_ns or 0)),
        tuple(sorted(rest, key=lambda one: one.trade.decided_ns)),
    )


def _width(low: float, high: float) -> float:
    scale = 1.0
    while True:
        for width in WIDTHS_R:
            if _bin(high, width * scale) - _bin(low, width * scale) < MOST_BINS:
                return width * scale
        scale *= 100.0


def _bin(value: float, width: float) -> int:
    """The bin's number; a value that is an edge but for the float's own noise belongs to the bin that begins there."""
    return math.floor(round(value / width, 9))

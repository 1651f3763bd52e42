"""An open trade of which every second's watch would see nothing new, and the second that would.

A trade that is open, covered by its stop and waits for nothing but prices changes nothing as the seconds pass, until
its price goes further than it ever went, the equity over its peak or into a deeper drawdown. What each watch and each
end of a bar would see stands in columns; it is judged by the very sums that the engine makes.
"""

from collections.abc import Callable, Mapping

import numpy as np

from cockpit.domain.kinds import TradePhase
from cockpit.domain.trades import TradeRecord
from cockpit.domain.units import BPS
from cockpit.engine.machine import Engine
from cockpit.engine.trade_life import TradeLife
from cockpit.paper.venue import PaperVenue
from cockpit.research.columns import Bools, Floats, Prints, Tops
from cockpit.research.day_columns import DayColumns

FIRST_ROWS = 64
"""Rows that are looked at first; each further look is four times as long."""
DAILY_LOSS = "daily_loss"


class QuietTrade:
    """The one open trade of an engine, on a day of these columns. `streams` are prints and tops by asset."""

    def __init__(
        self, engine: Engine, venue: PaperVenue, columns: DayColumns, streams: Mapping[str, tuple[Prints, Tops]]
    ) -> None:
        self._engine, self._venue, self._columns, self._streams = engine, venue, columns, streams

    @property
    def is_quiet(self) -> bool:
        """Whether nothing but prices can change anything."""
        engine, trades = self._engine, self._engine.book.trades
        if len(trades) != 1 or engine.risk.flattening is not None or self._venue.is_awaited or engine.alarms.levels:
            return False
        if engine.risk.accountant.is_confirming or engine.book.waits_for_venues:
            return False
        return trades[0].record.asset in self._streams and self._rests(trades[0])

    def _rests(self, trade: TradeLife) -> bool:
        record, setup = trade.record, self._engine.setups.get(trade.record.setup)
        is_covered = record.phase is TradePhase.OPEN and record.stop_rests_on_venue and record.open_qty > 0
        is_left_alone = not (trade.reasking.is_wanted or record.relays_targets or trade.awaits_entry)
        has_seen = trade.excursion.adverse_bps is not None
        return is_covered and is_left_alone and has_seen and (setup is None or setup.ground_waits)

    def next_place(self, after: int) -> int:
        """The first row from `after` on at which the watch, or a bar that ends, would see more than was seen yet."""
        trade = self._engine.book.trades[0]
        prints, tops = self._streams[trade.record.asset]
        columns = self._columns
        exits = columns.exits(tops, trade.record.side)
        second = _first(exits, int(columns.seconds.searchsorted(after)), lambda prices: self._is_nothing(trade, prices))
        low, high = columns.reaches(prints)
        first = int(columns.tape.bar_rows.searchsorted(after))
        bar = min(_first(reach, first, lambda prices: _is_within(trade, prices)) for reach in (low, high))
        places = [len(columns.tape)]
        places += [int(columns.seconds[second])] if second < len(exits) else []
        places += [int(columns.tape.bar_rows[bar])] if bar < len(low) else []
        return min(places)

    def _is_nothing(self, trade: TradeLife, prices: Floats) -> Bools:
        """For each of these prices, whether a watch that sees it has nothing to note."""
        risk, record, limits = self._engine.risk, trade.record, self._engine.config.limits
        account = risk.accountant.account
        equity = account.realised_usd + (0.0 + self._worth_usd(record, prices)) - account.day_open_usd
        drawdown = np.maximum(0.0, account.equity_peak_usd - equity)
        is_stopped = any(cause.cause == DAILY_LOSS for cause in risk.stand_downs.causes)
        is_known = (equity <= account.equity_peak_usd) & (drawdown <= account.max_drawdown_usd)
        is_known &= (drawdown < risk.drawdown_limit_usd) & ((-equity >= limits.daily_loss_usd) == is_stopped)
        return is_known & _is_within(trade, prices)

    def _worth_usd(self, record: TradeRecord, prices: Floats) -> Floats:
        fee_bps = self._engine.config.venues[record.venue].taker_fee_bps
        gained: Floats = record.side.sign * (prices - record.entry_price) * record.open_qty
        return gained - record.open_qty * prices * fee_bps / BPS


def _is_within(trade: TradeLife, prices: Floats) -> Bools:
    """Whether the trade went as far as these prices before. A bar without a print has none."""
    record, seen = trade.record, trade.excursion
    gain_bps = record.side.sign * ((prices / record.entry_price - 1.0) * BPS)
    worst_bps, best_bps = seen.adverse_bps or 0.0, seen.favourable_bps or 0.0
    return ((-gain_bps <= worst_bps) & (gain_bps <= best_bps)) | np.isinf(prices)


def _first(values: Floats, start: int, is_nothing: Callable[[Floats], Bools]) -> int:
    """The first row from `start` on that is something; the number of rows where none is."""
    length = FIRST_ROWS
    while start < len(values):
        found = ~is_nothing(values[start : start + length])
        if found.any():
            return start + int(found.argmax())
        start, length = start + length, 4 * length
    return len(values)

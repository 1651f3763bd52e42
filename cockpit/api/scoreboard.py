"""What each strategy's trades came to, kept up to date as they change: asking for it costs the same on any day."""

from collections.abc import Iterable, Sequence

import msgspec

from cockpit.domain.actions import AnyAction, TradeChanged
from cockpit.domain.kinds import TradePhase
from cockpit.domain.trades import TradeRecord

ENDED = (TradePhase.CLOSED, TradePhase.ABANDONED)


class Score(msgspec.Struct):
    """One strategy's closed trades, summed up. `fills` and `fill_ms` are of entries that filled, open ones included."""

    closed: int = 0
    wins: int = 0
    profit_usd: float = 0.0
    fills: int = 0
    fill_ms: float = 0.0
    last_ns: int | None = None
    running: dict[str, TradeRecord] = msgspec.field(default_factory=dict)

    @property
    def open_trades(self) -> int:
        """Trades that hold or may hold a position."""
        return len(self.running)

    @property
    def total_trades(self) -> int:
        """Trades that were entered; an entry that never filled is none."""
        return self.closed + sum(trade.opened_ns is not None for trade in self.running.values())

    @property
    def total_profit_usd(self) -> float:
        """Realised, net, the part of open trades that is realised included."""
        return self.profit_usd + sum(trade.pnl_usd for trade in self.running.values())

    @property
    def success_rate(self) -> float | None:
        """Winners among the closed trades, 0..1."""
        return self.wins / self.closed if self.closed else None

    @property
    def mean_fill_s(self) -> float | None:
        """Decision to fill, seconds."""
        return self.fill_ms / self.fills / 1_000.0 if self.fills else None


class Scoreboard:
    """Scores by strategy name, from the trades the journal holds at the start and every change after it."""

    def __init__(self, earlier: Iterable[TradeRecord], source: str) -> None:
        self.source = source
        self._scores: dict[str, Score] = {}
        for trade in earlier:
            self._begin(trade)
            self._take(trade)

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        for action in actions:
            if isinstance(action, TradeChanged):
                if action.trade.phase is TradePhase.OPENING:
                    self._begin(action.trade)
                self._take(action.trade)

    def score(self, name: str) -> Score:
        """One strategy's score; an empty one where it has not traded."""
        return self._scores.get(name) or Score()

    @property
    def names(self) -> tuple[str, ...]:
        """Every strategy that has a trade."""
        return tuple(self._scores)

    def _begin(self, trade: TradeRecord) -> None:
        self._scores.setdefault(trade.setup, Score()).running.setdefault(trade.trade_id, trade)

    def _take(self, trade: TradeRecord) -> None:
        """A trade's newer state. One that has ended counts once: what is said of it later changes nothing."""
        score = self._scores.get(trade.setup)
        before = score.running.get(trade.trade_id) if score is not None else None
        if score is None or before is None:
            return
        score.running[trade.trade_id] = trade
        if trade.decision_to_fill_ms is not None and (before.decision_to_fill_ms is None or before is trade):
            score.fills += 1
            score.fill_ms += trade.decision_to_fill_ms
        score.last_ns = max(score.last_ns or 0, trade.closed_ns or trade.opened_ns or 0) or None
        if trade.phase in ENDED:
            del score.running[trade.trade_id]
            if trade.phase is TradePhase.CLOSED:
                score.closed += 1
                score.wins += trade.pnl_usd > 0
                score.profit_usd += trade.pnl_usd

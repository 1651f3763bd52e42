"""The newest verdicts and trades, at hand for whoever asks; older ones are in the journal."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar

from cockpit.domain.actions import AnyAction, Decided, TradeChanged
from cockpit.domain.trades import TradeRecord
from cockpit.domain.verdict import Verdict

KEPT = 500

V = TypeVar("V")


class Recent:
    """Bounded: the newest of each."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self.verdicts: OrderedDict[str, Verdict] = OrderedDict()
        self.trades: OrderedDict[str, TradeRecord] = OrderedDict()
        self.decisions = 0

    def on_actions(self, actions: Sequence[AnyAction]) -> None:
        for action in actions:
            if isinstance(action, Decided):
                self.decisions += 1
                self._keep(self.verdicts, action.verdict.verdict_id, action.verdict)
            elif isinstance(action, TradeChanged):
                self._keep(self.trades, action.trade.trade_id, action.trade)

    def _keep(self, kept: OrderedDict[str, V], key: str, value: V) -> None:
        kept[key] = value
        if len(kept) > self._kept:
            kept.popitem(last=False)

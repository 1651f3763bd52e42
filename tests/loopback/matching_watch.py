"""What must never have happened on an account, remembered from its first moment."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from tests.loopback.matching_algos import protects
from tests.loopback.matching_core import MatchingCore
from tests.loopback.matching_terms import ZERO, Algo, Execution, Order, Status


@dataclass(frozen=True)
class NakedSpell:
    """A position stood without a stop over all of it. `end_ns` is None while it still does."""

    symbol: str
    start_ns: int
    end_ns: int | None

    def length_s(self, now_ns: int) -> float:
        return ((self.end_ns if self.end_ns is not None else now_ns) - self.start_ns) / 1e9


class Watch:
    """`largest`: the largest position of each symbol ever, in its units. `naked`: every spell without a full stop.
    `doubled`: client ids under which more than one order was ever taken, stops apart that were cancelled before they
    triggered. `flips`: a position that went from long to short, or back, in a single trade."""

    def __init__(self, core: MatchingCore) -> None:
        self.core = core
        self.largest: dict[str, Decimal] = dict.fromkeys(core.rules, ZERO)
        self.naked: list[NakedSpell] = []
        self.flips: list[Execution] = []
        self._since: dict[str, int] = {}
        self._held: dict[str, Decimal] = dict.fromkeys(core.rules, ZERO)
        core.listeners.order.append(self._on_order)
        core.listeners.algo.append(self._on_algo)

    @property
    def doubled(self) -> dict[str, int]:
        ids = Counter(order.client_id for order in self.core.orders.values() if order.owner == "client")
        ids.update(algo.client_id for algo in self.core.algos.all.values() if algo.status is not Status.CANCELED)
        return {client_id: count for client_id, count in ids.items() if count > 1}

    def longest_naked_s(self, symbol: str | None = None) -> float:
        """The longest time a position has ever stood without a stop over all of it, the running spell included."""
        now_ns = self.core.clock_ns()
        running = [NakedSpell(name, since_ns, None) for name, since_ns in self._since.items()]
        spells = [spell for spell in [*self.naked, *running] if symbol in (None, spell.symbol)]
        return max((spell.length_s(now_ns) for spell in spells), default=0.0)

    def naked_longer_than(self, limit_s: float) -> list[NakedSpell]:
        """Every spell longer than that, the running ones included."""
        now_ns = self.core.clock_ns()
        running = [NakedSpell(name, since_ns, None) for name, since_ns in self._since.items()]
        return [spell for spell in [*self.naked, *running] if spell.length_s(now_ns) > limit_s]

    def covered(self, symbol: str) -> bool:
        """Whether stops, or orders that are closing it this moment, cover the whole position."""
        held = self.core.positions[symbol].qty
        if held == 0:
            return True
        stops = [algo for algo in self.core.algos.open(symbol) if protects(algo, held)]
        if any(algo.closes_all for algo in stops):
            return True
        closing = sum(
            (o.left for o in self.core.open_orders(symbol) if o.reduce_only and o.kind == "market"),
            ZERO,
        )
        return sum((algo.asked.qty or ZERO for algo in stops), closing) >= abs(held)

    # -- inside

    def _on_order(self, order: Order, execution: Execution | None) -> None:
        held = self.core.positions[order.symbol].qty
        if execution is not None and held * self._held[order.symbol] < 0:
            self.flips.append(execution)
        self._held[order.symbol] = held
        self.largest[order.symbol] = max(self.largest[order.symbol], abs(held))
        self._check(order.symbol)

    def _on_algo(self, algo: Algo) -> None:
        self._check(algo.asked.symbol)

    def _check(self, symbol: str) -> None:
        if self.covered(symbol):
            since_ns = self._since.pop(symbol, None)
            if since_ns is not None:
                self.naked.append(NakedSpell(symbol, since_ns, self.core.clock_ns()))
        else:
            self._since.setdefault(symbol, self.core.clock_ns())

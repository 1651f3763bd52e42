"""What the venue's lists leave out: rows hidden for seconds or answers, rows shown late, position lists that lag."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.loopback_second.clock import Clock
from tests.loopback_second.ledger import Ledger
from tests.loopback_second.records import Position

Row = TypeVar("Row")
NAMES = frozenset({"positions", "orders", "order", "triggers", "trigger", "fills", "bill"})


@dataclass
class Hiding:
    """`answers` counts the answers still to be falsified; None means until `until_s`."""

    until_s: float
    answers: int | None
    only: Callable[[Any], bool]


class ListFaults:
    """Lists: positions, orders, triggers, fills, bill; single look-ups: order, trigger."""

    def __init__(self, clock: Clock, ledger: Ledger) -> None:
        self._clock = clock
        self._ledger = ledger
        self._hidings: dict[str, list[Hiding]] = {name: [] for name in NAMES}
        self._lags: dict[str, float] = {}
        self.instead: list[Position] | None = None
        """Where set, what the venue says of positions."""

    def hide(
        self,
        what: str,
        seconds: float = 3_600.0,
        answers: int | None = None,
        only: Callable[[Any], bool] = lambda row: True,
    ) -> Hiding:
        """The rows for which `only` holds are not in the next answers."""
        hiding = Hiding(self._clock.mono_s() + seconds, answers, only)
        self._hidings[what].append(hiding)
        return hiding

    def lag(self, what: str, seconds: float) -> None:
        """Rows are shown only once they are so old; 0 ends it."""
        if what not in NAMES:
            raise ValueError(f"expected one of {sorted(NAMES)}, was {what}")
        self._lags[what] = seconds

    def lift(self) -> None:
        self._lags.clear()
        for hidings in self._hidings.values():
            hidings.clear()

    def positions(self) -> list[Position]:
        if self.instead is not None:
            return self.instead
        lag_s = self._lags.get("positions", 0.0)
        rows = self._ledger.as_of(lag_s) if lag_s else self._ledger.open_positions()
        return self._shown("positions", rows)

    def shown(self, what: str, rows: Sequence[Row]) -> list[Row]:
        """`rows` carry `born_s`."""
        lag_s = self._lags.get(what, 0.0)
        limit = self._clock.mono_s() - lag_s
        return self._shown(what, [row for row in rows if not lag_s or row.born_s <= limit])  # type: ignore[attr-defined]

    def is_shown(self, what: str, row: Any) -> bool:
        return bool(self.shown(what, [row]))

    def _shown(self, what: str, rows: list[Row]) -> list[Row]:
        now_s = self._clock.mono_s()
        for hiding in list(self._hidings[what]):
            if now_s >= hiding.until_s or hiding.answers == 0:
                self._hidings[what].remove(hiding)
                continue
            if any(hiding.only(row) for row in rows) and hiding.answers is not None:
                hiding.answers -= 1
            rows = [row for row in rows if not hiding.only(row)]
        return rows

"""What our own executions add up to, by asset, + long; and what they added up to a moment ago.

A list of positions is older than its answer: what was ours when it was made may be closed by the time it is read.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, MutableMapping

from cockpit.exchanges.base.account import HeldPosition

CHANGES_KEPT = 64


class ExpectedPositions(MutableMapping[str, float]):
    """Remembers until when each asset's last quantities were what our executions added up to, by `clock`."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._qty: dict[str, float] = {}
        self._before: dict[str, deque[tuple[int, float]]] = {}

    def since(self, asset: str, since_ns: int) -> list[float]:
        """Every quantity that was ours there from then on, what is ours now last."""
        before = self._before.get(asset, ())
        return [*(qty for until_ns, qty in before if until_ns >= since_ns), self.get(asset, 0.0)]

    def __getitem__(self, asset: str) -> float:
        return self._qty[asset]

    def __setitem__(self, asset: str, qty: float) -> None:
        was = self._qty.get(asset, 0.0)
        if qty != was:
            self._before.setdefault(asset, deque(maxlen=CHANGES_KEPT)).append((self._clock(), was))
        self._qty[asset] = qty

    def __delitem__(self, asset: str) -> None:
        self[asset] = 0.0
        del self._qty[asset]

    def __iter__(self) -> Iterator[str]:
        return iter(self._qty)

    def __len__(self) -> int:
        return len(self._qty)


def netted(positions: Iterable[HeldPosition]) -> dict[str, HeldPosition]:
    """By asset, the positions that our orders act on: one each. Those in another margin mode or on a side of their own
    are none of these, whatever comes first or last in the venue's list.
    """
    return {position.asset: position for position in positions if position.nets_with_ours}

"""Positions too small for their venue to close: declared, and tried again from time to time, never in a hot loop."""

from cockpit.domain.units import seconds_to_ns
from cockpit.exchanges.base.account import HeldPosition, PositionKey

TRIES = 3
"""A position counts as dust for good once the venue refused it so often."""

Place = PositionKey


class Dust:
    """What was refused for its size, by perpetual and side. A position that has changed since is none any more."""

    def __init__(self, again_s: float) -> None:
        self._again_ns = seconds_to_ns(again_s)
        self._qty: dict[Place, float] = {}
        self._tries: dict[Place, int] = {}
        self._due_ns: dict[Place, int] = {}

    def declare(self, position: HeldPosition, now_ns: int) -> None:
        """The venue refused to close it: it is under its least size."""
        place = _place(position)
        self._tries[place] = self._tries.get(place, 0) + 1 if self._qty.get(place) == position.qty else 1
        self._qty[place] = position.qty
        self._due_ns[place] = now_ns + self._again_ns

    def is_due(self, position: HeldPosition, now_ns: int) -> bool:
        """Whether a close may be tried (again)."""
        return self._qty.get(_place(position)) != position.qty or now_ns >= self._due_ns[_place(position)]

    def is_declared(self, position: HeldPosition) -> bool:
        """Whether it was refused often enough."""
        return self._qty.get(_place(position)) == position.qty and self._tries[_place(position)] >= TRIES


def _place(position: HeldPosition) -> Place:
    return position.key

"""Positions too small for their venue to close: declared, and tried again from time to time, never in a hot loop."""

from cockpit.domain.units import seconds_to_ns
from cockpit.venues.account import HeldPosition

TRIES = 3
"""A position counts as dust for good once the venue refused it so often."""


class Dust:
    """What was refused for its size, by perpetual. A position that has changed since is none any more."""

    def __init__(self, again_s: float) -> None:
        self._again_ns = seconds_to_ns(again_s)
        self._qty: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._due_ns: dict[str, int] = {}

    def declare(self, position: HeldPosition, now_ns: int) -> None:
        """The venue refused to close it: it is under its least size."""
        asset = position.asset
        self._tries[asset] = self._tries.get(asset, 0) + 1 if self._qty.get(asset) == position.qty else 1
        self._qty[asset] = position.qty
        self._due_ns[asset] = now_ns + self._again_ns

    def is_due(self, position: HeldPosition, now_ns: int) -> bool:
        """Whether a close may be tried (again)."""
        return self._qty.get(position.asset) != position.qty or now_ns >= self._due_ns[position.asset]

    def is_declared(self, position: HeldPosition) -> bool:
        """Whether it was refused often enough."""
        return self._qty.get(position.asset) == position.qty and self._tries[position.asset] >= TRIES

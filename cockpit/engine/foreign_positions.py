"""Positions on our accounts that are not ours: shown, and counted against nothing of ours."""

from cockpit.domain.events import ForeignPosition
from cockpit.engine.outbox import Outbox

Key = tuple[str, str, str, str]


class ForeignPositions:
    """The latest word of the venues on each; a new session of the venues begins with none."""

    def __init__(self) -> None:
        self._held: dict[Key, ForeignPosition] = {}

    @property
    def held(self) -> tuple[ForeignPosition, ...]:
        """What is there, oldest first."""
        return tuple(self._held.values())

    def take(self, position: ForeignPosition, out: Outbox) -> None:
        """A venue tells of one, or that it is gone."""
        key = (position.venue, position.asset, position.margin_mode, position.position_side)
        if position.qty:
            self._held[key] = position
        else:
            self._held.pop(key, None)

    def clear(self) -> None:
        """Other venues are behind the engine now."""
        self._held.clear()

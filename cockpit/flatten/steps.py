"""What a flatten says on its way, a line each."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class StepName(StrEnum):
    """The steps in order, and what may stand in their way."""

    FREEZE = "FREEZE"
    CANCEL = "CANCEL"
    CLOSE = "CLOSE"
    SEEN_FLAT = "SEEN FLAT"
    STOPS = "STOPS"
    SEEN_CLEAR = "SEEN CLEAR"
    FLAT = "FLAT"
    DUST = "DUST"
    WAITING = "WAITING"
    TROUBLE = "TROUBLE"


class FlattenStep(NamedTuple):
    """One line: `elapsed_s` since this venue's flatten began; a trouble is to be shown in red."""

    venue: str
    name: StepName
    sentence: str
    elapsed_s: float
    is_trouble: bool

    @property
    def line(self) -> str:
        """As it is printed."""
        return f"+{self.elapsed_s:.3f} s {self.venue} {self.name}: {self.sentence}"


Say = Callable[[FlattenStep], None]

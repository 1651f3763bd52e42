"""When to ask again for a position whose close was refused: at once, some times each second, then after 2, 4 ... 30 s.

It never gives up.
"""

from cockpit.domain.units import NS_PER_S

BRISK = 5
"""So many refusals may pass with the moment that caused them; more are a standing state of things."""
LONGEST_S = 30
MOST_DOUBLINGS = 5


class Reasking:
    """Whether the venue's word on the position is waited for, and how hard it may be asked for."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._is_left_to_others = False
        self._refusals = 0
        self._due_ns = 0

    def refused(self, now_ns: int) -> None:
        """A close was refused: the position is asked for, the later the more often that has happened."""
        doublings = min(max(0, self._refusals - BRISK), MOST_DOUBLINGS)
        wait_s = 0 if self._refusals == 0 else min(LONGEST_S, 2**doublings)
        self._refusals += 1
        self._due_ns = now_ns + wait_s * NS_PER_S
        self.is_wanted = True

    def went_through(self) -> None:
        """A close filled: the next refusal is a first one again."""
        self._refusals = 0
        self._due_ns = 0

    def leave_to_the_sweep(self) -> None:
        """The whole venue is being flattened from its own truth: two that close one position disturb each other."""
        self._is_left_to_others = True

    def is_due(self, now_ns: int) -> bool:
        """Whether to ask, and to act on the answer, now."""
        return self.is_wanted and not self._is_left_to_others and now_ns >= self._due_ns

"""What a command gets from the front door, and the exit codes it gives back."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cockpit.config.places import Places

YES, NO = 0, 1


class Front(Protocol):
    """The global options, understood."""

    def places(self) -> "Places":
        """The profile meant."""

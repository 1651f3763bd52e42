"""What a command gets from the front door: the global options, understood; and the exit codes it gives back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cockpit.config.model import CockpitConfig
    from cockpit.config.places import Places
    from cockpit.tui.first_paint import FirstPaint

YES, NO, BAD = 0, 1, 2
FLAT = "FLAT: every venue said so"
NOTHING_OPEN = "nothing is open in the journal"
"""The last line of a flatten that ended well is one of these, and no other flatten's is."""


class Front:
    """What the global options said, kept where an error that escapes a command still finds it.

    `first_paint` is the screen's first picture, where it is drawn already.
    """

    def __init__(self, first_paint: "FirstPaint | None" = None) -> None:
        self.first_paint = first_paint
        self.home: Path | None = None
        self.config: Path | None = None
        self.doing = ""

    def places(self) -> "Places":
        """The profile meant."""
        from cockpit.config.places import find_places

        return find_places(self.home, self.config)

    def load(self, overrides: Sequence[str] | None = None) -> "CockpitConfig":
        """Its config. Raises `ConfigError`, whose text is a line for the operator."""
        from cockpit.config.load import load_config

        return load_config(self.places().config, overrides or ())

"""The operator's own checklist points, ticked for one UTC day and kept beside the profile's other files.

The engine has no part in it: they are a person's word. A point is known by its text, so a config that words it
otherwise asks again. Two screens on one profile see each other's ticks when the checklist is opened.
"""

import contextlib
import json
import os
from pathlib import Path

LONGEST_BYTES = 100_000


class Ticks:
    """What was ticked on a day (`2025-10-19`). Without a file the ticks last as long as the screen."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._day = ""
        self._ticked: frozenset[str] = frozenset()
        self.read()

    def of(self, day: str) -> frozenset[str]:
        """The points that are ticked on this day: none on another than they were ticked on."""
        return self._ticked if day == self._day else frozenset()

    def read(self) -> None:
        """Look again at what is kept; what cannot be read counts as not ticked."""
        if self._path is None:
            return
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            with self._path.open(encoding="utf-8") as file:
                kept = json.loads(file.read(LONGEST_BYTES))
            self._day, self._ticked = str(kept["day"]), frozenset(str(point) for point in kept["ticked"])

    def toggle(self, day: str, point: str) -> None:
        """Tick a point, or take its tick back. Raises `OSError` where it cannot be kept: it counts on this screen."""
        self._day, self._ticked = day, self.of(day) ^ {point}
        if self._path is None:
            return
        kept = json.dumps({"day": self._day, "ticked": sorted(self._ticked)}, ensure_ascii=False, indent=1)
        beside = self._path.with_suffix(".new")
        beside.write_text(kept + "\n", encoding="utf-8")
        beside.chmod(0o600)
        os.replace(beside, self._path)

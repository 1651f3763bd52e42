"""What the operator chose to look at, kept for the next screen of the profile: layout, ladder rows, candles, prints."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cockpit.tui.panes.chart import LENGTHS_S
from cockpit.tui.panes.dom import ZOOM_BPS
from cockpit.tui.panes.table import Kept
from cockpit.tui.panes.tape import SIZES_USD

LONGEST_BYTES = 16 * 1024
LONGEST_ASSET = 12


class Choices:
    """Without a file they last as long as the screen. What cannot be read, or is not offered, counts as not chosen."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def begin(self, kept: Kept, configured: str, layouts: Mapping[str, object]) -> str:
        """Put what was chosen into the panes; returns the layout. A config that names another one since then wins."""
        chosen = self._read()
        kept.dom.overview = chosen.get("map") is True
        rows = chosen.get("rows")
        for asset, zoom in rows.items() if isinstance(rows, dict) else ():
            if len(asset) <= LONGEST_ASSET and _is_place(zoom, len(ZOOM_BPS)):
                kept.dom.zooms[asset] = zoom
        if _is_place(chosen.get("candles"), len(LENGTHS_S)):
            kept.chart.length = chosen["candles"]
        if _is_place(chosen.get("prints"), len(SIZES_USD)):
            kept.tape.size = chosen["prints"]
        layout = chosen.get("layout")
        is_same_config = chosen.get("configured") == configured
        return layout if is_same_config and isinstance(layout, str) and layout in layouts else configured

    def keep(self, kept: Kept, configured: str, layout: str) -> None:
        """Raises `OSError` where they cannot be kept: they count on this screen."""
        if self._path is None:
            return
        chosen = {
            "layout": layout,
            "configured": configured,
            "map": kept.dom.overview,
            "rows": kept.dom.zooms,
            "candles": kept.chart.length,
            "prints": kept.tape.size,
        }
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")
        beside.chmod(0o600)
        os.replace(beside, self._path)

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            if self._path is not None and self._path.is_file():  # a pipe would hold the screen
                with self._path.open(encoding="utf-8") as file:
                    found = json.loads(file.read(LONGEST_BYTES))
                return found if isinstance(found, dict) else {}
        return {}


def _is_place(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count

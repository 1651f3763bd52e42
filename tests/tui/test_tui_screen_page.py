"""The page about the screen: the panes it lists are there, and its layout is one."""

import json
import re
from pathlib import Path

from cockpit.tui.layouts import BUILT_IN
from cockpit.tui.panes.table import BY_ID
from cockpit.tui.settings import ScreenSettings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "screen.md"


def test_the_layout_on_the_page_is_one_and_every_pane_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    settings = ScreenSettings.of(json.loads(example)["screen"])
    assert settings.layout == "mine" and settings.layouts["mine"] is not None
    assert all(f"`{pane}`" in page for pane in BY_ID)
    assert all(f"`{name}`" in page or f"{name} (" in page for name in BUILT_IN)

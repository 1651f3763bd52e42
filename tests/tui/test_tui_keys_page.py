"""The docs' page of keys says what the table of keys says."""

from pathlib import Path

from cockpit.tui import keys
from cockpit.tui.keys_page import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "keys.md"


def test_the_page_in_the_docs_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m cockpit.tui.keys_page > docs/keys.md"


def test_every_action_is_on_the_page_with_its_keys() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(keys.TABLE)
    assert "| `F12` or `Ctrl+\\` | flatten | Close all at market, then halt: press twice (everywhere) |" in rows

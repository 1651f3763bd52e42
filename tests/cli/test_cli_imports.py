"""What a command imports before it says a word: counted, since seconds depend on the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.commands.help_text import HELP
from tests.docs.help_made import help_text, page

PROJECT_ROOT = Path(__file__).resolve().parents[2]
MOST_FOR_HELP, MOST_FOR_THE_LINE = 70, 180
"""With the standard library's; the second with the command line's own, to which each command may bring one or two."""
HEAVY = {"asyncio", "ccxt", "hashlib", "httpx", "msgspec", "numpy", "pydantic", "rich", "sqlalchemy", "ssl", "textual"}
COUNTED = """
import sys
from cockpit.__main__ import run
words = sys.argv[1:]
try:
    run(words)
finally:
    print(" ".join(sys.modules), file=sys.stderr)
"""


def imported(*words: str, **environ: str) -> tuple[str, list[str]]:
    """What it printed, and the modules that are there then."""
    found = subprocess.run(
        [sys.executable, "-c", COUNTED, *words],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        env={**os.environ, "COLUMNS": "100", **environ},
        check=False,
    )
    assert "Usage: cockpit" in found.stdout, found.stderr[-500:]
    return found.stdout, found.stderr.split()


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_the_help_is_printed_without_the_command_lines_library(words: list[str]) -> None:
    said, loaded = imported(*words)
    print(f"{len(loaded)} modules")
    assert said == HELP == help_text(), "make docs"
    assert not {"typer", "click"} & set(loaded) and len(loaded) <= MOST_FOR_HELP, f"{len(loaded)} modules"


def test_the_page_is_the_made_one() -> None:
    assert (PROJECT_ROOT / "cockpit" / "commands" / "help_text.py").read_text() == page(), "make docs"


def test_a_narrow_terminal_gets_its_own_help_which_imports_what_it_prints_and_little_else() -> None:
    said, loaded = imported("--help", COLUMNS="60")
    print(f"{len(loaded)} modules")
    assert max(len(line) for line in said.splitlines()) <= 60 and "typer" in loaded
    assert not HEAVY & set(loaded)
    assert len(loaded) <= MOST_FOR_THE_LINE, f"{len(loaded)} modules"

"""What a command imports before it says a word: counted, since seconds depend on the machine."""

import subprocess
import sys
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
MOST_FOR_HELP = 180
"""With the standard library's and the command line's own; each command more may bring one or two."""
HEAVY = {"asyncio", "ccxt", "hashlib", "httpx", "msgspec", "numpy", "pydantic", "rich", "sqlalchemy", "ssl", "textual"}
COUNTED = """
import sys
from cockpit.__main__ import run
sys.argv = ["cockpit", "--help"]
try:
    run(["--help"])
finally:
    print(" ".join(sys.modules), file=sys.stderr)
"""


def test_the_help_imports_what_it_prints_and_little_else() -> None:
    found = subprocess.run(
        [sys.executable, "-c", COUNTED], capture_output=True, text=True, cwd=PROJECT_ROOT, check=False
    )
    loaded = found.stderr.split()
    assert "Usage" in found.stdout or "usage" in found.stdout, found.stderr[-500:]
    assert not HEAVY & set(loaded)
    assert len(loaded) <= MOST_FOR_HELP, f"{len(loaded)} modules"
    print(f"{len(loaded)} modules")

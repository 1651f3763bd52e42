"""The pages on adding things hold: what they say to do is done in a copy of the package, and what they try runs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PROJECT_ROOT

PAGES = sorted(path.name for path in DOCS.glob("adding-a-*.md"))
STEP = re.compile(r"^```(replace|file|copy|try)(?: (\S+))?(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = (
    "cockpit", "config", "tests/docs", "tests/client", "tests/loopback", "tests/exchanges", "tests/execution",
    "tests/tui",
)  # fmt: skip


def copied(folder: Path) -> Path:
    """The package and what its examples need of the tests, in a folder of their own."""
    for name in COPIED:
        shutil.copytree(
            PROJECT_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "__snapshots__")
        )
    return folder


def carried_out(page: str, folder: Path) -> str:
    """Every change of the page made under `folder`; returns what it says to try."""
    tried = ""
    for kind, name, to, body in STEP.findall(page):
        if kind == "try":
            tried += body
        elif kind == "copy":
            copy_renamed(folder / name, folder / to, [line.split(" -> ") for line in body.splitlines()])
        elif kind == "file":
            target = folder / name
            assert not target.exists(), f"{name} is there already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body)
        else:
            before, _, after = body.partition("---\n")
            text = (folder / name).read_text()
            assert text.count(before.rstrip("\n")) == 1, f"{name}: expected this once: {before}"
            (folder / name).write_text(text.replace(before.rstrip("\n"), after.rstrip("\n")))
    return tried


def copy_renamed(source: Path, target: Path, renames: list[list[str]]) -> None:
    """A file, or a folder of them, under another name, with every word renamed in it."""
    assert not target.exists(), f"{target} is there already"
    for path in [source] if source.is_file() else sorted(source.glob("*.py")):
        text = path.read_text()
        for before, after in renames:
            text = text.replace(before, after)
        copy = target if source.is_file() else target / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)


@pytest.mark.parametrize("name", PAGES)
def test_what_the_page_says_works(name: str, tmp_path: Path) -> None:
    tried = carried_out((DOCS / name).read_text(encoding="utf-8"), copied(tmp_path))
    assert tried, "a page without a proof"
    ran = subprocess.run(
        [sys.executable, "-c", tried], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=110
    )
    assert ran.returncode == 0, ran.stderr[-4_000:]

"""The commit that is checked out, as files of its own: a long run is of one commit, whatever the work tree becomes."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def tree_of_head() -> str:
    """The tree of the commit: the same for the same files."""
    said = subprocess.run(["git", "rev-parse", "HEAD^{tree}"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return said.stdout.strip()


def exported(place: Path) -> Path:
    """The commit's files, once."""
    code = place / "code"
    if not code.exists():
        half = place / "half"
        half.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x", "-C", str(half)], input=archive, check=True)
        half.rename(code)
    return code

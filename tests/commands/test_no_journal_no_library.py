"""On a home without a journal no command loads the journal's library to be told that there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patient_s

PROJECT_ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
from cockpit.__main__ import run
code = run(sys.argv[1:])
print("sqlalchemy" in sys.modules, code, file=sys.stderr)
"""


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("stop",)])
def test_the_journals_library_is_left_alone(words: tuple[str, ...], tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=PROJECT_ROOT,
        env={**os.environ, "COCKPIT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=patient_s(60),
        check=False,
    )
    assert found.stderr.split()[-2:] == ["False", "1"]
    assert "no engine runs" in found.stdout + found.stderr

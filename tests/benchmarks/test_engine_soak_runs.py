"""The soak can be run: some minutes of it come to their end, with a look at every tenth."""

import subprocess
import sys
from pathlib import Path

from tests.patience import patient_s

SCRIPT = Path(__file__).resolve().parent / "engine_soak.py"


def test_some_minutes_of_it() -> None:
    command = [sys.executable, str(SCRIPT), "--hours", "0.1"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=patient_s(100), check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    looks = [line for line in found.stdout.splitlines() if "MB resident" in line]
    assert 8 <= len(looks) <= 10
    assert "over the second half" in found.stdout.splitlines()[-1]

"""The benchmark runs and says something; its figures are looked at, never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patient_s

pytest.importorskip("pyarrow", reason="the research extra is not installed")
pytest.importorskip("duckdb", reason="what the import is measured beside is not installed")


def test_it_times_every_reader() -> None:
    script = Path(__file__).with_name("history_import.py")
    command = [sys.executable, str(script), "--rows", "2000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patient_s(60), check=True)
    names = [line.partition(":")[0] for line in done.stdout.splitlines()]
    assert names == ["ours", "ours out of order", "duckdb reads", "duckdb reads and writes"]
    assert all("2,000 rows in " in line for line in done.stdout.splitlines())

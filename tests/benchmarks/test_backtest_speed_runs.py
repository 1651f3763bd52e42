"""The benchmark runs, both ways come to the same digest, and it says something; its figures are never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patient_s

pytest.importorskip("pyarrow", reason="the research extra is not installed")


def test_it_times_both_ways_and_a_sweep() -> None:
    script = Path(__file__).with_name("backtest_speed.py")
    command = [sys.executable, str(script), "--rows", "20000", "--settings", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patient_s(60), check=True)
    by_event, columnar, settings = done.stdout.splitlines()
    assert by_event.startswith("event by event: 21,152 rows, 21,152 wakes") and columnar.startswith(
        "columnar: 21,152 rows"
    )
    assert settings.startswith("2 settings over one reading: ") and settings.endswith("by the CPU, one process")

"""The docs' notebook example, run as it stands there on a sweep's directory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.research.sweep import LocalWorkers
from cockpit.research.sweep_plan import Plan
from tests.conftest import PROJECT_ROOT
from tests.research.stored import shelf_of
from tests.research.swept import STOP, swept
from tests.research.test_sweep import GRID


def test_the_notebook_example_of_the_docs_runs(tmp_path: Path) -> None:
    pytest.importorskip("polars", reason="polars is not installed")
    page = (PROJECT_ROOT / "docs" / "does-it-earn.md").read_text(encoding="utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    assert "import polars" in example
    plan = Plan.model_validate(GRID)
    trials = swept(shelf_of(tmp_path, days=1, count=1_500), plan, tmp_path / "stops.sweep", LocalWorkers(1))
    shown = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    for stop_bps in (6, 14, 28):
        alike = [one for one in trials if json.loads(one.setting)[STOP] == stop_bps]
        row = next(line for line in shown.splitlines() if line.startswith(f"│ {stop_bps} "))
        assert f" {sum(one.trades for one in alike)} " in row

"""A sweep on a cluster of three processes, killed under way, beside the serial one: `sweep_long` in a small size."""

from pathlib import Path

import pytest

from tests.research.stored import shelf_of
from tests.research.sweep_long import compared

SETTINGS, DAYS = 48, 4


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_whose_workers_are_killed_comes_to_the_serial_numbers(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the cluster extra is not installed")
    found = compared(shelf_of(tmp_path / "days", days=DAYS, count=1_200, span_s=600.0), SETTINGS, tmp_path)
    assert found.differing == []
    assert len(found.serial) == SETTINGS and sum(trial.trades for trial in found.serial) >= SETTINGS
    assert found.killed

"""The real five minutes as a recording, imported once for all tests of this room."""

from pathlib import Path

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.replay.importing import import_capture
from tests.runtime.raw_ticks import Print, Quote, read_ticks

CAPTURE = "usdm_btcusdt_20240808.gz"


@pytest.fixture(scope="session")
def capture(real_data_dir: Path) -> Path:
    """The raw capture of 2024-08-08 23:54:15-23:59:59 UTC."""
    found = real_data_dir / CAPTURE
    if not found.is_file():
        pytest.skip(f"real recording not found: expected {found} (COCKPIT_REAL_DATA names another place)")
    return found


@pytest.fixture(scope="session")
def recording(capture: Path, shipped_config: CockpitConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture as `cockpit import` makes it."""
    return import_capture(capture, tmp_path_factory.mktemp("real") / "btc.rec", shipped_config).path


@pytest.fixture(scope="session")
def ticks(capture: Path) -> list[Print | Quote]:
    """The capture read by hand."""
    return read_ticks(capture)

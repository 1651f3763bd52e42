"""History's tests need its library: where the research extra is not installed none of them is collected."""

from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("pyarrow") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from tests.history.shelf import Shelf

    @pytest.fixture
    def store(tmp_path: Path) -> Shelf:
        return Shelf(tmp_path / "store")

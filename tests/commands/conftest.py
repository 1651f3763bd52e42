"""A command line on a home of its own, short enough for a Unix socket."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_engine import Shell


@pytest.fixture
def shell() -> Iterator[Shell]:
    home = Path(tempfile.mkdtemp(prefix="cli-"))
    shell = Shell(home)
    yield shell
    shell.clean_up()
    shutil.rmtree(home)

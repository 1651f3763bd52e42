"""A real engine on the simulated market with its real API, and a line to it that can be cut and frozen."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from engine_process import EngineProcess
from weak_line import WeakLine

from cockpit.config.model import CockpitConfig


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a path short enough for a Unix socket."""
    directory = Path(tempfile.mkdtemp(prefix="deck-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
async def engine(home: Path, shipped_config: CockpitConfig) -> AsyncIterator[EngineProcess]:
    """An engine that runs, in paper, on loopback."""
    process = EngineProcess(home, shipped_config)
    await process.start()
    yield process
    await process.stop()


@pytest.fixture
async def line(engine: EngineProcess) -> AsyncIterator[WeakLine]:
    """A TCP line to that engine."""
    weak = WeakLine(engine.port)
    await weak.start()
    yield weak
    await weak.stop()

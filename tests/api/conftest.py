"""What the API's tests share: a home with a short path (a Unix socket's is limited), and one engine for many calls."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from api_stage import UNBOUNDED, Running, running


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of this test's own."""
    directory = Path(tempfile.mkdtemp(prefix="ck-"))
    yield directory / "home"
    shutil.rmtree(directory)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Running]:
    """One armed engine for a module's calls that do not get in each other's way."""
    directory = Path(tempfile.mkdtemp(prefix="ck-"))
    async with running(directory / "home", limits=UNBOUNDED) as engine:
        yield engine
    shutil.rmtree(directory)

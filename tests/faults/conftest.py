"""Every test here runs on a loop whose time jumps."""

import asyncio

import pytest

from tests import venue_pairs
from tests.faults.jumping_loop import JumpingPolicy
from tests.venue_pairs import venue_pair  # noqa: F401


@pytest.fixture(scope="session")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    return JumpingPolicy()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    venue_pairs.parametrize(metafunc)

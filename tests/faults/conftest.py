"""Every test here runs on a loop whose time jumps."""

import asyncio

import pytest

from tests.faults.jumping_loop import JumpingPolicy


@pytest.fixture(scope="session")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    return JumpingPolicy()

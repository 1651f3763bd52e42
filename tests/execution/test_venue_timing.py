"""A venue's answer and the clock."""

import asyncio

import pytest

from cockpit.exchanges.base.account import Ambiguous
from cockpit.exchanges.base.timing import within


async def test_a_call_that_does_not_answer_is_ambiguous() -> None:
    with pytest.raises(Ambiguous, match=r"positions: expected an answer within 0.01 s, was none"):
        await within(0.01, asyncio.Event().wait(), "positions")


async def test_a_worker_told_to_end_ends_even_when_the_answer_comes_at_that_very_moment() -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    worker = asyncio.create_task(within(5.0, answer, "positions"))
    await asyncio.sleep(0)
    answer.set_result(1)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker

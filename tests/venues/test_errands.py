"""What is under way is neither lost nor waited for in vain."""

import asyncio

from cockpit.venues.errands import Errands


async def nothing() -> None:
    return


async def test_an_errand_that_starts_another_is_waited_for_to_the_last() -> None:
    errands, done = Errands(print), []

    async def first() -> None:
        errands.start("second", second())

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    errands.start("first", first())
    assert await errands.settle(5.0)
    assert done == ["second"]


async def test_one_that_has_just_ended_does_not_keep_the_wait_busy() -> None:
    """Its task is done before the loop has told those who asked to hear of it."""
    errands = Errands(print)
    task = errands.start("one", nothing())
    seen: list[bool] = []

    async def settle_at_the_very_end() -> None:
        seen.append(await errands.settle(5.0))

    waiter = asyncio.create_task(asyncio.wait_for(settle_at_the_very_end(), 1.0))
    await task
    await waiter
    assert seen == [True]


async def test_a_defect_is_said_and_ends_nothing_else() -> None:
    said: list[str] = []
    errands = Errands(said.append)

    async def broken() -> None:
        raise ZeroDivisionError("by zero")

    errands.start("send t000001e1", broken())
    errands.start("other", nothing())
    assert await errands.settle(5.0)
    assert said == ["send t000001e1: ZeroDivisionError: by zero"]


async def test_what_does_not_end_in_time_is_cancelled() -> None:
    errands, ended = Errands(print), []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    errands.start("endless", endless())
    await asyncio.sleep(0)
    await errands.stop(0.01)
    assert ended == [True]

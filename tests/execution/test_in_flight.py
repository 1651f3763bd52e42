"""What is under way is neither lost nor waited for in vain."""

import asyncio
import inspect

from cockpit.execution.venue_context import InFlightCalls


async def nothing() -> None:
    return


async def test_an_errand_that_starts_another_is_waited_for_to_the_last() -> None:
    in_flight, done = InFlightCalls(print), []

    async def first() -> None:
        in_flight.start("second", second())

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    in_flight.start("first", first())
    assert await in_flight.settle(5.0)
    assert done == ["second"]


async def test_one_that_has_just_ended_does_not_keep_the_wait_busy() -> None:
    """Its task is done before the loop has told those who asked to hear of it."""
    in_flight = InFlightCalls(print)
    task = in_flight.start("one", nothing())
    seen: list[bool] = []

    async def settle_at_the_very_end() -> None:
        seen.append(await in_flight.settle(5.0))

    waiter = asyncio.create_task(asyncio.wait_for(settle_at_the_very_end(), 1.0))
    await task
    await waiter
    assert seen == [True]


async def test_a_defect_is_said_and_ends_nothing_else() -> None:
    said: list[str] = []
    in_flight = InFlightCalls(said.append)

    async def broken() -> None:
        raise ZeroDivisionError("by zero")

    in_flight.start("send t000001e1", broken())
    in_flight.start("other", nothing())
    assert await in_flight.settle(5.0)
    assert said == ["send t000001e1: ZeroDivisionError: by zero"]


async def test_what_does_not_end_in_time_is_cancelled() -> None:
    in_flight, ended = InFlightCalls(print), []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    in_flight.start("endless", endless())
    await asyncio.sleep(0)
    await in_flight.stop(0.01)
    assert ended == [True]


async def test_what_was_ended_before_its_first_step_is_closed_too() -> None:
    """Else Python mentions it on an engine's way out, in whatever runs by then."""
    in_flight, call = InFlightCalls(print), nothing()
    in_flight.start("never begun", call)
    await in_flight.stop(0.0)
    assert inspect.getcoroutinestate(call) == inspect.CORO_CLOSED

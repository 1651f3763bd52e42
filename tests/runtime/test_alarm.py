"""The engine is woken at an instant of its own, by its source's clock."""

import asyncio

import pytest

from cockpit.domain.units import NS_PER_S
from cockpit.runtime.alarm import Alarm
from tests.patience import patient_s


class Source:
    """Its clock runs `speed` times as fast as the loop's."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self.loop = asyncio.get_running_loop()

    def now_ns(self) -> int:
        return round(self.loop.time() * self.speed * NS_PER_S)


@pytest.mark.parametrize("speed", [1.0, 10.0])
async def test_it_rings_once_and_not_before_its_time(speed: float) -> None:
    source, rung = Source(speed), asyncio.Queue[int]()
    alarm = Alarm(source.now_ns, lambda: source.speed, rung.put_nowait)
    due_ns = source.now_ns() + NS_PER_S // 100
    alarm.set(due_ns)
    alarm.set(due_ns)
    async with asyncio.timeout(patient_s(10.0)):
        assert await rung.get() >= due_ns
    assert rung.empty()


async def test_the_last_time_set_counts_and_none_is_silence() -> None:
    source, rung = Source(), asyncio.Queue[int]()
    alarm = Alarm(source.now_ns, lambda: source.speed, rung.put_nowait)
    alarm.set(source.now_ns() + 3_600 * NS_PER_S)
    soon_ns = source.now_ns()
    alarm.set(soon_ns)
    async with asyncio.timeout(patient_s(10.0)):
        assert await rung.get() >= soon_ns
    alarm.set(source.now_ns())
    alarm.set(None)
    alarm.stop()
    await asyncio.sleep(0)
    assert rung.empty()


async def test_a_market_that_stands_still_rings_nothing() -> None:
    source = Source(0.0)
    alarm = Alarm(lambda: 0, lambda: source.speed, lambda now_ns: pytest.fail("rang"))
    alarm.set(0)
    await asyncio.sleep(0)

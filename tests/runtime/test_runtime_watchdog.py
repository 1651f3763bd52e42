"""The watchdog: a blocked loop is recorded with how long and what ran. Real time: the loop is really blocked."""

import asyncio
import time

from cockpit.runtime.loop_holds import HELD_NS, LoopHolds
from cockpit.runtime.watchdog import BEAT_S, STALL_S, STALLS_KEPT, LoopWatchdog


def hold_the_loop(for_s: float) -> None:
    time.sleep(for_s)


async def test_a_blocked_loop_is_recorded_with_what_ran() -> None:
    watchdog = LoopWatchdog()
    watchdog.start()
    await asyncio.sleep(3 * BEAT_S)
    before = watchdog.stalls_total
    hold_the_loop(0.25)
    await asyncio.sleep(3 * BEAT_S)
    watchdog.stop()
    assert watchdog.stalls_total == before + 1
    stall = watchdog.stalls[-1]
    assert "hold_the_loop" in stall.running
    assert "test_runtime_watchdog.py" in stall.running
    assert 200.0 <= stall.lasted_ms < 2_000.0


async def test_a_stall_that_no_thread_could_look_at_is_recorded_all_the_same() -> None:
    """Held inside one call that never lets go of the interpreter, the loop comes back before the thread looks."""
    watchdog = LoopWatchdog()
    loop = asyncio.get_running_loop()
    watchdog._beat_s = time.monotonic() - STALL_S - 2 * BEAT_S
    watchdog._beat(loop)
    watchdog.stop()
    assert [stall.running for stall in watchdog.stalls] == ["not seen: it let no other thread run"]
    assert watchdog.stalls[0].lasted_ms > 100.0


async def test_only_the_newest_stalls_are_kept_and_all_are_counted() -> None:
    watchdog = LoopWatchdog()
    for _ in range(STALLS_KEPT + 7):
        watchdog._record(0.2, "x")
    assert (len(watchdog.stalls), watchdog.stalls_total) == (STALLS_KEPT, STALLS_KEPT + 7)


class Clock:
    """Time passes only where somebody takes it."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def take(self, ns: int) -> None:
        self.now_ns += ns


async def test_what_holds_the_loop_for_over_2_ms_is_named_and_what_does_not_is_not() -> None:
    clock = Clock()
    holds = LoopHolds(clock=clock)

    async def a_slow_step(ns: int) -> None:
        clock.take(ns)

    async def a_quick_step() -> None:
        clock.take(HELD_NS)

    holds.start()
    asyncio.get_running_loop().call_soon(clock.take, HELD_NS + 1)
    await asyncio.gather(a_slow_step(3_000_000), a_quick_step(), a_slow_step(5_000_000))
    holds.stop()
    named = {name.rpartition(".")[2]: hold for name, hold in holds.holds.items()}
    assert named.keys() == {"take", "a_slow_step"}
    assert named["a_slow_step"] == (2, 5.0)
    asyncio.get_running_loop().call_soon(clock.take, HELD_NS + 1)
    await asyncio.sleep(0)
    assert named["take"].times == 1, "stopped, it notes nothing more"


async def test_two_watched_loops_may_end_in_any_order() -> None:
    run = asyncio.Handle._run
    first, second = LoopHolds(), LoopHolds()
    first.start()
    second.start()
    first.stop()
    second.stop()
    assert asyncio.Handle._run is run


def test_a_collection_that_takes_too_long_is_named() -> None:
    clock = Clock()
    holds = LoopHolds(clock=clock)
    for generation, took_ns in ((2, HELD_NS + 1), (0, HELD_NS)):
        holds._collected("start", {"generation": generation})
        clock.take(took_ns)
        holds._collected("stop", {"generation": generation})
    assert list(holds.holds) == ["garbage collection of generation 2"]


async def test_a_task_with_a_name_is_called_by_it() -> None:
    clock = Clock()
    holds = LoopHolds(clock=clock)

    async def work() -> None:
        clock.take(HELD_NS + 1)

    holds.start()
    await asyncio.create_task(work(), name="market")
    holds.stop()
    assert list(holds.holds) == ["market"]

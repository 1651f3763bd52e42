"""A loop of the engine's kind that is really held, in a process of its own: the alarm is the process's, and the test
runner's is needed. Prints what was named, as JSON.
"""

import asyncio
import json
import sys
import time

from cockpit.runtime.loop_holds import TimedLoop
from cockpit.runtime.watchdog import LoopWatchdog

HELD_S = 0.05


def hold() -> None:
    until_s = time.perf_counter() + HELD_S
    while time.perf_counter() < until_s:
        pass


def a_slow_callback() -> None:
    hold()


async def a_slow_step() -> None:
    hold()
    await asyncio.sleep(0.01)
    hold()


async def a_step_that_sleeps_in_the_system() -> None:
    time.sleep(HELD_S)


async def main() -> None:
    watchdog = LoopWatchdog()
    watchdog.start()
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.01)
    loop.call_soon(a_slow_callback)
    await asyncio.sleep(0.01)
    await asyncio.create_task(a_slow_step())
    await asyncio.create_task(a_slow_step(), name="market")
    await asyncio.create_task(a_step_that_sleeps_in_the_system())
    watchdog.stop()
    loop.call_soon(hold)
    await asyncio.sleep(0.01)
    json.dump(watchdog.holds.holds, sys.stdout)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=TimedLoop) as runner:
        runner.run(main())

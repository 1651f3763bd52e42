"""What is under way to a venue: each request is a task of its own, and none is lost or fails unheard."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from cockpit.exchanges.base.timing import wait_for_all

LOG = logging.getLogger("cockpit.execution")


class InFlightCalls:
    """Starts requests at once and keeps them until they end. `fell` hears of one that ended in a defect."""

    def __init__(self, fell: Callable[[str], None]) -> None:
        self._fell = fell
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, errand: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it as soon as the loop turns."""
        task = asyncio.create_task(self._run(name, errand), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self, within_s: float) -> bool:
        """Whether everything under way, and all it starts, ended within that time."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while (left := self._left()) and loop.time() < until_s:
            await wait_for_all(left, until_s - loop.time())
        return not self._left()

    async def stop(self, within_s: float) -> None:
        """Give what is under way `within_s` to end by itself, then end it."""
        await self.settle(within_s)
        for task in self._left():
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _left(self) -> list[asyncio.Task[None]]:
        """What has not ended: one that has is forgotten only when the loop gets to it."""
        return [task for task in self._tasks if not task.done()]

    async def _run(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        try:
            await errand
        except Exception as error:
            # A defect: the order it was about stays as it is known, and the next look at the venue repairs it.
            LOG.exception("%s failed", name)
            self._fell(f"{name}: {type(error).__name__}: {error}")

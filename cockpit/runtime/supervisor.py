"""One supervisor over every worker: a worker that fails is restarted with back-off, and seen to be down meanwhile."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from time import monotonic

from cockpit.domain.stream import TaskView

LOG = logging.getLogger("cockpit.engine")
FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 30.0
MOST_DOUBLINGS = 7
CALM_AFTER_S = 60.0
STOP_WITHIN_S = 5.0

Work = Callable[[], Awaitable[None]]
Fallen = Callable[[str, str], None]
"""Called with a worker's name and its error the moment it falls."""
Sleep = Callable[[float], Awaitable[None]]


class Interrupted(Exception):
    """Something inside a worker was cancelled and the worker let that out; nobody had asked the worker to end."""


class _Worker:
    def __init__(self, name: str, work: Work, now_s: float) -> None:
        self.name = name
        self.work = work
        self.state = "running"
        self.restarts = 0
        self.failures_in_a_row = 0
        self.since_s = now_s
        self.detail = ""


class Supervisor:
    """Runs workers for ever. No worker's failure reaches another; an ended worker stays ended.

    `on_fall` hears of every failure at once; `longest_delay_s` is the longest pause before a restart; `clock`, `jitter`
    (0..1) and `sleep` are there for tests.
    """

    def __init__(
        self,
        on_fall: Fallen,
        clock: Callable[[], float] = monotonic,
        jitter: Callable[[], float] = random.random,
        sleep: Sleep = asyncio.sleep,
        longest_delay_s: float = LONGEST_DELAY_S,
    ) -> None:
        self._longest_delay_s = longest_delay_s
        self._on_fall = on_fall
        self._clock = clock
        self._jitter = jitter
        self._sleep = sleep
        self._workers: dict[str, _Worker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Work) -> None:
        """Start a worker under a unique name. Raises ValueError for a name in use."""
        if name in self._workers:
            raise ValueError(f"expected a new worker name, was {name}")
        worker = _Worker(name, work, self._clock())
        self._workers[name] = worker
        self._tasks[name] = asyncio.create_task(self._keep(worker), name=name)

    def views(self) -> tuple[TaskView, ...]:
        """How every worker does right now."""
        now_s = self._clock()
        return tuple(
            TaskView(worker.name, worker.state, worker.restarts, now_s - worker.since_s, worker.detail)
            for worker in self._workers.values()
        )

    async def stop(self) -> None:
        """Cancel every worker and wait until all are gone; one that does not let go is left behind after 5 s."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            _, left = await asyncio.wait(self._tasks.values(), timeout=STOP_WITHIN_S)
            for task in left:
                LOG.error("worker %s did not end within %g s", task.get_name(), STOP_WITHIN_S)

    async def _keep(self, worker: _Worker) -> None:
        while True:
            began_s = self._clock()
            self._mark(worker, "running")
            try:
                await worker.work()
            except asyncio.CancelledError:
                if _is_cancelled():
                    self._mark(worker, "ended")
                    raise
                self._fell(worker, Interrupted("cancelled from inside"), began_s)
            except Exception as error:
                self._fell(worker, error, began_s)
            else:
                self._mark(worker, "ended")
                return
            await self._sleep(self._delay_s(worker))
            worker.restarts += 1

    def _fell(self, worker: _Worker, error: Exception, began_s: float) -> None:
        if self._clock() - began_s >= CALM_AFTER_S:
            worker.failures_in_a_row = 0
        worker.failures_in_a_row += 1
        worker.detail = f"{type(error).__name__}: {error}"
        self._mark(worker, "backing_off")
        LOG.error("worker %s fell: %s", worker.name, worker.detail, exc_info=error)
        try:
            self._on_fall(worker.name, worker.detail)
        except Exception:
            LOG.exception("the fall of %s could not be passed on", worker.name)

    def _delay_s(self, worker: _Worker) -> float:
        """Doubling from a quarter second to the longest, spread over its upper half so that not all come at once."""
        doublings = min(MOST_DOUBLINGS, worker.failures_in_a_row - 1)
        delay_s = min(self._longest_delay_s, FIRST_DELAY_S * 2.0**doublings)
        return delay_s * (0.5 + 0.5 * self._jitter())

    def _mark(self, worker: _Worker, state: str) -> None:
        worker.state = state
        worker.since_s = self._clock()


def _is_cancelled() -> bool:
    """Whether the running task itself was cancelled, rather than something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

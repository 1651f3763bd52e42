"""An event loop whose time jumps: what waits for nothing but time does not wait at all.

Sockets are real, and so are the client library, the venues and the journal's thread. While any of them has something
to do, time stands; once nothing has, it jumps to the next timer. An hour of look-ups, reconciles and ticks takes as
long as its requests.
"""

import asyncio
import selectors
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

START_NS = 1_760_875_200_000_000_000
READS = 3
THREAD_POLL_S = 0.0002


class JumpingLoop(asyncio.SelectorEventLoop):
    """`busy_while` names work outside the loop that time must wait for; `steps` counts the loop's rounds.

    `on_step` hears of each round, `on_connected` of each connection that was opened from here.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._busy: list[Callable[[], bool]] = []
        self._in_threads = 0
        self.steps = 0
        self.on_step: Callable[[int], None] | None = None
        self.on_connected: Callable[[asyncio.Transport], None] | None = None
        super().__init__(_Jumper(self))

    def time(self) -> float:
        return self._now_s

    start_ns = START_NS

    def now_ns(self) -> int:
        """Its time since the epoch."""
        return START_NS + round(self._now_s * 1e9)

    def advance(self, seconds: float) -> None:
        self._now_s += seconds

    def busy_while(self, holds: Callable[[], bool]) -> None:
        """Time stands while this holds."""
        self._busy.append(holds)

    def forget(self, holds: Callable[[], bool]) -> None:
        self._busy = [other for other in self._busy if other is not holds]

    @property
    def is_busy(self) -> bool:
        return self._in_threads > 0 or any(holds() for holds in self._busy)

    def _make_socket_transport(self, sock: Any, protocol: Any, *args: Any, **options: Any) -> Any:
        transport = super()._make_socket_transport(sock, protocol, *args, **options)  # type: ignore[misc]
        if options.get("server") is None and self.on_connected is not None:
            self.on_connected(transport)
        return transport

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        self._in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: "asyncio.Future[Any] | Future[Any]") -> None:
        self._in_threads -= 1


class JumpingPolicy(asyncio.DefaultEventLoopPolicy):
    """The main thread's loops jump; other threads keep our time."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        if threading.current_thread() is threading.main_thread():
            return JumpingLoop()
        return super().new_event_loop()


class _Jumper(selectors.DefaultSelector):
    """Where a loop would sleep until its next timer, it is taken there."""

    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self._loop
        loop.steps += 1
        if loop.on_step is not None:
            loop.on_step(loop.steps)
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        # What was sent to this machine itself is there at once, or nearly: no waiting, whose shortest is a millisecond.
        for _ in range(READS):
            ready = super().select(0)
            if ready:
                return ready
        if timeout is None or loop.is_busy:
            time.sleep(THREAD_POLL_S)
            return super().select(0)
        loop.advance(timeout)
        return []


def jumping_loop() -> JumpingLoop:
    """The running loop, where it jumps."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    return loop

"""The account's own stream: frames in the order things happened, with every way of losing that order."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.loopback.venue_server import Socket


class UserStream:
    """Hands frames to every socket that listens to their topic.

    Faults: `drop_next` frames are lost; `repeat_next` come twice; `delay_s` late, each; `hold_next` are kept and come
    in reverse order once that many have gathered; `stalled`: nothing comes and the sockets stay open;
    between `pause` and `resume` frames gather, and then come.
    `policy` is asked before each frame, and may set any of these.
    """

    def __init__(self, sockets: Callable[[], list[Socket]]) -> None:
        self.sent: list[Any] = []
        self.drop_next = 0
        self.repeat_next = 0
        self.hold_next = 0
        self.delay_s = 0.0
        self.stalled = False
        self.policy: Callable[[UserStream], None] = lambda stream: None
        self._sockets = sockets
        self._held: list[tuple[str, Any]] = []
        self._queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._flows = asyncio.Event()
        self._flows.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._pump())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def put(self, topic: str, frame: Any) -> None:
        """Queue a frame for whoever listens to the topic when its turn comes."""
        self.policy(self)
        if self.stalled:
            return
        if self.drop_next > 0:
            self.drop_next -= 1
            return
        if self.hold_next > 0:
            self._held.append((topic, frame))
            if len(self._held) >= self.hold_next:
                self.let_go()
            return
        self._queue.put_nowait((topic, frame))
        if self.repeat_next > 0:
            self.repeat_next -= 1
            self._queue.put_nowait((topic, frame))

    def let_go(self) -> None:
        """Send what `hold_next` kept, the newest first, and keep no more."""
        held, self._held, self.hold_next = self._held, [], 0
        for entry in reversed(held):
            self._queue.put_nowait(entry)

    def pause(self) -> None:
        self._flows.clear()

    def resume(self) -> None:
        self._flows.set()

    def kill(self) -> None:
        """Cut every socket of the account without a goodbye."""
        for socket in list(self._sockets()):
            if socket.transport is not None:
                socket.transport.abort()

    async def drained(self) -> None:
        """Wait until every frame so far has gone out; those that are held do not count."""
        await self._queue.join()

    async def _pump(self) -> None:
        while True:
            topic, frame = await self._queue.get()
            await self._flows.wait()
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            self.sent.append(frame)
            text = json.dumps(frame, separators=(",", ":"))
            for socket in list(self._sockets()):
                if topic in socket.topics:
                    await socket.send(text)
            self._queue.task_done()

"""Reading a deck stream in a test: everything that came, and waiting for what should come."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from cockpit.client.link import LinkChange
from cockpit.client.stream import EngineStream
from cockpit.domain.stream import Frame, Hello, LogFrame
from tests.patience import patient_s

WITHIN_S = patient_s(10.0)


class Listening:
    """Collects a stream's frames, but for snapshots of which only the count is kept."""

    def __init__(self) -> None:
        self.seen: list[Frame | LinkChange] = []
        self._grown = asyncio.Event()

    async def read(self, frames: AsyncIterator[Frame | LinkChange]) -> None:
        async for frame in frames:
            self.seen.append(frame)
            self._grown.set()

    @property
    def links(self) -> list[bool]:
        return [frame.connected for frame in self.seen if isinstance(frame, LinkChange)]

    @property
    def details(self) -> list[str]:
        return [frame.detail for frame in self.seen if isinstance(frame, LinkChange) and not frame.connected]

    @property
    def hellos(self) -> list[Hello]:
        return [frame for frame in self.seen if isinstance(frame, Hello)]

    @property
    def seqs(self) -> list[int]:
        return [frame.seq for frame in self.seen if isinstance(frame, LogFrame)]

    async def until(self, is_there: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not is_there():
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            kinds = [type(frame).__name__ for frame in self.seen[-20:]]
            raise AssertionError(f"expected {what} within {WITHIN_S:g} s, was {kinds} {self.details}") from None


@asynccontextmanager
async def listening(stream: EngineStream) -> AsyncIterator[Listening]:
    """Read a stream in the background; what it raises comes out at the end."""
    heard = Listening()
    frames = cast(AsyncGenerator[Frame | LinkChange], stream.frames())
    task = asyncio.create_task(heard.read(frames))
    try:
        yield heard
    finally:
        task.cancel()
        results = await asyncio.gather(task, return_exceptions=True)
        await frames.aclose()
    if not isinstance(results[0], asyncio.CancelledError):
        raise results[0]  # type: ignore[misc]

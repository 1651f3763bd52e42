"""An engine over its API, as a screen needs it: commands by HTTP, frames by WebSocket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import cast

from cockpit.client.address import Address
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http import EngineClient
from cockpit.client.link import LinkChange
from cockpit.client.stream import EngineStream
from cockpit.domain.stream import Frame, Hello, SnapshotFrame


class LiveLink(EngineClient):
    """The engine's API, with its stream at `hz` snapshots and markets in detail a second.

    It resumes where it ended when asked again.
    """

    def __init__(self, address: Address, hz: float, by: str = "screen") -> None:
        super().__init__(address, by)
        self._stream = EngineStream(address, hz, detail=True)

    async def frames(self) -> AsyncGenerator[Frame | LinkChange, None]:
        """Frames for ever, reconnecting by itself."""
        rehearsal: asyncio.Task[None] | None = None
        stream = cast("AsyncGenerator[Frame | LinkChange, None]", self._stream.frames())
        try:
            async with aclosing(stream) as frames:
                async for frame in frames:
                    if rehearsal is None and isinstance(frame, Hello):
                        rehearsal = asyncio.create_task(self._rehearse())
                    if isinstance(frame, Hello | SnapshotFrame):
                        self._clock.set(frame.process.wall_ns)
                    yield frame
        finally:
            if rehearsal is not None:
                rehearsal.cancel()

    async def _rehearse(self) -> None:
        """One harmless call: the first is the slowest by far, and must not be the flatten key's."""
        with suppress(EngineRefused, EngineUnreachable):
            await self.process()

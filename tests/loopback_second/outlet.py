"""The way out of a private stream: messages may be lost, held, sent late, twice, in another order, or broken.

Each socket has one writer, so what is not tampered with arrives in the order the venue said it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from aiohttp import web

Wants = Callable[[str], bool]


class Line:
    """One socket and its writer."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.topics: set[str] = set()
        self.logged_in = False
        self.received_s = 0.0
        self.path = ""
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, message: str) -> None:
        self._queue.put_nowait(message)

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await self.socket.send_str(await self._queue.get())

    async def close(self, code: int = 1001) -> None:
        self._writer.cancel()
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self.socket.close(code=code)

    @property
    def transport(self) -> Any:
        return self.socket._req.transport if self.socket._req is not None else None

    def abort(self) -> None:
        """No closing frame: the line is simply dead."""
        self._writer.cancel()
        if self.transport is not None:
            self.transport.abort()

    def stop(self) -> None:
        self._writer.cancel()


class Outlet:
    """All lines of one stream, and what is done to its messages. `loses` decides per message."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.on_received: Callable[[str | None], None] = lambda message: None
        """Told of what clients say, and with None of a line that came or went."""
        self.is_mute = False
        self.delay_s = 0.0
        self.copies = 1
        self.shuffle = 0
        self.loses: Wants = lambda message: False
        self.breaks: Wants = lambda message: False
        self.sent: list[str] = []
        self.lost: list[str] = []
        self._held: list[tuple[str, str]] = []
        self._window: list[tuple[str, str]] = []
        self.is_held = False

    def calm(self) -> None:
        """From here on nothing is done to messages; what was held goes out now."""
        self.is_mute, self.delay_s, self.copies, self.shuffle = False, 0.0, 1, 0
        self.loses = self.breaks = lambda message: False
        self.release()
        self._flush()

    def hold(self) -> None:
        """Messages wait until `release`."""
        self.is_held = True

    def release(self) -> None:
        self.is_held = False
        held, self._held = self._held, []
        for topic, message in held:
            self._out(topic, message)

    def push(self, topic: str, message: str) -> None:
        """To every line that has the topic."""
        if self.is_mute or self.loses(message):
            self.lost.append(message)
        elif self.is_held:
            self._held.append((topic, message))
        elif self.shuffle > 1:
            self._window.append((topic, message))
            if len(self._window) >= self.shuffle:
                self._flush()
        elif self.delay_s:
            asyncio.get_running_loop().call_later(self.delay_s, self._out, topic, message)
        else:
            self._out(topic, message)

    def _flush(self) -> None:
        window, self._window = self._window, []
        for topic, message in reversed(window):
            self._out(topic, message)

    def _out(self, topic: str, message: str) -> None:
        text = message[: len(message) // 2] if self.breaks(message) else message
        for line in list(self.lines):
            if topic in line.topics:
                for _ in range(self.copies):
                    line.send(text)
        self.sent.append(text)

    def join(self, line: Line, path: str) -> None:
        line.path = path
        self.lines.append(line)
        self.on_received(None)

    def leave(self, line: Line) -> None:
        line.stop()
        if line in self.lines:
            self.lines.remove(line)
        self.on_received(None)

    async def drop(self, code: int = 1006) -> None:
        """Every line breaks; 1006 means without a closing frame."""
        lines, self.lines = self.lines, []
        for line in lines:
            if code == 1006:
                line.abort()
            else:
                await line.close(code)

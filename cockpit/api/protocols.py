"""Connections that let go: idle ones, and WebSockets whose peer no longer reads. A thin layer over uvicorn's own."""

import asyncio
import contextlib
from collections.abc import Generator, Sequence
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

IDLE_S = 15.0
LINGER_S = 2.0
BUFFER_BYTES = 64 * 1024
CONNECTION = "cockpit.connection"
"""The scope extension under which a WebSocket's handler finds its `DroppableSocket`."""


class QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone: the engine decides what a signal means."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield

    def cut(self) -> None:
        """Let go of every connection still there, read or not."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class PromptHttp(H11Protocol):
    """HTTP that does not wait for ever for a first request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection; it has a while to say what it wants."""
        super().connection_made(transport)
        self.loop.call_later(IDLE_S, self._end_if_idle)

    def _end_if_idle(self) -> None:
        is_first = self.transport.get_protocol() is self and getattr(self, "cycle", None) is None
        if is_first and not self.transport.is_closing():
            self.transport.abort()


class DroppableSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is gone soon after its handler has ended, whatever its peer reads."""

    def handle_connect(self, event: Request) -> None:
        """Offer itself to the handler, which has not run yet."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            cast(dict[str, Any], scope["extensions"])[CONNECTION] = self
        self.transport.set_write_buffer_limits(high=BUFFER_BYTES)

    @property
    def has_capacity(self) -> bool:
        """Whether little enough waits to be sent; a connection that is gone has room, so that sending notices."""
        return self.disconnected or self.writable.is_set()

    def send_now(self, messages: Sequence[str | bytes]) -> None:
        """Send several messages in one write: what costs is the write, not the message.

        Raises `ConnectionError` when nobody is there any more.
        """
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ConnectionResetError("the client is gone")
        for message in messages:
            if isinstance(message, str):
                self.conn.send_text(message.encode())
            else:
                self.conn.send_binary(message)
        self.transport.write(b"".join(self.conn.data_to_send()))

    def drop(self, code: int, reason: str) -> None:
        """Put a close behind what still waits to be sent, and let go."""
        if self.disconnected or self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True

    async def run_asgi(self) -> None:
        """Run the handler; then its connection has a moment left to be closed in order."""
        await super().run_asgi()
        if self.disconnected:
            return
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGER_S, self._cut)

    def _cut(self) -> None:
        if not self.disconnected:
            self.transport.abort()

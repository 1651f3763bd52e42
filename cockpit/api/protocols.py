"""Connections that let go: idle ones, and WebSockets whose peer no longer reads. A thin layer over uvicorn's own."""

import asyncio
import contextlib
import socket
from collections.abc import Generator, Sequence
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from cockpit.api.acceptor import Acceptor
from cockpit.api.arrivals import ARRIVED_NS, Arrivals, Clock
from cockpit.exchanges.base.steady_clock import running_ns

IDLE_S = 15.0
LINGER_S = 2.0
BUFFER_BYTES = 64 * 1024
HTTP_CONNECTION = "cockpit.http_connection"
CONNECTION = "cockpit.connection"
"""The scope extension under which a WebSocket's handler finds its `DroppableSocket`."""


class QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone: the engine decides what a signal means.

    It holds at most `most` connections; `polled` as `Arrivals`, `with_spare` as `Acceptor` has it.
    """

    def __init__(self, config: uvicorn.Config, most: int, polled: Clock, *, with_spare: bool) -> None:
        super().__init__(config)
        self._most = most
        self._polled = polled
        self._with_spare = with_spare

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections in ourselves; uvicorn serves them."""
        await self.lifespan.startup()
        acceptors = [
            Acceptor(
                listening, self._protocol, lambda: len(self.server_state.connections), self._make_way, self._most,
                Arrivals(self._polled, running_ns()), with_spare=self._with_spare,
            )
            for listening in sockets or []
        ]  # fmt: skip
        self.servers = cast(list[asyncio.base_events.Server], acceptors)  # all that is asked of one is to close
        for acceptor in acceptors:
            acceptor.start()
        self.started = True

    def _protocol(self, since_ns: int) -> asyncio.Protocol:
        protocol = PromptHttp(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        protocol.arrivals = Arrivals(self._polled, since_ns)
        return protocol

    def _make_way(self) -> bool:
        """Close a connection: the longest silent of those that were never let in, else of those that ask nothing."""
        http = [each for each in self.server_state.connections if isinstance(each, PromptHttp)]
        unproven = [each for each in http if not each.was_let_in]
        chosen = min(
            unproven or [each for each in http if each.is_waiting], key=lambda each: each.since_s, default=None
        )
        if chosen is None:
            return False
        chosen.transport.abort()
        self.server_state.connections.discard(chosen)
        return True

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield

    def cut(self) -> None:
        """Let go of every connection still there, read or not."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class PromptHttp(H11Protocol):
    """HTTP that does not wait for ever for a request, be it the first or a later one.

    `was_let_in` is the guard's word that a call of this connection was welcome; `since_s` is when it last had one, or
    was made; `arrived_ns` when the newest call came, at the earliest.
    """

    arrivals: Arrivals
    was_let_in = False
    since_s = 0.0
    arrived_ns = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection; it has a while to say what it wants."""
        super().connection_made(transport)
        self.since_s = self.loop.time()
        self.app = _introduced(self.app, self)
        self.arrivals.read_on()
        self.loop.call_later(IDLE_S, self._end_if_idle)

    def data_received(self, data: bytes) -> None:
        """What comes while a call is being answered came no later than that call's own rest."""
        if self.is_waiting:
            self.arrived_ns = self.arrivals.earliest_ns()
        super().data_received(data)

    @property
    def is_waiting(self) -> bool:
        """Whether no whole request is under way."""
        cycle = getattr(self, "cycle", None)
        return cycle is None or cycle.response_complete

    def on_response_complete(self) -> None:
        """The next request has as long as the first had."""
        self.since_s = self.loop.time()
        if self.flow.read_paused:
            self.arrivals.more_waits(self.arrived_ns)
        super().on_response_complete()

    def _end_if_idle(self) -> None:
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        left_s = IDLE_S - (self.loop.time() - self.since_s) if self.is_waiting else IDLE_S
        if left_s <= 0:
            self.transport.abort()
        else:
            self.loop.call_later(left_s, self._end_if_idle)


def _introduced(app: Any, connection: PromptHttp) -> Any:
    """The app, told on which connection a call came."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        ARRIVED_NS.set(connection.arrived_ns)
        scope.setdefault("extensions", {})[HTTP_CONNECTION] = connection
        await app(scope, receive, send)

    return call


def let_in(scope: Any) -> None:
    """A call of this connection was welcome: it is not the first to give way."""
    connection = scope.get("extensions", {}).get(HTTP_CONNECTION)
    if isinstance(connection, PromptHttp):
        connection.was_let_in = True


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

"""One WebSocket client: what it sends is bounded in rate, what it is sent is pumped, and a slow one is let go."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from cockpit.api.buckets import Bucket
from cockpit.api.context import ApiContext
from cockpit.api.guard import DEFECT
from cockpit.api.protocols import CONNECTION, DroppableSocket
from cockpit.api.pump import Poll
from cockpit.api.socket_close import INTERNAL, NORMAL, POLICY, TRY_LATER, SocketClose
from cockpit.api.ticket import TICKET, Ticket

LOG = logging.getLogger("cockpit.api")
CLOSE_WITHIN_S = 1.0

Listen = Callable[[], Awaitable[None]]
Greet = Callable[["WsClient"], Awaitable[tuple[Listen, Poll]]]


class WsClient:
    """A client of one of the WebSockets; `name` is the socket's, for the counts."""

    def __init__(self, websocket: WebSocket, context: ApiContext, name: str) -> None:
        self._websocket = websocket
        self._context = context
        self._name = name
        self._connection: DroppableSocket = websocket.scope["extensions"][CONNECTION]
        self._ticket: Ticket = websocket.scope["state"][TICKET]
        self._messages = Bucket(context.limits.messages_per_s, context.limits.messages_burst, monotonic)

    async def serve(self, greet: Greet) -> None:
        """Accept, let `greet` welcome and say how to listen and what to send, until either ends."""
        await self._websocket.accept()
        self._context.counters.clients[self._name] += 1
        try:
            listen, poll = await greet(self)
            await _first_of(listen(), self._context.pump.feed(self._connection, poll))
        except SocketClose as ending:
            await self._close(ending)
        except (WebSocketDisconnect, ConnectionError):
            pass
        except Exception:
            LOG.exception("defect on %s", self._name, extra={"call": self._ticket.call.as_dict()})
            await self._close(SocketClose(INTERNAL, DEFECT))
        finally:
            self._context.counters.clients[self._name] -= 1

    async def first(self) -> str | bytes:
        """The first message, which must come soon."""
        within_s = self._context.limits.first_message_within_s
        try:
            async with asyncio.timeout(within_s):
                return await self.receive()
        except TimeoutError:
            raise SocketClose(POLICY, f"expected a first message within {within_s:g} s, was none") from None

    async def receive(self) -> str | bytes:
        """The next message. Raises `WebSocketDisconnect` when the client is gone, `SocketClose` when it sends much."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", NORMAL))
        if self._messages.take() > 0:
            rate = self._context.limits.messages_per_s
            raise SocketClose(POLICY, f"expected at most {rate:g} messages a second, was more")
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    def send(self, *messages: str | bytes) -> None:
        """Send a greeting at once; everything later goes through the pump."""
        self._connection.send_now(messages)

    def admit(self, token: str) -> None:
        """Take the token, or a source's key, of a first message.

        Raises `SocketClose` where one is needed and this is none, or where the source's scopes do not reach here.
        """
        against = self._ticket.show(token) if token else None
        if against is not None:
            raise SocketClose(POLICY, against)
        self.check_welcome()

    @property
    def is_welcome(self) -> bool:
        """Whether it may stay without showing anything more."""
        return self._ticket.refusal is None

    def check_welcome(self) -> None:
        """Raise `SocketClose` when the client may not stay (any more): a climb from paper asks for the token."""
        against = self._ticket.refusal
        if against is not None:
            raise SocketClose(POLICY, against)

    async def _close(self, ending: SocketClose) -> None:
        """Close in order. To a client that does not read it is put behind what waits, and the connection is cut."""
        if ending.code == TRY_LATER:
            self._context.counters.dropped[self._name, "slow"] += 1
            LOG.warning("dropped a slow client of %s", self._name, extra={"call": self._ticket.call.as_dict()})
            self._connection.drop(ending.code, ending.reason)
            return
        if ending.code == POLICY:
            self._context.counters.dropped[self._name, "policy"] += 1
            self._context.log.refuse("websocket", ending.code, self._ticket.call, ending.reason)
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._websocket.close(ending.code, ending.reason)
        except (TimeoutError, RuntimeError, ConnectionError, WebSocketDisconnect):
            LOG.info("a client of %s was gone before it was closed", self._name)


async def _first_of(*works: Awaitable[None]) -> None:
    """Run all; when the first ends, however, cancel the others and go the way it went."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""Rounds over every WebSocket client, a little in each turn of the loop: no crowd delays the engine's next event.

A client is looked after without waiting for it: what it cannot take now it gets (newer) later, and one that takes
nothing for too long is let go.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from time import monotonic, perf_counter

from cockpit.api.protocols import DroppableSocket
from cockpit.api.socket_close import TRY_LATER, SocketClose

ROUND_EVERY_S = 0.05
TURN_S = 0.00025
"""How long the pump works before it lets the engine go on."""

Messages = Sequence[str | bytes]
Poll = Callable[[float], Messages]
"""What a client is to be sent at this moment of the monotonic clock; may raise `SocketClose`."""


def next_beat_s(now_s: float, every_s: float) -> float:
    """When those who want something `every_s` get it next: all together, so that it is made once for all of them."""
    return (math.floor(now_s / every_s) + 1) * every_s


class _Client:
    __slots__ = ("blocked_since_s", "connection", "ended", "poll")

    def __init__(self, connection: DroppableSocket, poll: Poll, ended: "asyncio.Future[None]") -> None:
        self.connection = connection
        self.poll = poll
        self.ended = ended
        self.blocked_since_s: float | None = None

    def end(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)


class Pump:
    """Run it as a worker; clients come and go. `patience_s` is how long a client may take nothing."""

    def __init__(self, patience_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._clients: dict[int, _Client] = {}

    async def feed(self, connection: DroppableSocket, poll: Poll) -> None:
        """Send this client what `look` finds, until it ends: by the `SocketClose` it raised, or a `ConnectionError`."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        client = _Client(connection, poll, ended)
        self._clients[id(client)] = client
        try:
            await ended
        finally:
            del self._clients[id(client)]

    async def run(self) -> None:
        """Go round, for ever."""
        while True:
            began_s = self._clock()
            turn_ends_s = perf_counter() + TURN_S
            for _ in self.steps():
                if perf_counter() > turn_ends_s:
                    await asyncio.sleep(0)
                    turn_ends_s = perf_counter() + TURN_S
            await asyncio.sleep(max(0.0, began_s + ROUND_EVERY_S - self._clock()))

    def steps(self) -> Iterator[None]:
        """One round, a step for each client."""
        for client in list(self._clients.values()):
            self._serve(client)
            yield

    def _serve(self, client: _Client) -> None:
        """Look after one client; whatever goes wrong is its own end alone."""
        now_s = self._clock()
        try:
            if client.connection.has_capacity:
                client.blocked_since_s = None
                messages = client.poll(now_s)
                if messages:
                    client.connection.send_now(messages)
            elif client.blocked_since_s is None:
                client.blocked_since_s = now_s
            elif now_s - client.blocked_since_s > self._patience_s:
                raise SocketClose(TRY_LATER, f"expected to be read within {self._patience_s:g} s, was not")
        except Exception as error:
            client.end(error)

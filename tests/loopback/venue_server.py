"""An exchange on 127.0.0.1: HTTP and WebSocket on one port, and every fault a real one shows at the flick of a switch.

What a venue says is its own file's business; this one knows sockets, subscriptions and faults.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web


@dataclass
class Refusal:
    """The next answer to a path: a status with headers and body, a body cut off half way, or none at all."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    truncated: bool = False
    hangs: bool = False


class Socket:
    """One client's WebSocket: what it subscribed to, and whether it is stalled."""

    def __init__(self, path: str, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.path = path
        self.topics: set[str] = set()
        self.ws = ws
        self.transport = transport

    async def send(self, text: str) -> None:
        """Send, unless the client is gone."""
        try:
            await self.ws.send_str(text)
        except (ConnectionError, RuntimeError):
            self.topics.clear()


class VenueServer:
    """Start it with `async with`; `rest_url` and `ws_url` say where it is.

    Faults: `refuse(path, Refusal(...))`, `kill()` every socket without a goodbye, `stalled` (open but silent),
    `drop(topic)` (subscribed in the client's eyes only), `twice` (every frame is sent twice), `delay_s`.
    """

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.received: list[Any] = []
        self.connections = 0
        self.callers: set[object] = set()
        """The connections over which it was called, by their other ends."""
        self.stalled = False
        self.twice = False
        self.delay_s = 0.0
        self.headers: dict[str, str] = {}
        self._refusals: dict[str, deque[Refusal]] = {}
        self._dropped: set[str] = set()
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Any:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._any)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()
        if self._runner is not None:
            await self._runner.cleanup()

    async def go_down(self) -> None:
        """Stop listening and cut every connection; `come_back` listens on the same port again."""
        await self.__aexit__()

    async def come_back(self) -> None:
        """Listen again."""
        await self.__aenter__()

    @property
    def rest_url(self) -> str:
        """Where its HTTP is."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        """Where its WebSockets are."""
        return f"ws://127.0.0.1:{self._port}"

    # -- faults

    def refuse(self, path: str, *refusals: Refusal) -> None:
        """Answer the next calls of `path` like this, one each; after them it answers as usual."""
        self._refusals.setdefault(path, deque()).extend(refusals)

    def forgive(self, path: str) -> None:
        """Answer every call of `path` as usual again."""
        self._refusals.pop(path, None)

    def kill(self) -> None:
        """Cut every socket without a closing handshake."""
        for socket in self.sockets:
            if socket.transport is not None:
                socket.transport.abort()
        self.sockets.clear()

    async def hang_up(self) -> None:
        """Close every socket politely, as a venue does every 24 hours."""
        for socket in list(self.sockets):
            await socket.ws.close(code=WSCloseCode.GOING_AWAY)

    def drop(self, topic: str) -> None:
        """Forget a subscription without a word; a new one to the same topic works."""
        for socket in self.sockets:
            socket.topics.discard(topic)

    # -- what is sent

    async def push(self, topic: str, *frames: Any) -> int:
        """Send frames (JSON or text) to everybody subscribed to the topic; says to how many sockets."""
        if self.stalled:
            return 0
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        reached = [socket for socket in self.sockets if topic in socket.topics]
        for socket in reached:
            for frame in frames:
                text = frame if isinstance(frame, str) else json.dumps(frame, separators=(",", ":"))
                for _ in range(2 if self.twice else 1):
                    await socket.send(text)
        return len(reached)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something a client does makes it hold; looked at after each of its requests and frames."""
        async with self._changed:
            await self._changed.wait_for(holds)

    async def until_subscribed(self, *topics: str) -> None:
        """Wait until every topic has a subscriber."""
        await self.until(lambda: all(any(topic in socket.topics for socket in self.sockets) for topic in topics))

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries of every call of that path so far."""
        return [query for asked, query in self.requests if asked == path]

    # -- what a venue fills in

    async def on_request(self, method: str, path: str, query: dict[str, str], body: str) -> web.Response:
        """Answer an HTTP request."""
        raise NotImplementedError

    async def answer(self, request: web.Request, query: dict[str, str], body: str) -> web.StreamResponse:
        """Answer an HTTP request whose headers, or whose connection, matter."""
        return await self.on_request(request.method, request.path, query, body)

    async def on_frame(self, socket: Socket, frame: Any) -> None:
        """A client sent a frame: JSON where it is JSON, else text."""
        raise NotImplementedError

    def on_open(self, socket: Socket, query: dict[str, str]) -> None:
        """A client opened a socket."""

    # -- aiohttp

    async def _any(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        query = dict(request.query)
        if request.transport is not None:
            self.callers.add(request.transport.get_extra_info("peername"))
        body = await request.text()
        await self._note(lambda: self.requests.append((request.path, query)))
        refusals = self._refusals.get(request.path)
        if refusals:
            refused = await self._refused(request, refusals.popleft())
            if refused is not None:
                return refused
        response = await self.answer(request, query, body)
        if not response.prepared:
            response.headers.update(self.headers)
        return response

    async def _refused(self, request: web.Request, refusal: Refusal) -> web.StreamResponse | None:
        if refusal.hangs:
            await asyncio.Event().wait()
        if refusal.truncated:
            response = web.StreamResponse(status=200, headers={"Content-Length": "1000"})
            response.content_type = "application/json"
            await response.prepare(request)
            await response.write(b'{"symbol":"BTCUSDT","mark')
            if request.transport is not None:
                request.transport.close()
            return response
        return web.json_response(refusal.body, status=refusal.status, headers=dict(refusal.headers))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        socket = Socket(request.path, ws, request.transport)

        def open_it() -> None:
            self.connections += 1
            self.sockets.append(socket)
            self.on_open(socket, dict(request.query))

        await self._note(open_it)
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    frame = _parsed(message.data)
                    self.received.append(frame)
                    await self.on_frame(socket, frame)
                    await self._note(lambda: None)
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
        return ws

    async def _note(self, change: Callable[[], None]) -> None:
        async with self._changed:
            change()
            self._changed.notify_all()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

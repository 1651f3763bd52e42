"""The server under both second venues: one port on 127.0.0.1 for REST and WebSockets, faults in front of all."""

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from tests.loopback_second.clock import Clock
from tests.loopback_second.faults import Answer, Call, Fault, Faults, deliver


class Site:
    """A venue subclasses this: `answer` for REST, `opened`, `heard`, `closed` for WebSockets."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.is_down = False
        self.refuses_sockets = False
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._sockets: set[web.WebSocketResponse] = set()
        self._transports: set[Any] = set()

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        listener = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await listener.start()
        server = listener._server
        assert isinstance(server, asyncio.Server)
        self._port = server.sockets[0].getsockname()[1]
        self._tasks = [asyncio.create_task(work) for work in self.work()]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for socket in list(self._sockets):
            with contextlib.suppress(ConnectionError, RuntimeError):
                await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> "Site":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def cut_all(self) -> None:
        """Every WebSocket breaks without a closing frame."""
        for transport in list(self._transports):
            if transport is not None:
                transport.abort()

    def work(self) -> list[object]:
        """Coroutines that run while the site is up."""
        return []

    def answer(self, call: Call) -> Answer:
        raise NotImplementedError

    async def serve_socket(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        raise NotImplementedError

    def calls_to(self, path: str, method: str = "") -> list[Call]:
        return [call for call in self.calls if call.path.endswith(path) and method in ("", call.method)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        call = self._call(request, (await request.read()).decode())
        self.calls.append(call)
        fault = self.faults.take(call)
        answer = await asyncio.shield(asyncio.create_task(self._carried_out(call, fault)))
        if fault is not None and fault.wait_after_s:
            await asyncio.sleep(fault.wait_after_s)
        return await deliver(request, answer, fault)

    async def _carried_out(self, call: Call, fault: Fault | None) -> Answer:
        """What has begun is finished, whether the client still waits or not."""
        if fault is not None and fault.wait_before_s:
            await asyncio.sleep(fault.wait_before_s)
        if fault is not None and not fault.executes:
            return Answer(200, b"{}")
        return self.answer(call)

    def _call(self, request: web.Request, body: str) -> Call:
        params = dict(parse_qsl(request.query_string, keep_blank_values=True))
        if body.startswith(("{", "[")):
            parsed = json.loads(body)
            first = (parsed[0] if parsed else {}) if isinstance(parsed, list) else parsed
            params |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in first.items()}
        elif body:
            params |= dict(parse_qsl(body, keep_blank_values=True))
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = request.rel_url.raw_query_string
        return Call(request.method, request.path, params, headers, self.clock.mono_s(), body, query)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuses_sockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False, max_msg_size=0)
        await socket.prepare(request)
        self._sockets.add(socket)
        self._transports.add(request.transport)
        try:
            await self.serve_socket(request, socket)
        finally:
            self._sockets.discard(socket)
            self._transports.discard(request.transport)
        return socket


async def texts(socket: web.WebSocketResponse):  # type: ignore[no-untyped-def]
    """The text frames of a socket until it closes."""
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            yield message.data

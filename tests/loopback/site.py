"""An HTTP server on loopback that answers what a test tells it to, faults included, and remembers what it was asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Reply:
    """One answer. `fault` is "" or how it goes wrong: abort (connection cut before a byte), truncate (cut in the
    middle of the body), stall (never answered)."""

    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def data(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Asked], Reply | Awaitable[Reply]]


class LoopbackSite:
    """`answer` makes the reply to each request; replace it to change what the site does."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._ended = asyncio.Event()
        self._port = 0

    async def __aenter__(self) -> "LoopbackSite":
        await self.start()
        return self

    async def start(self) -> None:
        """There (again), at the address it had before if it had one."""
        self._ended.clear()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        host, self._port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{self._port}"

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Gone: nobody listens there any more. Requests that stall are let go."""
        self._ended.set()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.asked.append(asked)
        made = self.answer(asked)
        reply = made if isinstance(made, Reply) else await made
        if reply.fault == "stall":
            await self._ended.wait()
        if reply.fault in ("abort", "stall"):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        headers = {"Content-Type": "application/json", **reply.headers}
        if reply.fault == "truncate":
            return await _truncated(request, reply, headers)
        return web.Response(body=reply.data, status=reply.status, headers=headers)


async def _truncated(request: web.Request, reply: Reply, headers: Mapping[str, str]) -> web.StreamResponse:
    """Half of the body under the whole body's length, then the connection is cut."""
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.data)
    await response.prepare(request)
    await response.write(reply.data[: len(reply.data) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


class Script:
    """Replies in order; the last one again and again."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def __call__(self, asked: Asked) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

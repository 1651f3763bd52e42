"""The MCP server on the API's own port, made when it is first asked for: an engine nobody asks pays nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from cockpit.client.http import EngineClient

PATH = "/mcp"
INSIDE = "http://localhost"
MISSING = "expected the extra [mcp] to be installed, was not: pip install 'cockpit-perps[mcp]'"
BODY_BYTES = 64 * 1024
REHEARSED = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    b'"clientInfo":{"name":"rehearsal","version":"1"}}}',
    b'{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}',
)

_authorization: ContextVar[str] = ContextVar("authorization", default="")


class McpMount:
    """An ASGI app. Each call is answered by itself, without a session, with the caller's own token.

    Its tools make calls of the API through `app`, the guarded one, where scopes and limits are held.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._handle: ASGIApp | None = None
        self._failure = ""

    async def run(self) -> None:
        """Serve for as long as the engine runs; nothing is imported before the first call."""
        await self._wanted.wait()
        try:
            manager = await asyncio.to_thread(self._made)
        except ImportError:
            self._failure = MISSING
            self._ready.set()
            return
        async with manager.run():
            self._handle = manager.handle_request
            self._ready.set()
            await asyncio.Event().wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        self._wanted.set()
        await self._ready.wait()
        if self._handle is None:
            body = b'{"detail":{"error":"extra","reason":"%s"}}' % self._failure.encode()
            await send(
                {"type": "http.response.start", "status": 501, "headers": [(b"content-type", b"application/json")]}
            )
            await send({"type": "http.response.body", "body": body})
            return
        _authorization.set(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
        await self._handle(scope, receive, send)

    def _made(self) -> Any:
        """Beside the loop: importing it and reading its types take a second. Raises `ImportError` without the extra."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from cockpit.mcp.server import build_server

        server = build_server(self._client)._lowlevel_server

        def manager() -> Any:
            return StreamableHTTPSessionManager(
                server, json_response=True, stateless=True, max_request_body_size=BODY_BYTES
            )

        asyncio.run(_rehearse(manager()))
        return manager()

    @asynccontextmanager
    async def _client(self, _: Any) -> AsyncGenerator["EngineClient", None]:
        """A client that calls the guarded app as whoever made this call."""
        import httpx

        from cockpit.client.address import Address
        from cockpit.client.http import EngineClient

        token = _authorization.get().partition(" ")[2].strip()
        transport = httpx.ASGITransport(app=self._app)
        async with EngineClient(Address(url=INSIDE, token=token), "mcp", transport=transport, holds=False) as client:
            yield client


async def _rehearse(manager: Any) -> None:
    """Answer a greeting and a listing once on a loop of their own: what the SDK loads only when it is used is loaded
    there, where the engine does not wait for it.
    """
    async with manager.run():
        for body in REHEARSED:
            scope = {
                **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": PATH},
                **{"raw_path": PATH.encode(), "query_string": b"", "root_path": "", "scheme": "http"},
                "headers": [
                    (b"host", b"localhost"),
                    (b"content-type", b"application/json"),
                    (b"accept", b"application/json, text/event-stream"),
                ],
            }

            async def receive(body: bytes = body) -> dict[str, Any]:
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(_: Any) -> None:
                """Nobody reads it."""

            await manager.handle_request(scope, receive, send)

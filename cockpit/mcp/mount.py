"""The MCP server on the API's own port, made when it is first asked for: an engine nobody asks pays nothing."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cockpit.client.answers import one_line

if TYPE_CHECKING:
    from cockpit.client.http import EngineClient
    from cockpit.client.http_call import Ask

PATH = "/mcp"
INSIDE = "http://localhost"
MISSING = "expected the extra [mcp] to be installed, was not: pip install 'cockpit-perps[mcp]'"
BODY_BYTES = 64 * 1024
LONGEST_REASON = 500
MADE_ANEW = (b"content-length", b"content-type")
WARM_UP_BODIES = (
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
        """Answer one call. There is no session, so there is nothing to listen to with GET or to end with DELETE."""
        if scope["method"] != "POST":
            sentence = f"expected POST, was {scope['method']}: there is no session here"
            await _refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, "method", sentence, (b"allow", b"POST"))
            return
        self._wanted.set()
        await self._ready.wait()
        if self._handle is None:
            await _refuse(send, HTTPStatus.NOT_IMPLEMENTED, "extra", self._failure)
            return
        _authorization.set(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
        await self._handle(scope, receive, _Explained(send).send)

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
        async with httpx.AsyncClient(transport=transport, base_url=INSIDE, trust_env=False) as within:

            async def call(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
                sized = {} if body is None else {"Content-Type": "application/json"}
                answer = await within.request(method, path, headers={**headers, **sized}, content=body)
                return answer.status_code, answer.content

            ask: Ask = call
            yield EngineClient(Address(url=INSIDE, token=token), "mcp", ask=ask, holds=False)


async def _refuse(send: Send, status: int, error: str, reason: str, *headers: tuple[bytes, bytes]) -> None:
    body = msgspec.json.encode({"detail": {"error": error, "reason": reason}})
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": int(status), "headers": head})
    await send({"type": "http.response.body", "body": body})


class _Explained:
    """The way back: what the SDK refuses gets the `detail` that every refusal of the API has, beside its own error."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._refused: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
            self._refused = message
            return
        if self._refused is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = _with_detail(self._body)
        kept = [pair for pair in self._refused["headers"] if pair[0].lower() not in MADE_ANEW]
        head = [*kept, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await self._send({**self._refused, "headers": head})
        await self._send({"type": "http.response.body", "body": body})


def _with_detail(body: bytes) -> bytes:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError):
        found = None
    told = found["error"] if isinstance(found, dict) and isinstance(found.get("error"), dict) else {}
    reason = one_line(str(told.get("message") or body.decode("utf-8", "replace")))[:LONGEST_REASON]
    rest = found if told else {}
    return msgspec.json.encode({**rest, "detail": {"error": "mcp", "reason": reason or "refused without a word"}})


async def _rehearse(manager: Any) -> None:
    """Answer a greeting and a listing once on a loop of their own: what the SDK loads only when it is used is loaded
    there, where the engine does not wait for it.
    """
    async with manager.run():
        for body in WARM_UP_BODIES:
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

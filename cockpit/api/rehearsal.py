"""The first call of all, made before anybody listens: routes and models are built at the first call, which takes a
quarter of a second of the engine's loop, and the first call may be the one that flattens.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp

UNREADABLE = b"{"
"""No command can be made of it: the call goes all the way to the body, and no further."""


async def rehearse(app: ASGIApp) -> None:
    """Go through everything that a flatten goes through but the engine."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/flatten",
        "raw_path": b"/api/flatten",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(UNREADABLE))],
        "client": None,
        "server": None,
        "state": {},
    }

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": UNREADABLE, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        """Nobody hears the answer."""

    await app(scope, receive, send)

"""Opening a WebSocket to an engine: straight, uncompressed, bounded in size and time."""

from typing import Any

from websockets.asyncio.client import connect

from cockpit.client.address import Address

MAX_FRAME_BYTES = 16 * 1024 * 1024
CLOSE_WITHIN_S = 0.5


class _Straight(connect):
    """Follows no redirect: what we say first may hold the token, and it is for the asked address alone."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def open_websocket(address: Address, path: str, open_within_s: float) -> connect:
    """A connection to be entered with `async with`; entering raises `OSError` or `WebSocketException` where none is."""
    on_socket: dict[str, Any] = {} if address.socket is None else {"unix": True, "path": str(address.socket)}
    return _Straight(
        f"{address.websocket}{path}",
        additional_headers=address.headers,
        max_size=MAX_FRAME_BYTES,
        open_timeout=open_within_s,
        close_timeout=CLOSE_WITHIN_S,
        compression=None,
        proxy=None,
        **on_socket,
    )

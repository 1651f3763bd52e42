"""The library's socket, read by us: each frame's text passes a listener before the library decodes it.

The library reads with a task, a callback and another call for every message, which at the pace of a market costs more
than all that is done with it, and a message that it cannot decode ends its reading without a word.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from cockpit.exchanges.base.masking import error_text

Text = str | bytes
CLOSED_ABNORMALLY = 1006


def tap_sockets(client: Any, takes: Callable[[Text], bool], broke: Callable[[Exception], None]) -> None:
    """From now on every socket that the client opens asks `takes` first: True = the library need not see the frame."""
    open_socket = client.client

    def opened(url: str) -> Any:
        is_new = url not in (client.clients or {})
        socket = open_socket(url)
        if is_new:
            _tap(socket, takes, broke)
        return socket

    client.client = opened


def _tap(socket: Any, takes: Callable[[Text], bool], broke: Callable[[Exception], None]) -> None:
    pass_on = socket.handle_text_or_binary_message

    def tapped(text: Text) -> None:
        try:
            if not takes(text):
                pass_on(text)
        except Exception as error:
            # Text that is no JSON: raised into the socket's own loop it would end all reading.
            broke(error)

    def begin() -> None:
        socket.receiving = asyncio.ensure_future(_receive(socket))

    socket.handle_text_or_binary_message = tapped
    socket.receive_loop = begin


async def _receive(socket: Any) -> None:
    """Hand over every message until the socket is closed; what ends it fails whoever waits for its data."""
    from ccxt.base.errors import NetworkError

    try:
        while not socket.closed():
            socket.handle_message(await socket.receive())
    except Exception as error:
        socket.reject(NetworkError(error_text(error)))
        return
    socket.on_close(CLOSED_ABNORMALLY)

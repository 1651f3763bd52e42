"""One HTTP call to an engine, over a connection of its own: to its Unix socket, or to a URL.

On a connection that was kept the engine may be hanging up in the very moment of a command, which then fails although
the engine is well. What a call says is written and read by h11 and carried by asyncio: a client that can do everything
takes ten times the processor's time to the first byte, and the screen has to hold ten megabytes of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote, urlsplit

import h11

from cockpit.client.address import Address

READ_BYTES = 65_536
AS_IT_IS = "!#$%&'()*+,/:;=?@[]~"
"""What a target may hold; anything else is encoded, whoever wrote it."""
PORTS = {"http": 80, "https": 443}

Ask = Callable[[str, str, Mapping[str, str], bytes | None], Awaitable[tuple[int, bytes]]]
"""Makes a call of a method, a path, headers and a body; the status and the body of its answer."""


class NoAnswer(Exception):
    """What came back is no HTTP, or ended in the middle."""


class AnswerTooLong(Exception):
    """It would not end within the size that an engine's answer may have."""


class OwnConnection:
    """Calls to one address. Raises `OSError` where nobody is, `NoAnswer` or `AnswerTooLong` for what came back."""

    def __init__(self, address: Address, most_bytes: int) -> None:
        self._address = address
        self._most_bytes = most_bytes

    async def __call__(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        parts = urlsplit(self._address.http)
        asked = _asked(method, quote(parts.path + path, safe=AS_IT_IS), {"Host": parts.netloc, **headers}, body)
        reader, writer = await self._opened()
        try:
            connection = h11.Connection(h11.CLIENT)
            writer.write(b"".join(connection.send(event) or b"" for event in asked))
            return await self._answer(connection, reader)
        except h11.ProtocolError as error:
            raise NoAnswer(str(error)) from error
        finally:
            writer.transport.abort()  # all is read, or nothing more is wanted
            await asyncio.sleep(0)  # until the socket is closed: the loop may end with this call

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.socket is not None:
            return await asyncio.open_unix_connection(self._address.socket)
        parts = urlsplit(self._address.http)
        is_secure = parts.scheme == "https"
        try:
            return await asyncio.open_connection(
                parts.hostname, parts.port or PORTS[parts.scheme], ssl=True if is_secure else None
            )
        except UnicodeError as error:
            raise OSError(f"no host can be called {parts.hostname!r}: {error}") from error

    async def _answer(self, connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        status, content = 0, bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(READ_BYTES))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > self._most_bytes:
                    raise AnswerTooLong
            elif isinstance(event, h11.EndOfMessage):
                return status, bytes(content)
            elif not isinstance(event, h11.InformationalResponse):
                raise NoAnswer("the connection was closed without an answer")


def _asked(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> list[h11.Event]:
    """The call, as h11 takes it."""
    sized = {} if body is None else {"Content-Type": "application/json", "Content-Length": str(len(body))}
    known = {**headers, **sized, "Accept-Encoding": "identity", "Connection": "close"}
    begins = h11.Request(method=method, target=target, headers=list(known.items()))
    return [begins, *([] if body is None else [h11.Data(data=body)]), h11.EndOfMessage()]

"""The engine's stream as a client sees it: frames, and the link going and coming back, without a gap in the log."""

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic

import msgspec
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import InvalidStatus, WebSocketException

from cockpit.deck.address import Address
from cockpit.deck.errors import EngineRefused
from cockpit.domain.stream import Frame, Hello, LogFrame, StreamRequest

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 2.0
SILENCE_S = 5.0
MAX_FRAME_BYTES = 16 * 1024 * 1024
REFUSED_CODES = (1008,)
REFUSED_STATUS = (401, 403)


class LinkChange(msgspec.Struct, frozen=True):
    """The link to the engine came (`connected`) or went; `detail` says why it went."""

    connected: bool
    at_s: float
    detail: str = ""


class DeckStream:
    """Reads frames for ever, reconnecting by itself and resuming the log where it ended.

    Raises `EngineRefused` when the engine turns the client away (a wrong token): trying again cannot help.
    """

    def __init__(
        self,
        address: Address,
        hz: float = 4.0,
        clock: Callable[[], float] = monotonic,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._address = address
        self._hz = hz
        self._clock = clock
        self._silence_s = silence_s
        self._epoch = ""
        self._seq = 0
        self._decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)

    async def frames(self) -> AsyncIterator[Frame | LinkChange]:
        """Frames as they come, with a `LinkChange` whenever the link comes or goes."""
        delay_s = FIRST_DELAY_S
        while True:
            try:
                async with self._connection() as connection:
                    await self._ask(connection)
                    yield LinkChange(True, self._clock())
                    delay_s = FIRST_DELAY_S
                    async for frame in self._read(connection):
                        yield frame
            except (OSError, WebSocketException, TimeoutError, msgspec.MsgspecError) as error:
                self._refuse_to_retry(error)
                detail = str(error) or type(error).__name__
                yield LinkChange(False, self._clock(), detail)
            await asyncio.sleep(delay_s)
            delay_s = min(LONGEST_DELAY_S, delay_s * 2)

    def _connection(self) -> connect:
        uri = f"{self._address.websocket}/ws/deck"
        headers = self._address.headers
        if self._address.socket is not None:
            return unix_connect(
                str(self._address.socket), uri, additional_headers=headers, max_size=MAX_FRAME_BYTES, proxy=None
            )
        return connect(uri, additional_headers=headers, max_size=MAX_FRAME_BYTES, proxy=None)

    async def _ask(self, connection: ClientConnection) -> None:
        request = StreamRequest(self._hz, self._seq, self._epoch, self._address.token)
        await connection.send(msgspec.msgpack.encode(request))

    async def _read(self, connection: ClientConnection) -> AsyncIterator[Frame]:
        """Frames of one connection. Silence is a broken link: a live engine sends a snapshot many times a second."""
        while True:
            message = await asyncio.wait_for(connection.recv(), self._silence_s)
            frame = self._decoder.decode(message if isinstance(message, bytes) else message.encode())
            if isinstance(frame, Hello):
                if frame.epoch != self._epoch:
                    self._epoch, self._seq = frame.epoch, 0
            elif isinstance(frame, LogFrame):
                if frame.seq <= self._seq:
                    continue
                self._seq = frame.seq
            yield frame

    @staticmethod
    def _refuse_to_retry(error: Exception) -> None:
        if isinstance(error, InvalidStatus) and error.response.status_code in REFUSED_STATUS:
            raise EngineRefused(
                f"expected the engine to let us in, was HTTP {error.response.status_code}", error.response.status_code
            ) from error
        received = getattr(error, "rcvd", None)
        if received is not None and received.code in REFUSED_CODES:
            raise EngineRefused(received.reason or "turned away", received.code) from error

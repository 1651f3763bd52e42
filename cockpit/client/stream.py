"""The engine's stream as a client sees it: frames, and the link going and coming back, without a gap in the log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus, WebSocketException

from cockpit.client.address import Address
from cockpit.client.answers import JUNK, one_line, reason_of
from cockpit.client.errors import EngineRefused
from cockpit.client.link import LinkChange
from cockpit.client.sockets import open_websocket
from cockpit.domain.stream import PROTOCOL, Frame, Hello, LogFrame, StreamRequest

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 2.0
SILENCE_S = 5.0
PATH = "/ws/stream"
REFUSED_CODES = (1008,)
REFUSED_STATUS = (401, 403)


class LinkBroken(Exception):
    """What came is no engine's stream: this connection is given up, the next one resumes."""


class EngineStream:
    """Reads frames for ever, reconnecting by itself and resuming the log where it ended.

    Raises `EngineRefused` when the engine turns the client away (a wrong token, another protocol): trying again cannot
    help. `silence_s` without a frame is a broken link: a live engine sends a snapshot at least once a second. `clock`
    stamps the link's changes, `sleep` waits between tries. `detail` asks for the markets in detail too.
    """

    def __init__(
        self,
        address: Address,
        hz: float = 4.0,
        clock: Callable[[], float] = monotonic,
        silence_s: float = SILENCE_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        detail: bool = False,
    ) -> None:
        self._address = address
        self._hz = hz
        self._clock = clock
        self._silence_s = silence_s
        self._sleep = sleep
        self._detail = detail
        self._epoch = ""
        self._seq = 0
        self._may_jump = True
        self._decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)

    async def frames(self) -> AsyncIterator[Frame | LinkChange]:
        """Frames as they come, with a `LinkChange` whenever the link comes or goes."""
        delay_s = FIRST_DELAY_S
        while True:
            try:
                async with open_websocket(self._address, PATH, self._silence_s) as connection:
                    await self._ask(connection)
                    hello = await self._greeted(connection)
                    delay_s = FIRST_DELAY_S
                    yield LinkChange(True, self._clock())
                    yield hello
                    while True:
                        frame = await self._next(connection)
                        if self._is_new(frame):
                            yield frame
            except (OSError, WebSocketException, LinkBroken) as error:
                self._refuse_to_retry(error)
                yield LinkChange(False, self._clock(), one_line(str(error)) or type(error).__name__)
            await self._sleep(delay_s)
            delay_s = min(LONGEST_DELAY_S, delay_s * 2)

    async def _ask(self, connection: ClientConnection) -> None:
        request = StreamRequest(self._hz, self._seq, self._epoch, self._address.token, self._detail)
        await connection.send(msgspec.msgpack.encode(request))

    async def _greeted(self, connection: ClientConnection) -> Hello:
        """The engine's first frame; another run than before starts its log anew."""
        hello = await self._next(connection)
        if not isinstance(hello, Hello):
            raise LinkBroken(f"expected a hello first, was a {type(hello).__name__}")
        if hello.protocol != PROTOCOL:
            raise EngineRefused(
                f"expected an engine that speaks protocol {PROTOCOL}, was {hello.protocol} "
                f"(engine {one_line(hello.process.version)}): use the same version on both sides"
            )
        if hello.epoch != self._epoch:
            self._epoch, self._seq, self._may_jump = hello.epoch, 0, True
        else:
            self._may_jump = hello.gap
        return hello

    def _is_new(self, frame: Frame) -> bool:
        """Whether a frame is for the reader. A log entry comes once, and none is left out without the engine's word."""
        if isinstance(frame, Hello):
            raise LinkBroken("expected one hello, was another")
        if not isinstance(frame, LogFrame):
            return True
        if frame.seq <= self._seq:
            return False
        if frame.seq != self._seq + 1 and not self._may_jump:
            raise LinkBroken(f"expected log entry {self._seq + 1}, was {frame.seq}")
        self._seq, self._may_jump = frame.seq, False
        return True

    async def _next(self, connection: ClientConnection) -> Frame:
        try:
            async with asyncio.timeout(self._silence_s):
                message = await connection.recv()
        except TimeoutError:
            raise LinkBroken(f"expected a frame within {self._silence_s:g} s, was silence") from None
        if isinstance(message, str):
            raise LinkBroken("expected a binary frame, was text")
        try:
            return self._decoder.decode(message)
        except JUNK as error:
            raise LinkBroken(f"expected an engine's frame, was something else: {error}") from error

    @staticmethod
    def _refuse_to_retry(error: Exception) -> None:
        if isinstance(error, InvalidStatus) and error.response.status_code in REFUSED_STATUS:
            status = error.response.status_code
            sentence, detail = reason_of(bytes(error.response.body or b""))
            raise EngineRefused(
                sentence or f"expected the engine to let us in, was HTTP {status}", status, detail
            ) from error
        received = getattr(error, "rcvd", None)
        if received is not None and received.code in REFUSED_CODES:
            raise EngineRefused(one_line(received.reason) or "turned away", received.code) from error

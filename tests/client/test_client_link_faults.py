"""Whoever answers in an engine's place can end a connection, never the client; and it is told no secret."""

import asyncio
import contextlib
import http
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listening import listening
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from cockpit.client import sockets
from cockpit.client.address import remote
from cockpit.client.answers import JUNK
from cockpit.client.errors import EngineRefused
from cockpit.client.stream import EngineStream
from cockpit.domain.actions import Notice
from cockpit.domain.stream import PROTOCOL, Frame, Hello, LogFrame, ProcessView, StreamRequest
from cockpit.domain.wire import encode
from tests.patience import patient_s

PROCESS = ProcessView(1, "0.1", "sim", 1.0, 1.0, (), (), 0, 0, 0, "", True, 0, "", "", "", None)
TOKEN = "canary-4f7c0b5e91d2"

Serve = Callable[[ServerConnection, int], Awaitable[None]]


def hello(epoch: str = "e", gap: bool = False, protocol: int = PROTOCOL) -> bytes:
    return encode(Hello(protocol, epoch, 1, 9, gap, PROCESS))


def entry(seq: int) -> bytes:
    return encode(LogFrame(seq, Notice(0, "info", "test", f"number {seq}")))


@asynccontextmanager
async def server(serve_one: Serve) -> AsyncIterator[tuple[str, list[StreamRequest]]]:
    """A real WebSocket server; `serve_one` gets each connection with its number, after the client's request."""
    requests: list[StreamRequest] = []

    async def connected(connection: ServerConnection) -> None:
        requests.append(msgspec.msgpack.decode(await connection.recv(), type=StreamRequest))
        await serve_one(connection, len(requests))

    async with serve(connected, "127.0.0.1", 0, max_size=None) as listens:
        yield f"http://127.0.0.1:{listens.sockets[0].getsockname()[1]}", requests


def nested(depth: int) -> bytes:
    """A snapshot frame with an unknown field of lists in lists."""
    return b"\x82\xa5frame\xa8snapshot\xa4junk" + b"\x91" * depth + b"\xc0"


HOSTILE = {
    "junk": (b"\xc1\xff\x00", "expected an engine's frame, was something else: "),
    "empty": (b"", "expected an engine's frame, was something else: "),
    "another type": (msgspec.msgpack.encode([1, 2]), "expected an engine's frame, was something else: "),
    "half a frame": (hello()[:40], "expected an engine's frame, was something else: "),
    "deep": (nested(200_000), "expected an engine's frame, was something else: "),
    "a list of four billion": (b"\x82\xa5frame\xa3log\xa5entry\xdd\xff\xff\xff\xff", "expected an engine's frame"),
    "no UTF-8": (b"\x81\xa5frame\xa2\xff\xfe", "expected an engine's frame, was something else: "),
    "text": ("hello", "expected a binary frame, was text"),
    "a second hello": (hello(), "expected one hello, was another"),
    "too long": (bytes(5_000), "exceeds limit of 4096 bytes"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_hostile_frame_ends_its_connection_and_the_next_one_resumes(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, detail = HOSTILE[what]
    if what == "too long":
        monkeypatch.setattr(sockets, "MAX_FRAME_BYTES", 4_096)

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(hello())
        if number == 1:
            await connection.send(entry(1))
            await connection.send(entry(2))
            await connection.send(message)
        else:
            await connection.send(entry(3))
        await connection.wait_closed()

    async with server(serve_one) as (url, requests), listening(EngineStream(remote(url))) as heard:
        await heard.until(lambda: heard.seqs == [1, 2, 3], "three entries")
    assert heard.links == [True, False, True]
    assert detail in heard.details[0]
    assert (requests[1].epoch, requests[1].after_seq) == ("e", 2)


@pytest.mark.parametrize(
    ("gap", "sent", "read", "links"),
    [
        (False, [3, 4], [3, 4], [True, True]),
        (False, [1, 2, 3, 3, 4], [3, 4], [True, True]),
        (True, [7, 8], [7, 8], [True, True]),
        (False, [4, 5], [], [True, False]),
        (True, [7, 9], [7], [True, False]),
    ],
)
async def test_a_log_entry_comes_once_and_is_left_out_only_with_the_engines_word(
    gap: bool, sent: list[int], read: list[int], links: list[bool]
) -> None:
    done = asyncio.Event()

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(hello(gap=gap and number == 2))
        for seq in [1, 2] if number == 1 else sent if number == 2 else []:
            await connection.send(entry(seq))
        if number == 1:
            await connection.close()
        elif number == 2 and links[-1]:
            done.set()
        await connection.wait_closed()
        if number == 2:
            done.set()

    async with server(serve_one) as (url, _), listening(EngineStream(remote(url))) as heard:
        await asyncio.wait_for(done.wait(), patient_s(5.0))
        await heard.until(lambda: heard.seqs == [1, 2, *read], f"{read} after 1 and 2")
        await heard.until(lambda: heard.links[:4:2] == [True, True], "two connections")
    if not links[-1]:
        assert heard.details[1].startswith("expected log entry ")


async def test_a_server_that_hangs_up_at_once_is_asked_ever_more_rarely() -> None:
    slept: list[float] = []

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.close()

    async with server(serve_one) as (url, _), listening(EngineStream(remote(url), sleep=sleep)) as heard:
        await heard.until(lambda: len(heard.links) >= 8, "eight tries")
    assert not any(heard.links), "a connection without a hello is no link"
    assert slept[:7] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


async def test_a_log_entry_before_the_hello_is_no_engines_stream() -> None:
    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(entry(1))
        await connection.wait_closed()

    async with server(serve_one) as (url, _), listening(EngineStream(remote(url))) as heard:
        await heard.until(lambda: bool(heard.details), "a broken link")
    assert heard.details[0] == "expected a hello first, was a LogFrame"


async def test_another_protocol_is_refused_once() -> None:
    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(hello(protocol=PROTOCOL + 1))
        await connection.wait_closed()

    async with server(serve_one) as (url, requests):
        with pytest.raises(EngineRefused, match=f"expected an engine that speaks protocol {PROTOCOL}, was"):
            await anext(EngineStream(remote(url)).frames())
    assert len(requests) == 1


async def test_a_goodbye_by_policy_is_a_refusal_and_any_other_a_lost_link() -> None:
    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.close(
            1013 if number == 1 else 1008, "try later" if number == 1 else "the token\x1b[2J changed"
        )

    async with server(serve_one) as (url, requests):
        frames = EngineStream(remote(url)).frames()
        lost = await anext(frames)
        assert "try later" in lost.detail  # type: ignore[union-attr]
        with pytest.raises(EngineRefused, match=r"^the token \[2J changed$"):
            await anext(frames)
    assert len(requests) == 2


async def test_a_redirect_is_not_followed_and_the_token_goes_nowhere() -> None:
    told: list[bytes] = []

    async def listens_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await reader.read(4_096))
        writer.close()

    thief = await asyncio.start_server(listens_in, "127.0.0.1", 0)
    port = thief.sockets[0].getsockname()[1]

    def redirect(connection: ServerConnection, request: Request) -> Response:
        return Response(http.HTTPStatus.FOUND, "Found", Headers(Location=f"ws://127.0.0.1:{port}/ws/stream"), b"")

    async def never(connection: ServerConnection) -> None:
        raise AssertionError("expected no handshake")

    async with serve(never, "127.0.0.1", 0, process_request=redirect) as listens:
        url = f"http://127.0.0.1:{listens.sockets[0].getsockname()[1]}"
        async with listening(EngineStream(remote(url, TOKEN))) as heard:
            await heard.until(lambda: len(heard.details) >= 2, "two vain tries")
    thief.close()
    await thief.wait_closed()
    assert told == []
    assert "HTTP 302" in heard.details[0]


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: hello()[:60] + tail))
def test_no_bytes_do_more_than_fail_to_decode(message: bytes) -> None:
    decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
    with contextlib.suppress(*JUNK):
        decoder.decode(message)

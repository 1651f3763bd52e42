"""What a call says on the wire, and how its answer may come; the server here is a socket that says what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cockpit.client.address import Address, remote
from cockpit.client.http_call import AnswerTooLong, NoAnswer, OwnConnection

OK = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def saying(*parts: bytes, path: str = "") -> AsyncIterator[tuple[Address, list[bytes]]]:
    """Answers each call with these parts, each its own write, and hangs up."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(65_536))
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield remote(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}"), asked


async def test_a_command_goes_out_in_one_piece_with_all_that_it_needs() -> None:
    async with saying(OK + b"Content-Length: 2\r\n\r\n{}") as (address, asked):
        answer = await OwnConnection(address, 100)("POST", "/api/halt", {"Authorization": "Bearer x"}, b'{"by":"me"}')
    assert answer == (200, b"{}")
    head, _, body = asked[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /api/halt HTTP/1.1"
    assert body == b'{"by":"me"}'
    assert dict(line.split(": ", 1) for line in lines) == {
        "Host": address.http.removeprefix("http://"),
        "Authorization": "Bearer x",
        "Content-Type": "application/json",
        "Content-Length": "11",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


@pytest.mark.parametrize(
    "parts",
    [
        (OK + b"Content-Length: 4\r\n\r\nabcd",),
        (OK + b"Content-Length: 4\r\n\r\nab", b"cd"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"2\r\ncd\r\n0\r\n\r\n"),
        (OK + b"\r\nab", b"cd"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", OK + b"Content-Length: 4\r\n\r\nabcd"),
        tuple(bytes([byte]) for byte in OK + b"Content-Length: 4\r\n\r\nabcd"),
    ],
    ids=["whole", "in two", "chunked", "to the end", "after a hint", "byte by byte"],
)
async def test_an_answer_is_read_however_it_comes(parts: tuple[bytes, ...]) -> None:
    async with saying(*parts) as (address, _):
        assert await OwnConnection(address, 4)("GET", "/api/health", {}, None) == (200, b"abcd")


@pytest.mark.parametrize("cut", [b"", OK, OK + b"Content-Length: 9\r\n\r\nabcd", b"SSH-2.0-OpenSSH_9.6\r\n"])
async def test_half_an_answer_is_none(cut: bytes) -> None:
    async with saying(cut) as (address, _):
        with pytest.raises((NoAnswer, ConnectionError)):
            await OwnConnection(address, 100)("GET", "/api/health", {}, None)


async def test_an_answer_longer_than_its_most_is_given_up() -> None:
    async with saying(OK + b"Content-Length: 5\r\n\r\nabcde") as (address, _):
        with pytest.raises(AnswerTooLong):
            await OwnConnection(address, 4)("GET", "/api/health", {}, None)


async def test_a_path_is_put_behind_the_addresss_own_and_carries_nothing_else() -> None:
    """What an operator typed may be in it: no space or line break of it begins another header."""
    async with saying(OK + b"Content-Length: 0\r\n\r\n", path="/desk/") as (address, asked):
        await OwnConnection(address, 4)("GET", "/api/trades/a b\r\nX: ü?limit=5&offset=1", {}, None)
    assert asked[0].startswith(b"GET /desk/api/trades/a%20b%0D%0AX:%20%C3%BC?limit=5&offset=1 HTTP/1.1\r\nHost: 127.0.")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1:9", f"http://{'x' * 70}.invalid"])
async def test_where_nobody_is_is_an_os_error(url: str) -> None:
    with pytest.raises(OSError):
        await OwnConnection(remote(url), 100)("GET", "/api/health", {}, None)


async def test_what_speaks_no_tls_is_not_spoken_to() -> None:
    async with saying(OK + b"Content-Length: 0\r\n\r\n") as (address, asked):
        with pytest.raises(OSError):
            await OwnConnection(remote(address.url.replace("http:", "https:")), 100)("GET", "/", {"A": "b"}, None)
    assert b"HTTP" not in asked[0]

"""A crowd at the TCP port: it never reaches the Unix socket, it makes way, and it is not logged call by call."""

import asyncio
import contextlib
import errno
import logging
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_stage import Running, eventually, running
from websockets.exceptions import InvalidStatus

from cockpit.api import acceptor as taking
from cockpit.api.acceptor import Acceptor, most_connections
from cockpit.api.arrivals import Arrivals
from cockpit.api.limits import Limits
from cockpit.domain.kinds import Mode
from tests.patience import patient_s

HALF = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-A: "


@pytest.fixture
def crowd() -> Iterator[list[socket.socket]]:
    """Connections of strangers, closed in the end."""
    held: list[socket.socket] = []
    yield held
    for connection in held:
        connection.close()


def address(engine: Running) -> tuple[str, int]:
    url = httpx.URL(engine.url)
    return url.host, url.port or 0


async def join(crowd: list[socket.socket], engine: Running, count: int, sent: bytes = HALF) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        crowd.append(connection)
        await asyncio.wait_for(loop.sock_connect(connection, address(engine)), 20)
        await loop.sock_sendall(connection, sent)


def test_the_share_of_a_listener_leaves_descriptors_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, most in ((1_024, 384), (300, 22), (64, 16), (1_000_000, 512), (resource.RLIM_INFINITY, 512)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert most_connections(512) == most


async def test_a_crowd_of_half_requests_makes_way_for_whoever_asks(home: Path, crowd: list[socket.socket]) -> None:
    async with running(home, arm=False, limits=Limits(connections=24)) as engine:
        await join(crowd, engine, 120)
        server = engine.server._servers[0]._server
        assert server is not None
        assert len(server.server_state.connections) <= 24
        async with engine.http() as client, engine.local() as local:
            for _ in range(5):
                assert (await client.get("/api/health")).status_code == 200
                assert (await local.get("/api/health")).status_code == 200


async def test_one_that_was_let_in_stays_while_strangers_come_and_go(home: Path, crowd: list[socket.socket]) -> None:
    async with running(home, arm=False, limits=Limits(connections=24)) as engine, engine.http() as client:
        assert (await client.get("/api/health")).status_code == 200
        (kept,) = engine.server._servers[0]._server.server_state.connections  # type: ignore[union-attr]
        await join(crowd, engine, 80)
        assert kept in engine.server._servers[0]._server.server_state.connections  # type: ignore[union-attr]


async def test_half_a_request_after_a_refused_one_is_timed_out_too(
    home: Path, crowd: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.api.protocols.IDLE_S", 0.3)
    async with running(home, arm=False, mode=Mode.TEST) as engine:
        refused = b"POST /api/arm HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        await join(crowd, engine, 1, refused + HALF)
        server = engine.server._servers[0]._server
        assert server is not None
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(patient_s(20)):
            answer = await loop.sock_recv(crowd[0], 4_096)
            assert b"401" in answer
            with contextlib.suppress(ConnectionResetError):
                while await loop.sock_recv(crowd[0], 4_096):
                    pass
        await eventually(lambda: not server.server_state.connections)


async def test_guests_of_the_websocket_do_not_keep_the_owner_out(home: Path) -> None:
    few = Limits(guests=3, sockets=2)
    async with running(home, arm=False, mode=Mode.TEST, limits=few) as engine, contextlib.AsyncExitStack() as guests:
        for _ in range(3):
            await guests.enter_async_context(engine.socket("/ws/dashboard"))
        with pytest.raises(InvalidStatus, match="503"):
            await guests.enter_async_context(engine.socket("/ws/dashboard"))
        async with engine.socket("/ws/dashboard", Authorization=f"Bearer {engine.token}") as owner:
            assert await owner.recv()


async def test_strangers_do_not_use_up_what_whoever_shows_the_token_may_ask(home: Path) -> None:
    few = Limits(shed_per_s=0.001, shed_burst=5)
    async with running(home, arm=False, mode=Mode.TEST, limits=few) as engine, engine.http() as nobody:
        codes = [(await nobody.post("/api/flatten")).status_code for _ in range(10)]
        assert codes == [401] * 5 + [429] * 5
        nobody.headers["Authorization"] = f"Bearer {engine.token}"
        assert [(await nobody.post("/api/disarm")).status_code for _ in range(5)] == [200] * 5


class Sockets:
    """A listening socket that runs out of descriptors as often as it is told."""

    def __init__(self, fails: int) -> None:
        self.fails, self.tried = fails, 0
        self._real = socket.create_server(("127.0.0.1", 0))
        self._real.setblocking(False)
        self.fileno, self.close, self.name = self._real.fileno, self._real.close, self._real.getsockname

    def accept(self) -> tuple[socket.socket, object]:
        self.tried += 1
        if self.fails:
            self.fails -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._real.accept()


@pytest.mark.parametrize(("with_spare", "fails"), [(False, 3), (True, 1)])
async def test_out_of_descriptors_it_pauses_says_so_once_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, with_spare: bool, fails: int
) -> None:
    monkeypatch.setattr(taking, "PAUSE_S", 0.05)
    monkeypatch.setattr(taking, "PAUSE_WITH_SPARE_S", 0.05)
    listening, made = Sockets(fails), asyncio.Event()

    class Greeted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.set()
            transport.close()

    door = Acceptor(  # type: ignore[arg-type]
        listening, lambda _: Greeted(), lambda: 0, lambda: False, 10, Arrivals(lambda: 0, 0), with_spare=with_spare
    )
    log = logging.getLogger("cockpit.api")
    log.addHandler(caplog.handler)
    try:
        door.start()
        client = socket.create_connection(listening.name())
        async with asyncio.timeout(patient_s(20)):
            await made.wait()
    finally:
        log.removeHandler(caplog.handler)
    assert [record.message for record in caplog.records] == [
        "no connection could be taken in: Too many open files; trying again every 0.05 s"
    ]
    door.close()
    await door.wait_closed()
    client.close()
    listening.close()

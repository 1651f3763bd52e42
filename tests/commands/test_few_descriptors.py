"""Descriptors run out in the middle of a session: a crowd at the TCP port takes none from the Unix socket, nor from a
flatten, whatever the limit has become since the engine began.
"""

import re
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running_engine import WITHIN_S, Shell

HALF = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-A: "
ANSWER_WITHIN_S = WITHIN_S / 3


@pytest.fixture
def crowd() -> Iterator[list[socket.socket]]:
    held: list[socket.socket] = []
    yield held
    for connection in held:
        connection.close()


def join(crowd: list[socket.socket], port: int, count: int) -> None:
    for _ in range(count):
        connection = socket.socket()
        connection.settimeout(1.0)
        crowd.append(connection)
        try:
            connection.connect(("127.0.0.1", port))
            connection.sendall(HALF)
        except OSError:
            return  # nobody takes it in any more


def in_use(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the descriptors of another process are read in /proc")
@pytest.mark.parametrize("left", [24, 6])
def test_a_crowd_takes_none_from_the_socket_when_there_are_few(
    shell: Shell, crowd: list[socket.socket], left: int
) -> None:
    """Each call is a connection of its own, as each command's is: what one gives back the crowd must not have."""
    ready = shell.start_engine("--arm", "--speed", "1")
    port = int(re.findall(r"http://[0-9.]*:([0-9]+)", ready)[0])
    assert shell.engine is not None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(shell.engine.pid, resource.RLIMIT_NOFILE, (in_use(shell.engine.pid) + left, hard))
    join(crowd, port, 150)
    for _ in range(6):
        with client(shell) as calls:
            assert calls.get("/api/health").status_code == 200
    with client(shell) as calls:
        assert calls.post("/api/flatten", json={}).status_code == 200


def client(shell: Shell) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=str(shell.home / "engine.sock"), verify=False)
    return httpx.Client(base_url="http://localhost", transport=transport, timeout=ANSWER_WITHIN_S)

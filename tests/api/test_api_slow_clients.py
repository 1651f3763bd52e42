"""A client that does not read is let go, and nobody waits for it: not the engine, not the other clients."""

import asyncio
import socket
from pathlib import Path

import pytest
from api_stage import SIGNAL, Running, eventually, running
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from cockpit.api.limits import Limits
from tests.patience import patient_s

FLOOD = 200
IMPATIENT = Limits(calls_per_s=1e6, calls_burst=1e6, send_within_s=0.3)


async def deaf(engine: Running, path: str) -> ClientConnection:
    """A client whose system takes next to nothing, and which stops reading once it is in."""
    port = int(engine.url.rsplit(":", 1)[1])
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
    uri = f"ws://127.0.0.1:{port}{path}"
    connection = await connect(uri, sock=narrow, max_queue=1, ping_interval=None, proxy=None)
    if path == "/ws/stream":
        await connection.send('{"hz": 20}')
    connection.transport.pause_reading()
    return connection


@pytest.mark.parametrize("path", ["/ws/stream", "/ws/dashboard"])
async def test_a_deaf_client_is_dropped_and_the_others_go_on(home: Path, path: str) -> None:
    async with running(home, limits=IMPATIENT) as engine, engine.http() as client:
        before = engine.host.engine.now_ns
        stuck = await deaf(engine, path)
        dropped = engine.server.context.counters.dropped
        name = path.removeprefix("/ws/")
        async with engine.socket("/ws/stream") as other:
            await other.send('{"hz": 20}')
            async with asyncio.timeout(patient_s(30)):
                while not dropped[name, "slow"]:
                    await client.post("/api/trade/execute", json=SIGNAL | {"side": "short"})
                    await asyncio.wait_for(other.recv(), patient_s(2))
        await eventually(lambda: engine.server.context.counters.clients[name] == 0)
        metrics = (await client.get("/metrics")).text
        server = engine.server._servers[0]._server
        assert server is not None
        await eventually(lambda: not any(hasattr(held, "close_sent") for held in server.server_state.connections))

        assert engine.host.engine.now_ns > before
        assert f'cockpit_ws_dropped_total{{reason="slow",socket="{name}"}} 1.0' in metrics or (
            f'cockpit_ws_dropped_total{{socket="{name}",reason="slow"}} 1.0' in metrics
        )
        stuck.transport.abort()


async def test_one_that_reads_again_in_time_learns_why_it_was_dropped(home: Path) -> None:
    async with running(home, limits=IMPATIENT) as engine, engine.http() as client:
        stuck = await deaf(engine, "/ws/stream")
        dropped = engine.server.context.counters.dropped
        async with asyncio.timeout(patient_s(30)):
            while not dropped["stream", "slow"]:
                await client.post("/api/trade/execute", json=SIGNAL | {"side": "short"})
        stuck.transport.resume_reading()
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                await asyncio.wait_for(stuck.recv(), patient_s(5))

    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1013


async def test_a_flood_of_clients_half_of_them_deaf(home: Path) -> None:
    """Two hundred clients: the engine goes on, those who read are served, the others are let go."""
    async with running(home, limits=IMPATIENT) as engine, engine.http() as client:
        before = engine.host.engine.now_ns
        readers = [await engine.socket("/ws/stream") for _ in range(FLOOD // 2)]
        stuck = [await deaf(engine, "/ws/stream") for _ in range(FLOOD // 2)]
        counters = engine.server.context.counters
        received = [0] * len(readers)

        async def read(index: int) -> None:
            await readers[index].send('{"hz": 4}')
            async for _ in readers[index]:
                received[index] += 1

        tasks = [asyncio.create_task(read(index)) for index in range(len(readers))]
        async with asyncio.timeout(patient_s(45)):
            while counters.dropped["stream", "slow"] < len(stuck):
                answer = await client.post("/api/trade/execute", json=SIGNAL | {"side": "short"})
                assert answer.status_code == 400
        halted = await client.post("/api/halt", json={"reason": "through the flood"})
        async with asyncio.timeout(patient_s(10)):
            while min(received) < 3:
                await engine.host.log.wait_beyond(0)
                await asyncio.sleep(0.01)

        assert halted.status_code == 200
        assert engine.host.engine.now_ns > before
        assert engine.host.faults == 0
        assert counters.dropped["stream", "slow"] == len(stuck), "none of those who read was dropped"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in (*readers, *stuck):
            connection.transport.abort()

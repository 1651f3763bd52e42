"""What `cockpit flatten` makes of what it sees: only the engine's own word that the venues said flat is flat."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from cockpit.commands import flatten_watch
from cockpit.commands.flatten_watch import FlattenWatch
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places, find_places
from cockpit.domain.actions import AnyAction, Notice, StateChanged
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.snapshot import Snapshot
from cockpit.domain.stream import PROTOCOL, Hello, LogFrame, ProcessView, SnapshotFrame
from cockpit.domain.wire import encode
from cockpit.engine.machine import Engine
from cockpit.engine.views import snapshot as taken
from cockpit.runtime.lock import InstanceLock
from tests.patience import patient_s

PROCESS = ProcessView(1, "0.1", "sim", 1.0, 1.0, (), (), 0, 0, 0, "", True, 0, "", "", "", None)
ASKED_NS = 1_000
OVER = StateChanged(ASKED_NS + 5, EngineState.FLATTENING, EngineState.HALTED, "flatten by cli")
OVER_BEFORE = StateChanged(ASKED_NS - 5, EngineState.FLATTENING, EngineState.HALTED, "an earlier one")

Serve = Callable[[ServerConnection, int], Awaitable[None]]


def step(text: str, severity: str = "info", topic: str = "flatten") -> Notice:
    return Notice(ASKED_NS + 1, severity, topic, text)


def hello(epoch: str, last_seq: int) -> bytes:
    return encode(Hello(PROTOCOL, epoch, 1, last_seq, False, PROCESS))


@pytest.fixture
def places() -> Iterator[Places]:
    home = Path(tempfile.mkdtemp(prefix="watch-"))
    yield find_places(home)
    shutil.rmtree(home)


@pytest.fixture(autouse=True)
def lock(places: Places) -> Iterator[InstanceLock]:
    """The home's lock is held, as by an engine."""
    lock = InstanceLock(places.lock)
    lock.acquire()
    yield lock
    lock.release()


@pytest.fixture
def snapshot_in(shipped_config: CockpitConfig) -> Callable[[EngineState], bytes]:
    snapshot = taken(Engine(shipped_config, ASKED_NS, Mode.PAPER))

    def frame(state: EngineState) -> bytes:
        seen: Snapshot = msgspec.structs.replace(snapshot, state=state, flatten_steps=("+0 ms FREEZE", "+1 ms CLOSE"))
        return encode(SnapshotFrame(seen, PROCESS))

    return frame


@asynccontextmanager
async def engine(places: Places, serve_one: Serve) -> AsyncIterator[None]:
    connections = 0

    async def connected(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await connection.recv()
        await serve_one(connection, connections)

    async with unix_serve(connected, str(places.socket)):
        yield


async def send_log(connection: ServerConnection, first_seq: int, *entries: AnyAction) -> None:
    for seq, entry in enumerate(entries, start=first_seq):
        await connection.send(encode(LogFrame(seq, entry)))


async def watched(places: Places, asked: asyncio.Event, *, late: bool = False) -> tuple[bool, list[str]]:
    """Watch, ask (which sets `asked`), and what came of it."""
    said: list[str] = []
    async with FlattenWatch(places, said.append, ASKED_NS) as watch:
        await watch.until_connected(0.0 if late else 5.0)
        asked.set()
        async with asyncio.timeout(patient_s(10.0)):
            return await watch.until_flat(), [line.partition(" s  ")[2] for line in said]


async def test_every_step_is_told_until_the_engine_is_done(places: Places) -> None:
    asked = asyncio.Event()

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(hello("e", 3))
        await send_log(connection, 2, OVER_BEFORE, step("an old step"))
        await asked.wait()
        await send_log(
            connection, 4, step("+0 ms FREEZE"), step("no answer\x1b[2J", "critical", "close"), step("+9 ms FLAT"), OVER
        )
        await connection.wait_closed()

    async with engine(places, serve_one):
        is_flat, said = await watched(places, asked)
    assert is_flat
    assert said == ["flatten: +0 ms FREEZE", "!! close: no answer [2J", "flatten: +9 ms FLAT"]


async def test_who_comes_late_is_told_the_steps_so_far(
    places: Places, snapshot_in: Callable[[EngineState], bytes]
) -> None:
    asked = asyncio.Event()

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await asked.wait()
        await asyncio.sleep(0)
        await connection.send(hello("e", 3))
        await send_log(connection, 2, OVER_BEFORE)
        await connection.send(snapshot_in(EngineState.FLATTENING))
        await send_log(connection, 3, step("+9 ms FLAT"), OVER)
        await connection.wait_closed()

    async with engine(places, serve_one):
        is_flat, said = await watched(places, asked, late=True)
    assert is_flat
    assert said[-3:] == ["flatten: +0 ms FREEZE", "flatten: +1 ms CLOSE", "flatten: +9 ms FLAT"]


async def test_an_engine_started_anew_goes_on_and_its_word_counts(places: Places) -> None:
    asked = asyncio.Event()

    async def serve_one(connection: ServerConnection, number: int) -> None:
        if number == 1:
            await connection.send(hello("first", 0))
            await asked.wait()
            await send_log(connection, 1, step("+0 ms FREEZE"))
            await connection.close()
            return
        await connection.send(hello("second", 2))
        await send_log(connection, 1, step("+0 ms FREEZE again"), OVER)
        await connection.wait_closed()

    async with engine(places, serve_one):
        is_flat, said = await watched(places, asked)
    assert is_flat
    assert said[0] == "flatten: +0 ms FREEZE"
    assert said[1].startswith("link to the engine lost (")
    assert said[2:] == ["the engine was started anew", "flatten: +0 ms FREEZE again"]


async def test_an_engine_that_is_gone_said_nothing(places: Places, lock: InstanceLock) -> None:
    asked = asyncio.Event()

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(hello("e", 0))
        await asked.wait()
        lock.release()
        await connection.close()

    async with engine(places, serve_one):
        is_flat, said = await watched(places, asked)
    assert not is_flat
    assert said[-1] == "the engine is gone before every venue said flat: start it, it goes on flattening"


@pytest.mark.parametrize("state", [EngineState.ARMED, EngineState.HALTED])
async def test_an_engine_that_does_not_flatten_is_not_waited_for(
    state: EngineState, places: Places, snapshot_in: Callable[[EngineState], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flatten_watch, "BEGUN_WITHIN_S", 0.1)
    asked = asyncio.Event()

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(hello("e", 0))
        while True:
            await connection.send(snapshot_in(state))
            await asyncio.sleep(0.02)

    async with engine(places, serve_one):
        is_flat, said = await watched(places, asked)
    assert not is_flat
    assert said == [f"the engine is {state.value} and not flattening"]


async def test_a_flatten_that_lasts_is_said_now_and_then(
    places: Places, snapshot_in: Callable[[EngineState], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flatten_watch, "REMIND_EVERY_S", 0.05)
    asked = asyncio.Event()

    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.send(hello("e", 0))
        for _ in range(20):
            await connection.send(snapshot_in(EngineState.FLATTENING))
            await asyncio.sleep(0.02)
        await send_log(connection, 1, OVER)
        await connection.wait_closed()

    async with engine(places, serve_one):
        is_flat, said = await watched(places, asked)
    assert is_flat
    assert "still flattening: 0 trades open" in said


async def test_a_refused_stream_is_no_flat(places: Places) -> None:
    async def serve_one(connection: ServerConnection, number: int) -> None:
        await connection.close(1008, "the token")

    async with engine(places, serve_one):
        is_flat, said = await watched(places, asyncio.Event(), late=True)
    assert not is_flat
    assert said[-1] == "the engine's stream was refused: the token"

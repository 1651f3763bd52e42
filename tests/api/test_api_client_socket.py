"""`/ws/stream`: a snapshot at once and at the asked rate, a log without a gap across any number of broken lines."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from api_stage import SIGNAL, UNBOUNDED, Running, running
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from cockpit.api.stream_socket import starting_point
from cockpit.client.address import local, remote
from cockpit.client.http import EngineClient
from cockpit.client.stream import EngineStream
from cockpit.domain.actions import Notice
from cockpit.domain.stream import PROTOCOL, DetailFrame, Frame, Hello, LogFrame, SnapshotFrame, StreamRequest
from cockpit.market.detail import DetailCursor
from cockpit.runtime.log_ring import LogRing
from cockpit.tui.detail import KeptDetail
from tests.patience import patient_s

FRAMES: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


async def frames(connection: ClientConnection) -> AsyncIterator[Frame]:
    while True:
        message = await asyncio.wait_for(connection.recv(), patient_s(5))
        assert isinstance(message, bytes)
        yield FRAMES.decode(message)


async def ask(connection: ClientConnection, request: StreamRequest) -> tuple[Hello, SnapshotFrame]:
    await connection.send(msgspec.msgpack.encode(request))
    stream = frames(connection)
    hello, first = await anext(stream), await anext(stream)
    assert isinstance(hello, Hello)
    assert isinstance(first, SnapshotFrame)
    return hello, first


async def log_until(connection: ClientConnection, last_seq: int, seen: list[LogFrame]) -> None:
    async for frame in frames(connection):
        if isinstance(frame, LogFrame):
            seen.append(frame)
            if frame.seq >= last_seq:
                return


async def write_log(engine: Running, count: int) -> None:
    """Commands are the quickest way to log entries: each disarm is answered."""
    async with engine.http() as client:
        for _ in range(count):
            await client.post("/api/trade/execute", json=SIGNAL | {"side": "short"})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("as_json", [True, False])
async def test_hello_then_a_snapshot_at_once(shared: Running, as_json: bool) -> None:
    async with shared.socket("/ws/stream") as screen:
        await screen.send('{"hz": 1.0}' if as_json else msgspec.msgpack.encode(StreamRequest(hz=1.0)))
        stream = frames(screen)
        hello, snapshot = await anext(stream), await anext(stream)

    assert isinstance(hello, Hello)
    assert hello.protocol == PROTOCOL
    assert hello.epoch == shared.host.epoch
    assert hello.gap is False
    assert hello.process.url == ""
    assert hello.briefing.checklist == tuple(shared.host.config.checklist)
    assert isinstance(snapshot, SnapshotFrame)
    assert snapshot.snapshot.mode == "paper"


@pytest.mark.asyncio(loop_scope="module")
async def test_who_asks_gets_the_markets_in_detail_piece_by_piece(shared: Running) -> None:
    kept, told = KeptDetail(), 0
    async with shared.socket("/ws/stream") as screen:
        await ask(screen, StreamRequest(hz=20.0, detail=True, epoch=shared.host.epoch))
        async for frame in frames(screen):
            if isinstance(frame, DetailFrame):
                (detail,) = [one for one in frame.assets if one.asset == "BTC"]
                kept.take(detail)
                told += bool(detail.prints)
            if told == 4:
                break
    whole = KeptDetail()
    whole.take(shared.host.detail.assets["BTC"].since(DetailCursor()))
    ended = kept.candles(1, 900)[:-1]
    assert ended and ended == whole.candles(1, 900)[: len(ended)]
    assert len(kept.candles(60, 900)) > 400, "with what was before the engine's start"
    assert kept.traded and kept.bids and {print_.seq for print_ in kept.prints}


@pytest.mark.asyncio(loop_scope="module")
async def test_who_does_not_ask_gets_none(shared: Running) -> None:
    async with shared.socket("/ws/stream") as screen:
        await ask(screen, StreamRequest(hz=20.0, epoch=shared.host.epoch))
        seen = 0
        async for frame in frames(screen):
            assert not isinstance(frame, DetailFrame)
            seen += isinstance(frame, SnapshotFrame)
            if seen == 5:
                break


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("asked_hz", "given_hz"), [(20.0, 20.0), (1e9, 20.0), (10.0, 10.0)])
async def test_snapshots_come_at_the_asked_rate_and_never_faster(
    shared: Running, asked_hz: float, given_hz: float
) -> None:
    loop = asyncio.get_running_loop()
    async with shared.socket("/ws/stream") as screen:
        await ask(screen, StreamRequest(hz=asked_hz, epoch=shared.host.epoch, after_seq=shared.host.log.last_seq))
        began, stamps = loop.time(), []
        async for frame in frames(screen):
            if isinstance(frame, SnapshotFrame):
                stamps.append(frame.snapshot.ts_ns)
            if len(stamps) == 10:
                break
        took_s = loop.time() - began

    assert stamps == sorted(stamps)
    assert took_s >= 9 / given_hz * 0.9


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "message", [b"\x00", "{}[", '{"hz": "fast"}', msgspec.msgpack.encode({"hz": float("nan")}), "[" * 9_000]
)
async def test_a_wrong_request_is_told_what_was_expected(shared: Running, message: str | bytes) -> None:
    async with shared.socket("/ws/stream") as screen:
        await screen.send(message)
        with pytest.raises(ConnectionClosed) as ended:
            await asyncio.wait_for(screen.recv(), patient_s(5))

    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1008
    assert ended.value.rcvd.reason.startswith("expected")


async def test_the_log_has_no_gap_across_broken_lines(home: Path) -> None:
    """The line is cut in the middle of the stream, again and again, while entries keep coming."""
    async with running(home, limits=UNBOUNDED) as engine:
        writing = asyncio.create_task(write_log(engine, 60))
        seen: list[LogFrame] = []
        for upto in (5, 17, 40, 80):
            after = seen[-1].seq if seen else 0
            async with engine.socket("/ws/stream") as screen:
                hello, _ = await ask(screen, StreamRequest(20.0, after, engine.host.epoch if seen else ""))
                await log_until(screen, upto, seen)
                screen.transport.abort()
            assert hello.gap is False
        await writing
        last = engine.host.log.last_seq
        async with engine.socket("/ws/stream") as screen:
            await ask(screen, StreamRequest(20.0, seen[-1].seq, engine.host.epoch))
            await log_until(screen, last, seen)

        assert [frame.seq for frame in seen] == list(range(1, last + 1))
        assert [frame.entry for frame in seen] == [frame.entry for frame in engine.host.log.after(0, last)]


@pytest.mark.parametrize("door", ["tcp", "unix"])
async def test_the_decks_own_client_works_against_it(home: Path, door: str) -> None:
    async with running(home, arm=False) as engine:
        address = local(engine.places.socket) if door == "unix" else remote(engine.url)
        async with EngineClient(address, by="screen") as client:
            assert await client.arm() == "armed in paper mode"
            assert (await client.snapshot()).armed
            assert (await client.process()).pid > 0
            assert (await client.execute(SIGNAL))["trade_id"]
            assert (await client.health())["state"] == "armed"
            assert (await client.verdicts())["verdicts"]
            assert (await client.trades())["trades"]
        kinds = set()
        async with asyncio.timeout(patient_s(10)):
            async for frame in EngineStream(address, hz=20.0).frames():
                kinds.add(type(frame).__name__)
                if kinds >= {"LinkChange", "Hello", "SnapshotFrame", "LogFrame"}:
                    break


def ring(kept: int, written: int) -> LogRing:
    log = LogRing(kept)
    for number in range(written):
        log.on_actions([Notice(number, "info", "test", "entry")])
    return log


@pytest.mark.parametrize(
    ("request_", "seq", "gap"),
    [
        (StreamRequest(), 9_500, False),
        (StreamRequest(after_seq=9_990, epoch="this"), 9_990, False),
        (StreamRequest(after_seq=10_000, epoch="this"), 10_000, False),
        (StreamRequest(after_seq=99_999, epoch="this"), 10_000, False),
        (StreamRequest(after_seq=9_500, epoch="this"), 9_500, False),
        (StreamRequest(after_seq=9_499, epoch="this"), 9_500, True),
        (StreamRequest(after_seq=-3, epoch="this"), 9_500, True),
        (StreamRequest(after_seq=9_990, epoch="an earlier run"), 9_500, True),
    ],
)
def test_where_a_log_goes_on(request_: StreamRequest, seq: int, gap: bool) -> None:
    assert starting_point(ring(kept=500, written=10_000), "this", request_) == (seq, gap)


@given(st.integers(0, 60), st.integers(1, 40), st.integers(-5, 80), st.booleans())
def test_a_client_never_misses_what_memory_still_has(written: int, kept: int, after: int, same_run: bool) -> None:
    log = ring(kept, written)
    seq, gap = starting_point(log, "this", StreamRequest(after_seq=after, epoch="this" if same_run else ""))
    replayed = [frame.seq for frame in log.after(seq, 1_000)]

    assert replayed == list(range(seq + 1, written + 1))
    if same_run and not gap:
        assert seq <= max(0, after)
    if same_run and gap:
        assert seq == log.first_seq - 1 > max(0, after)

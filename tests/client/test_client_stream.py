"""The stream of a real engine: a whole picture first, then the log without a gap, whatever happens to the link."""

import asyncio
import time
from contextlib import aclosing
from pathlib import Path

import pytest
from engine_process import EngineProcess
from listening import listening
from weak_line import WeakLine

from cockpit.client.address import remote
from cockpit.client.errors import EngineRefused
from cockpit.client.link import LinkChange
from cockpit.client.live import LiveLink
from cockpit.client.stream import EngineStream
from cockpit.config.model import CockpitConfig
from cockpit.domain.stream import Hello, LogFrame, SnapshotFrame
from cockpit.runtime.log_ring import LogRing
from tests.patience import patient_s

FAST_HZ = 20.0


def contiguous(seqs: list[int]) -> bool:
    return seqs == list(range(seqs[0], seqs[0] + len(seqs)))


@pytest.mark.parametrize("way", ["socket", "tcp"])
async def test_the_whole_picture_comes_first(way: str, engine: EngineProcess) -> None:
    address = engine.socket if way == "socket" else engine.tcp()
    async with listening(EngineStream(address)) as heard:
        await heard.until(lambda: len(heard.seen) >= 3, "three frames")
    link, hello, snapshot = heard.seen[:3]
    assert isinstance(link, LinkChange) and link.connected
    assert isinstance(hello, Hello) and hello.epoch == engine.host.epoch
    assert isinstance(snapshot, SnapshotFrame)
    assert snapshot.snapshot.mode is engine.host.mode


async def test_the_log_goes_on_without_gap_or_repetition_over_lost_links(engine: EngineProcess, line: WeakLine) -> None:
    await engine.toggle(3)
    async with listening(EngineStream(remote(line.url), FAST_HZ)) as heard:
        for _ in range(3):
            await heard.until(lambda: bool(heard.links) and heard.links[-1], "the link")
            await engine.toggle(2)
            line.cut()
            await engine.toggle(5)
            await heard.until(lambda: not heard.links[-1], "a lost link")
            line.mend()
        await heard.until(lambda: bool(heard.seqs) and heard.seqs[-1] == engine.host.log.last_seq, "the whole log")
    assert heard.seqs[0] == 1
    assert contiguous(heard.seqs)
    assert len(heard.hellos) >= 3
    assert not any(hello.gap for hello in heard.hellos)


async def test_a_log_that_forgot_says_that_there_is_a_gap(engine: EngineProcess, line: WeakLine) -> None:
    engine.host.log = LogRing(kept=8)
    async with listening(EngineStream(remote(line.url), FAST_HZ)) as heard:
        await engine.toggle(1)
        await heard.until(lambda: heard.seqs[-1:] == [engine.host.log.last_seq], "the first entries")
        seen = heard.seqs[-1]
        line.cut()
        await heard.until(lambda: not heard.links[-1], "a lost link")
        await engine.toggle(10)
        line.mend()
        await heard.until(lambda: heard.seqs[-1] == engine.host.log.last_seq, "the newest entry")
    assert heard.hellos[-1].gap
    later = [seq for seq in heard.seqs if seq > seen]
    assert later[0] > seen + 1
    assert contiguous(later)


async def test_another_run_of_the_engine_starts_its_log_anew(engine: EngineProcess) -> None:
    async with listening(EngineStream(engine.socket, FAST_HZ)) as heard:
        await engine.toggle(2)
        await heard.until(lambda: heard.seqs[-1:] == [engine.host.log.last_seq], "the first run's log")
        first_run = len(heard.seqs)
        await engine.stop()
        await heard.until(lambda: not heard.links[-1], "a lost link")
        await engine.start()
        await engine.toggle(1)
        await heard.until(lambda: len(heard.hellos) == 2, "the second run")
        await heard.until(lambda: heard.seqs[-1] == engine.host.log.last_seq, "the second run's log")
    second_run = heard.seqs[first_run:]
    assert second_run[0] == 1
    assert contiguous(second_run)
    assert heard.hellos[0].epoch != heard.hellos[1].epoch


async def test_silence_is_a_broken_link(engine: EngineProcess, line: WeakLine) -> None:
    async with listening(EngineStream(remote(line.url), FAST_HZ, silence_s=0.3)) as heard:
        await heard.until(lambda: len(heard.seen) > 3, "frames")
        began_s = time.monotonic()
        line.freeze()
        await heard.until(lambda: not heard.links[-1], "a lost link")
        assert time.monotonic() - began_s < patient_s(2.0), "a frozen peer must not hold up the news that it is frozen"
        await engine.toggle(2)
        line.mend()
        await heard.until(lambda: heard.links[-1], "the link")
        await heard.until(lambda: heard.seqs[-1:] == [engine.host.log.last_seq], "the log")
    assert heard.details[0] == "expected a frame within 0.3 s, was silence"
    assert contiguous(heard.seqs)


async def test_where_no_engine_is_the_stream_waits_for_one(engine: EngineProcess) -> None:
    await engine.stop()
    async with listening(EngineStream(engine.socket, FAST_HZ)) as heard:
        await heard.until(lambda: heard.links == [False, False], "two vain tries")
        await engine.start()
        await heard.until(lambda: heard.links[-1], "the link")


@pytest.mark.parametrize("token", ["", "not-the-token"])
async def test_a_wrong_token_is_said_once_and_not_tried_again(
    token: str, home: Path, shipped_config: CockpitConfig
) -> None:
    engine = EngineProcess(home, shipped_config, host="0.0.0.0")
    await engine.start()
    try:
        with pytest.raises(EngineRefused, match=r"expected .*token") as caught:
            async with asyncio.timeout(patient_s(5.0)):
                async for frame in EngineStream(engine.tcp(token)).frames():
                    raise AssertionError(f"expected a refusal, was {frame}")
        assert engine.token not in str(caught.value)
        frames = EngineStream(engine.tcp(engine.token)).frames()
        first = await anext(frames)
        assert isinstance(first, LinkChange) and first.connected
        await frames.aclose()  # type: ignore[attr-defined]
    finally:
        await engine.stop()


async def test_a_live_link_has_the_stream_and_the_commands(engine: EngineProcess) -> None:
    async with LiveLink(engine.socket, FAST_HZ) as engine_client:
        assert await engine_client.arm() == "armed in paper mode"
        snapshots = 0
        began_s = time.monotonic()
        async for frame in engine_client.frames():
            snapshots += isinstance(frame, SnapshotFrame)
            if snapshots == 10:
                break
    assert time.monotonic() - began_s < patient_s(3.0)
    assert not isinstance(frame, LogFrame)


async def test_a_live_link_rehearses_its_first_call(engine: EngineProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, as soon as the engine has said hello: the first call is slow, and must not be the flatten key's."""
    rehearsed, process = asyncio.Event(), LiveLink.process

    async def seen(link: LiveLink) -> object:
        found = await process(link)
        rehearsed.set()
        return found

    monkeypatch.setattr(LiveLink, "process", seen)
    async with LiveLink(engine.socket, FAST_HZ) as engine_client, aclosing(engine_client.frames()) as frames:
        async for _ in frames:
            if rehearsed.is_set():
                break

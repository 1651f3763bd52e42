"""The calls that hold and hurry a recording; on any other market they are refused with the reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from api_stage import SHIPPED, UNBOUNDED, Running, eventually, running

from cockpit.client.address import local
from cockpit.client.errors import EngineRefused
from cockpit.client.http import EngineClient
from cockpit.config.load import load_config
from cockpit.domain.kinds import Mode
from cockpit.domain.units import NS_PER_S
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.journal.recordings import RecordingHeader, RecordingWriter

START_NS = 1_760_882_400 * NS_PER_S


def recorded(path: Path, lasts_s: int = 200) -> Path:
    header = RecordingHeader(
        created_ns=1, origin="import", source="sim", config_json="{}", mode=Mode.PAPER, start_ns=START_NS
    )
    with RecordingWriter(path, header) as recording:
        for event in SimulatedMarket(load_config(SHIPPED), 27, START_NS).events():
            if event.ts_ns > START_NS + lasts_s * NS_PER_S:
                break
            recording.write_input(event)
    return path


@asynccontextmanager
async def playing(home: Path, **options: Any) -> AsyncIterator[Running]:
    path = recorded(home.parent / "market.rec")
    setups = "setups.squeeze_guard.enabled=true"
    async with running(home, setups, limits=UNBOUNDED, feed=str(path), **options) as engine:
        yield engine


async def test_a_recording_is_held_stepped_hurried_and_let_go_on(home: Path) -> None:
    async with playing(home) as engine, engine.http() as client:

        async def ask(action: str, **more: Any) -> Any:
            answer = await client.post("/api/replay", json={"action": action, **more})
            assert answer.status_code == 200, answer.text
            return answer.json()

        assert (await ask("pause", by="ada"))["sentence"] == "held"
        await eventually(lambda: len(engine.host.inbox) == 0)
        held_ns = engine.host.source.now_ns()
        assert (await client.get("/api/process")).json()["replay"] == "held"
        for _ in range(50):
            assert (await ask("step"))["sentence"] == "one event on"
        await eventually(lambda: engine.host.source.now_ns() > held_ns)
        assert (await ask("speed", speed=0.5))["sentence"] == "held at 0.5x"
        assert (await client.get("/api/process")).json()["speed"] == 0.5
        assert (await ask("resume", speed=None))["sentence"] == "playing at 0.5x"
        before = engine.host.recent.decisions
        assert (await ask("next_verdict"))["sentence"] == "running to the next verdict"
        await eventually(lambda: engine.host.process().replay == "held")
        assert engine.host.recent.decisions == before + 1


async def test_the_deck_asks_the_same(home: Path) -> None:
    async with playing(home) as engine, EngineClient(local(engine.places.socket), by="test") as client:
        assert await client.replay("pause") == "held"
        assert (await client.process()).replay == "held"
        assert await client.replay("speed", 20.0) == "held at 20x"
        assert await client.replay("resume") == "playing at 20x"


async def test_a_recording_that_has_ended_says_so(home: Path) -> None:
    async with playing(home, speed=0.0) as engine, EngineClient(local(engine.places.socket)) as client:
        await eventually(lambda: engine.host.process().replay == "ended", 30)
        with pytest.raises(EngineRefused, match=r"expected a recording that has events left, was market\.rec"):
            await client.replay("resume")


@pytest.mark.parametrize("action", ["pause", "resume", "step", "next_verdict"])
@pytest.mark.asyncio(loop_scope="module")
async def test_no_other_market_can_be_held(shared: Running, action: str) -> None:
    async with shared.http() as client:
        answer = await client.post("/api/replay", json={"action": action})
    assert answer.status_code == 400
    assert answer.json()["detail"]["reason"] == "expected a recording to play, was a simulated market"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "speed"}, "expected a speed with action speed, was none"),
        ({"action": "step", "speed": 2.0}, "expected no speed with action step, was 2"),
        ({"action": "speed", "speed": -1}, "greater than or equal to 0"),
        ({"action": "speed", "speed": 1e9}, "less than or equal to 1000000"),
        ({"action": "rewind"}, "'pause', 'resume', 'step', 'next_verdict' or 'speed'"),
        ({}, "Field required"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_body_that_cannot_be_is_refused(shared: Running, body: dict[str, Any], said: str) -> None:
    async with shared.http() as client:
        answer = await client.post("/api/replay", json=body)
    assert answer.status_code == 422
    assert said in answer.text

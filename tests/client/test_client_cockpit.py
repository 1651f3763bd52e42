"""The client for programs: typed, asked again where that is safe, and a stream that comes back after a restart."""

import asyncio
from pathlib import Path

import pytest
from engine_process import EngineProcess

from cockpit.client import Cockpit
from cockpit.client.errors import EngineRefused, EngineUnreachable
from tests.patience import patient_s

STRATEGY = "Cross-Exchange Arbitrage"


async def test_it_looks_proposes_and_sheds(engine: EngineProcess) -> None:
    async with Cockpit(engine.places.socket) as client:
        health = await client.health()
        assert (health.mode, health.state) == ("paper", "disarmed")
        with pytest.raises(EngineRefused):
            await client.propose(STRATEGY, "BTC/USD", 50, reason="a test")
        with pytest.raises(EngineRefused, match="unknown strategy 'Nobody'") as refused:
            await client.propose("Nobody", "BTC/USD", 50)
        assert refused.value.status == 404 and refused.value.detail["error"] == "unknown_strategy"
        assert isinstance(await client.trades(), list) and isinstance(await client.verdicts(), list)
        assert (await client.sources())["sources"] == []
        assert "halted by client: enough" in await client.halt("enough")


async def test_what_may_be_asked_twice_is_and_what_sheds_is_not(tmp_path: Path) -> None:
    waited: list[float] = []

    async def sleep(delay_s: float) -> None:
        waited.append(delay_s)

    async with Cockpit(tmp_path / "nobody.sock", sleep=sleep) as client:
        with pytest.raises(EngineUnreachable):
            await client.health()
        assert waited == [0.2, 0.4, 0.8]
        waited.clear()
        with pytest.raises(EngineUnreachable):
            await client.halt("x")
        assert waited == []


async def test_the_stream_comes_back_after_the_engine_has(engine: EngineProcess) -> None:
    seen: list[str] = []

    async def watch(client: Cockpit) -> None:
        async for event in client.events():
            seen.append(event.event)

    async def until(name: str, times: int) -> None:
        async with asyncio.timeout(patient_s(20)):
            while seen.count(name) < times:
                await asyncio.sleep(0.01)

    async with Cockpit(engine.places.socket) as client:
        watching = asyncio.create_task(watch(client))
        await until("connected", 1)
        await engine.stop()
        await until("link_down", 1)
        await engine.start()
        await until("connected", 2)
        watching.cancel()
    assert seen[:2] == ["link_up", "connected"]

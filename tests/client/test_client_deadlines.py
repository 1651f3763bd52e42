"""What opens risk holds for as long as somebody waits for it: by the engine's clock, whatever the screen's says."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engine_process import EngineProcess

from cockpit.client.http import EngineClient, EngineClock
from cockpit.client.live import LiveLink
from cockpit.domain.kinds import EngineState, Mode
from cockpit.domain.stream import SnapshotFrame
from tests.patience import patient_s


class Hands:
    """Two clocks set by hand."""

    wall_s = 1_000.0
    monotonic_s = 50.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_the_engines_clock_is_followed_by_our_monotonic_one(hands: Hands) -> None:
    clock = EngineClock(lambda: hands.wall_s, lambda: hands.monotonic_s)
    assert clock.now_s == 1_000.0
    clock.set(0)
    assert clock.now_s == 1_000.0
    clock.set(5_000_000_000_000)
    hands.monotonic_s += 3.0
    hands.wall_s -= 3_600.0
    assert clock.now_s == 5_003.0


class Kept(EngineClient):
    """Keeps what it would send."""

    sent: dict[str, Any]

    async def _answer(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        self.sent = body or {}
        return 200, msgspec.json.encode({"sentence": "done"})


async def test_only_what_opens_risk_carries_an_end_and_none_longer_than_it_is_waited_for(engine: EngineProcess) -> None:
    async with Kept(engine.socket, timeout_s=2.0) as engine_client:
        now_s = engine_client._clock.now_s
        for opens in (
            engine_client.arm(),
            engine_client.resume("x"),
            engine_client.set_mode(Mode.TEST),
            engine_client.execute({"strategy": "x"}),
        ):
            await opens
            assert 0 < engine_client.sent["expires_at"] - now_s <= 3.0
        for sheds in (
            engine_client.disarm(),
            engine_client.halt("x"),
            engine_client.flatten("x"),
            engine_client.stop(),
        ):
            await sheds
            assert "expires_at" not in engine_client.sent
        await engine_client.execute({"strategy": "x", "expires_at": 1})
        assert engine_client.sent["expires_at"] == 1


async def test_a_screen_whose_own_clock_is_wrong_arms_all_the_same(
    engine: EngineProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    link = LiveLink(engine.tcp(), 20.0)
    frames = link.frames()
    async with asyncio.timeout(patient_s(20)):
        while not isinstance(await anext(frames), SnapshotFrame):
            pass
        assert await link.arm() == "armed in paper mode"
    assert engine.host.engine.risk.state is EngineState.ARMED
    await frames.aclose()
    await link.close()

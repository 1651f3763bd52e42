"""The commands as calls: each answers what the engine did, in the engine's own words."""

import asyncio
import time
from pathlib import Path

import pytest
from api_stage import SIGNAL, Running, flat, running

from cockpit.domain.kinds import EngineState, Mode
from tests.patience import patient_s


def state(engine: Running) -> EngineState:
    return engine.host.engine.risk.state


async def test_arm_halt_resume_disarm(home: Path) -> None:
    async with running(home, arm=False) as engine, engine.http() as client:
        armed = await client.post("/api/arm")
        halted = await client.post("/api/halt", json={"reason": "the news", "by": "ada"})
        arm_again = await client.post("/api/arm", json={})
        no_reason = await client.post("/api/resume", json={"reason": ""})
        resumed = await client.post("/api/resume", json={"reason": "read it, all is well"})
        disarmed = await client.post("/api/disarm", json={"reason": None, "by": None})

    assert armed.json()["ok"] is True
    assert armed.json()["sentence"] == "armed in paper mode"
    assert armed.json()["state"] == "armed"
    assert halted.json()["sentence"] == "halted by ada: the news"
    assert halted.json()["state"] == "halted"
    assert arm_again.status_code == 400
    assert "not armed: halted" in arm_again.json()["detail"]["reason"]
    assert no_reason.status_code == 400
    assert "expected a reason to resume from" in no_reason.json()["detail"]["reason"]
    assert resumed.status_code == 200
    assert resumed.json()["state"] == "disarmed"
    assert disarmed.status_code == 200


async def test_nothing_to_resume_is_said(home: Path) -> None:
    async with running(home, arm=False) as engine, engine.http() as client:
        answer = await client.post("/api/resume", json={"reason": "just so"})

    assert answer.status_code == 400
    assert answer.json()["detail"]["reason"] == "nothing to resume: the engine is disarmed"


async def test_flatten_closes_what_is_open_and_halts(home: Path) -> None:
    async with running(home, speed=1.0) as engine, engine.http() as client:
        await client.post("/api/trade/execute", json=SIGNAL)
        answer = await client.post("/api/flatten", json={"reason": "enough"})
        await flat(engine)
        health = (await client.get("/api/health")).json()
        position = engine.host.session.venue.position("okx", "BTC")

    assert answer.status_code == 200
    assert answer.json()["sentence"] == "flattening 1 open trade"
    assert health["status"] == "halted"
    assert position == 0


async def test_a_real_mode_without_the_real_market_is_refused_and_paper_is_kept(home: Path) -> None:
    async with running(home) as engine, engine.http() as client:
        refused = await client.post("/api/mode", json={"mode": "test", "override_reason": "trust me"})
        client.headers["Authorization"] = f"Bearer {engine.token}"
        up = await client.post("/api/mode", json={"mode": "live", "override_reason": "trust me"})
        same = await client.post("/api/mode", json={"mode": "paper"})

        assert refused.status_code == 401 and "with the token" in refused.json()["detail"]["reason"]
        assert up.status_code == 400
        assert "expected the live feed for live mode, was simulated" in up.json()["detail"]["reason"]
        assert engine.host.mode is Mode.PAPER
        assert same.status_code == 200
        assert same.json()["sentence"].startswith("paper mode")


async def test_the_mode_stays_while_trades_are_open(home: Path) -> None:
    async with running(home, speed=1.0) as engine, engine.http() as client:
        await client.post("/api/trade/execute", json=SIGNAL)
        answer = await client.post("/api/mode", json={"mode": "paper"})

    assert answer.status_code == 400
    assert "1 trade open, expected 0" in answer.json()["detail"]["reason"]


async def test_stop_asks_for_the_positions_fate(home: Path) -> None:
    async with running(home, speed=1.0) as engine, engine.http() as client:
        await client.post("/api/trade/execute", json=SIGNAL)
        unsaid = await client.post("/api/stop", json={"flatten": False, "leave_stops": None})
        both = await client.post("/api/stop", json={"flatten": True, "leave_stops": True})
        assert not engine.ending.why
        left = await client.post("/api/stop", json={"leave_stops": True, "by": "ada"})

        assert unsaid.status_code == 409
        assert "1 trade open: say flatten" in unsaid.json()["detail"]["reason"]
        assert both.status_code == 400
        assert left.json()["sentence"] == "ending: 1 open trade keeps its stops"
        assert engine.ending.why == "stop by ada"
        assert not engine.ending.flatten_first


async def test_stop_with_nothing_open_needs_no_more(home: Path) -> None:
    async with running(home) as engine, engine.http() as client:
        answer = await client.post("/api/stop")
        await asyncio.wait_for(engine.ending.wait(), patient_s(1))

    assert answer.status_code == 200


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", ["arm", "disarm", "halt", "resume", "flatten", "mode", "stop"])
@pytest.mark.parametrize("body", ["[]", '{"reason": 5}', '{"whatever": 1}', '{"by": "\\u001b[2J"}'])
async def test_a_wrong_command_body_is_a_422_and_does_nothing(shared: Running, path: str, body: str) -> None:
    before = state(shared)
    async with shared.http() as client:
        answer = await client.post(f"/api/{path}", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert state(shared) is before


async def test_an_engine_that_does_not_answer_is_a_503_that_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.runtime.host.ANSWER_WITHIN_S", 0.05)
    async with running(home, arm=False) as engine, engine.http() as client:
        core = engine.host.supervisor._tasks["core"]
        core.cancel()
        await asyncio.gather(core, return_exceptions=True)
        answer = await client.post("/api/arm")

    assert answer.status_code == 503
    assert answer.json()["detail"]["error"] == "not_answered"
    assert "whether it was done is unknown" in answer.json()["detail"]["reason"]


@pytest.mark.parametrize("is_local", [False, True], ids=["tcp", "unix"])
async def test_what_opens_risk_is_refused_when_late_and_what_sheds_it_is_not(home: Path, is_local: bool) -> None:
    async with running(home, arm=False) as engine, engine.local() if is_local else engine.http() as client:
        late, early = time.time() - 3.0, time.time() + 60.0
        armed_late = await client.post("/api/arm", json={"expires_at": late})
        assert state(engine) is EngineState.DISARMED
        as_text = await client.post("/api/arm", json={"expires_at": "2020-01-01T00:00:00Z"})
        armed = await client.post("/api/arm", json={"expires_at": early})
        halted = await client.post("/api/halt", json={"reason": "x", "expires_at": late})
        resumed_late = await client.post("/api/resume", json={"reason": "y", "expires_at": late})
        assert state(engine) is EngineState.HALTED
        client.headers["Authorization"] = f"Bearer {engine.token}"
        climbed = await client.post("/api/mode", json={"mode": "test", "override_reason": "z", "expires_at": late})
        flattened = await client.post("/api/flatten", json={"reason": "x", "expires_at": late})
        entry = await client.post("/api/trade/execute", json={**SIGNAL, "expires_at": late})

    assert armed_late.status_code == 400 and "before it came: ask again" in armed_late.json()["detail"]["reason"]
    assert as_text.status_code == 400
    assert armed.status_code == halted.status_code == flattened.status_code == 200
    assert resumed_late.status_code == climbed.status_code == entry.status_code == 400
    assert "before it came: ask again" in resumed_late.json()["detail"]["reason"]

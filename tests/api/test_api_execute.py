"""Signals from outside: they can only propose, each id once, in time, signed where a secret is set."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_stage import ROOMY, SIGNAL, STRATEGY, UNBOUNDED, Running, flat, running
from pydantic import SecretStr

from cockpit.api.signing import sign
from cockpit.domain.actions import CommandAnswered, Decided
from cockpit.domain.kinds import TradePhase
from tests.patience import patient_s

EXECUTE = "/api/trade/execute"


def decisions(engine: Running) -> int:
    return engine.host.recent.decisions


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"side": "short"}, "short %"),
        ({"amount": 5_000}, "notional"),
        ({"amount": 1}, "minimum"),
    ],
)
async def test_a_denied_signal_says_why_with_its_numbers(shared: Running, change: dict[str, Any], reason: str) -> None:
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | change)

    detail = answer.json()["detail"]
    assert answer.status_code == 400
    assert detail.keys() == {"error", "reason", "warnings", "verdict"}
    assert reason in detail["reason"]
    assert any(char.isdigit() for char in detail["reason"])
    assert detail["verdict"]["approved"] is False
    assert len(detail["verdict"]["checks"]) > 10
    assert detail["error"] == f"denied: {detail['verdict']['reason_check']}"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mode": "live"}, "signal asks for live mode, the engine is in paper mode"),
        ({"mode": "test"}, "signal asks for test mode, the engine is in paper mode"),
        ({"pair": "DOGE/USD"}, f"{STRATEGY} trades BTC/USD"),
        ({"pair": "XRP/USDT"}, f"{STRATEGY} trades BTC/USD"),
        ({"exchanges": ["kraken"]}, "this engine runs binance, okx, was asked for kraken"),
        ({"exchanges": ["okx", "kraken"]}, "was asked for kraken"),
        ({"expires_at": 1_600_000_000}, "signal expired"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "signal expired"),
    ],
)
async def test_what_is_not_for_this_engine_is_a_400_with_a_reason(
    shared: Running, change: dict[str, Any], reason: str
) -> None:
    before = decisions(shared)
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | change)

    assert answer.status_code == 400
    assert reason in answer.json()["detail"]["reason"]
    assert answer.json()["detail"]["verdict"] is None
    assert decisions(shared) == before, "the gate was never asked"


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_strategy_is_a_404_with_the_known_names(shared: Running) -> None:
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | {"strategy": "Nobody's"})

    detail = answer.json()["detail"]
    assert answer.status_code == 404
    assert detail["error"] == "unknown_strategy"
    assert detail["known"] == [STRATEGY, "Momentum Signal"]
    assert STRATEGY in detail["reason"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "strategy"),
        (SIGNAL | {"amount": "50"}, "amount"),
        (SIGNAL | {"amount": 0}, "amount"),
        (SIGNAL | {"amount": -5}, "amount"),
        (SIGNAL | {"amount": True}, "amount"),
        (SIGNAL | {"amount": None}, "amount"),
        (SIGNAL | {"side": "up"}, "side"),
        (SIGNAL | {"mode": "demo"}, "mode"),
        (SIGNAL | {"strategy": ""}, "strategy"),
        (SIGNAL | {"strategy": "\x1b[2J"}, "strategy"),
        (SIGNAL | {"id": 5}, "id"),
        (SIGNAL | {"id": "x" * 200}, "id"),
        (SIGNAL | {"expires_at": "soon"}, "expires_at"),
        (SIGNAL | {"expires_at": -1}, "expires_at"),
        (SIGNAL | {"exchanges": "okx"}, "exchanges"),
        (SIGNAL | {"leverage": 20}, "leverage"),
        ([SIGNAL], "body"),
    ],
)
async def test_a_wrong_body_is_a_422_naming_the_field(shared: Running, body: Any, place: str) -> None:
    before = decisions(shared)
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=body)

    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail["error"] == "invalid"
    assert place in {field.split(".")[0] for field in detail["fields"]}
    assert place in detail["reason"] and "expected " in detail["reason"] and ", was " in detail["reason"]
    assert decisions(shared) == before


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"amount": NaN}',
        b'{"amount": 1e999}',
        b'{"strategy": "\\ud800"}',
        b'{"\\ud800": 1}',
        b"[" * 60_000,
        b"null",
    ],
)
async def test_junk_is_a_422_and_never_an_error(shared: Running, content: bytes) -> None:
    async with shared.http() as client:
        answer = await client.post(EXECUTE, content=content, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail["error"] == "invalid" and "expected " in detail["reason"] and detail["fields"]


@pytest.mark.asyncio(loop_scope="module")
async def test_null_means_absent(shared: Running) -> None:
    body = SIGNAL | {"exchanges": None, "id": None, "expires_at": None}
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=body)

    assert answer.status_code == 200, answer.json()


@pytest.mark.asyncio(loop_scope="module")
async def test_auto_takes_the_registered_side_and_venues_are_tried_in_order(shared: Running) -> None:
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | {"side": "auto", "exchanges": ["OKX", "binance"]})

    trade = shared.host.trade(answer.json()["trade_id"])
    assert trade is not None
    assert (trade.side, trade.venue) == ("long", "okx")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_id_gets_the_same_answer_and_one_trade(shared: Running) -> None:
    body = SIGNAL | {"id": "once-only"}
    async with shared.http() as client:
        answers = await asyncio.gather(*(client.post(EXECUTE, json=body) for _ in range(20)))
        later = await client.post(EXECUTE, json=body)

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {later.text}
    sent = [trade for trade in shared.host.recent.trades.values() if trade.signal_id == "once-only"]
    assert len(sent) == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_a_denial_is_repeated_by_id_too_and_not_judged_again(shared: Running) -> None:
    body = SIGNAL | {"id": "denied-once", "side": "short"}
    async with shared.http() as client:
        first = await client.post(EXECUTE, json=body)
        before = decisions(shared)
        again = await client.post(EXECUTE, json=body)

    assert first.status_code == again.status_code == 400
    assert first.text == again.text
    assert decisions(shared) == before


@pytest.mark.asyncio(loop_scope="module")
async def test_another_body_under_a_used_id_is_told_and_trades_nothing(shared: Running) -> None:
    async with shared.http() as client:
        first = (await client.post(EXECUTE, json=SIGNAL | {"id": "used"})).json()
        before = decisions(shared)
        answer = await client.post(EXECUTE, json=SIGNAL | {"id": "used", "amount": 60})

    assert answer.json()["trade_id"] == first["trade_id"]
    assert any("another body" in warning for warning in answer.json()["validation_warnings"])
    assert decisions(shared) == before


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("late", ["epoch", "iso"])
async def test_a_signal_in_time_is_taken_whatever_the_engines_own_clock_says(shared: Running, late: str) -> None:
    """The simulated market's time runs five times as fast: what is left of a signal counts in the sender's time."""
    moment = datetime.now(UTC).timestamp() + 5
    expires_at = moment if late == "epoch" else datetime.fromtimestamp(moment, UTC).isoformat()
    async with shared.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL | {"expires_at": expires_at})

    assert answer.status_code == 200, answer.json()


async def test_a_disarmed_engine_sends_nothing_and_says_so(home: Path) -> None:
    async with running(home, arm=False) as engine, engine.http() as client:
        answer = await client.post(EXECUTE, json=SIGNAL)

        detail = answer.json()["detail"]
        assert answer.status_code == 400
        assert detail["error"] == "not_sent"
        assert detail["reason"].startswith("disarmed: judged, not sent")
        assert detail["verdict"]["approved"] is True
        assert detail["verdict"]["sent"] is False
        assert not engine.host.recent.trades


async def test_a_halted_engine_denies(home: Path) -> None:
    async with running(home) as engine, engine.http() as client:
        await client.post("/api/halt", json={"reason": "lunch"})
        answer = await client.post(EXECUTE, json=SIGNAL)

        assert answer.status_code == 400
        assert "halted by api: lunch" in answer.json()["detail"]["reason"]


async def test_a_used_up_day_is_said(home: Path) -> None:
    limits = (*[text for text in ROOMY if "max_trades_per_day" not in text], "limits.max_trades_per_day=1")
    async with running(home, *limits) as engine, engine.http() as client:
        first = await client.post(EXECUTE, json=SIGNAL)
        second = await client.post(EXECUTE, json=SIGNAL)

        assert first.status_code == 200, first.json()
        assert second.status_code == 400
        assert "1 trade today of 1" in second.json()["detail"]["reason"]


async def test_a_signal_that_ends_well_reports_what_it_earned(home: Path) -> None:
    """After the trade closed, performance and the journal agree to the cent on what it came to."""
    async with running(home, speed=200.0) as engine, engine.http() as client:
        trade_id = (await client.post(EXECUTE, json=SIGNAL)).json()["trade_id"]
        async with asyncio.timeout(patient_s(20)):
            while engine.host.recent.trades[trade_id].phase is not TradePhase.CLOSED:
                await engine.host.log.wait_beyond(engine.host.log.last_seq)
        await asyncio.to_thread(engine.host.journal.flush)
        row = next(
            row
            for row in (await client.get("/api/strategy/performance")).json()["strategies"]
            if row["name"] == STRATEGY
        )
        health = (await client.get("/api/health")).json()
        trade = (await client.get("/api/trades")).json()["trades"][0]

    assert trade["phase"] == "closed"
    assert row["total_trades"] == 1
    assert row["total_profit"] == pytest.approx(trade["profit"])
    assert health["session_pnl"] == pytest.approx(trade["profit"])
    assert row["success_rate"] == float(trade["profit"] > 0)
    assert row["last_trade"] is not None


async def test_performance_goes_on_after_a_restart(home: Path) -> None:
    async with running(home) as engine, engine.http() as client:
        await client.post(EXECUTE, json=SIGNAL)
        await client.post("/api/flatten", json={"reason": "end of the day"})
        await flat(engine)
        await asyncio.to_thread(engine.host.journal.flush)
        before = (await client.get("/api/strategy/performance")).json()
    async with running(home, arm=False) as engine, engine.http() as client:
        after = (await client.get("/api/strategy/performance")).json()

    assert before["total_trades"] == after["total_trades"] == 1
    assert after["total_profit"] == pytest.approx(before["total_profit"])
    assert "journal" in after["source"]


SECRET = SecretStr("a canary of a signing secret, 9f8e7d")
NOW_S = 1_760_000_000


def signed(body: dict[str, Any], stamp: int = NOW_S, secret: SecretStr = SECRET) -> tuple[bytes, dict[str, str]]:
    content = json.dumps(body).encode()
    return content, {
        "content-type": "application/json",
        "X-Cockpit-Signature": f"t={stamp},v1={sign(secret, stamp, content)}",
    }


async def test_with_a_secret_set_only_signed_signals_are_heard(home: Path) -> None:
    environ = {"COCKPIT_SIGNAL_SECRET": SECRET.get_secret_value()}
    good = SIGNAL | {"id": "signed-1"}
    content, headers = signed(good)
    other = SecretStr("another")
    cases: list[tuple[str, bytes, dict[str, str]]] = [
        ("none", content, {"content-type": "application/json"}),
        ("another secret", *signed(good, secret=other)),
        ("too old", *signed(good, NOW_S - 31)),
        ("too new", *signed(good, NOW_S + 31)),
        ("changed body", content.replace(b"50", b"99"), headers),
        ("no form", content, headers | {"X-Cockpit-Signature": "sha256=abc"}),
        ("no stamp", content, headers | {"X-Cockpit-Signature": "v1=abc"}),
        ("no id", *signed(SIGNAL)),
    ]
    async with (
        running(home, environ=environ, wall_clock=lambda: float(NOW_S), limits=UNBOUNDED) as engine,
        engine.http() as client,
    ):
        for name, body, sent in cases:
            answer = await client.post(EXECUTE, content=body, headers=sent)
            assert answer.status_code == 401, name
            assert SECRET.get_secret_value() not in answer.text
            assert answer.json()["detail"]["error"] == "signature", name
        for path in (
            f"{EXECUTE}%0A",
            f"{EXECUTE}/",
            "//api/trade/execute",
            "/api/trade/%65xecute",
            "/x/../api/trade/execute",
        ):
            answer = await client.post(path, json=good)
            assert answer.status_code in (401, 404), path
        assert decisions(engine) == 0

        accepted = await client.post(EXECUTE, content=content, headers=headers)
        replayed = await client.post(EXECUTE, content=content, headers=headers)
        health = await client.get("/api/health")

    assert accepted.status_code == 200, accepted.json()
    assert replayed.text == accepted.text
    assert decisions(engine) == 1
    assert health.status_code == 200, "looking needs no signature"


async def test_every_answer_is_a_fact_of_the_log(home: Path) -> None:
    async with running(home) as engine, engine.http() as client:
        await client.post(EXECUTE, json=SIGNAL | {"id": "logged"})
        entries = [frame.entry for frame in engine.host.log.after(0)]

    answered = [entry for entry in entries if isinstance(entry, CommandAnswered) and entry.command == "signal"]
    decided = [entry for entry in entries if isinstance(entry, Decided)]
    assert [entry.verdict_id for entry in answered] == [entry.verdict.verdict_id for entry in decided]
    assert answered[0].by == "api signal"

"""Entries by hand over HTTP: previewed without a trace, sent once, refused with their numbers."""

from typing import Any

import pytest
from api_stage import SIGNAL, Running, flat, running

from cockpit.domain.actions import CommandAnswered
from cockpit.domain.commands import Flatten

ENTER, PREVIEW = "/api/trade/enter", "/api/trade/preview"
LONG = {"strategy": "manual", "asset": "BTC", "side": "long", "amount": 60}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("body", [LONG, SIGNAL], ids=["manual", "signal"])
async def test_a_preview_shows_the_verdict_and_what_would_be_traded(shared: Running, body: dict[str, Any]) -> None:
    decisions, commands = shared.host.recent.decisions, shared.host.log.last_seq
    async with shared.http() as client:
        answer = await client.post(PREVIEW, json=body)
    found = answer.json()
    assert answer.status_code == 200, found
    traded, sizing = found["traded"], found["verdict"]["sizing"]
    assert traded["qty"] == sizing["qty"] > 0
    assert traded["loss_at_stop_usd"] == pytest.approx(sizing["loss_usd"])
    assert traded["fees_usd"] == pytest.approx(traded["notional_usd"] * 10.0 / 10_000.0)
    assert 0 < traded["break_even_all"] < 100
    assert {"max_notional", "halted"} <= set(found["passes"]) and found["blocks"] == []
    assert found["would_send"] is True
    assert shared.host.recent.decisions == decisions, "a preview leaves no verdict"
    answers = [frame for frame in shared.host.log.after(commands) if isinstance(frame.entry, CommandAnswered)]
    assert answers == []


@pytest.mark.asyncio(loop_scope="module")
async def test_a_preview_says_what_blocks(shared: Running) -> None:
    async with shared.http() as client:
        answer = await client.post(PREVIEW, json=LONG | {"amount": 4_000})
    found = answer.json()
    assert answer.status_code == 200
    assert found["would_send"] is False and found["blocks"] == ["max_notional"]
    assert found["not_sent_because"].startswith("notional 4000.00 USD over 415.00")
    assert found["traded"]["qty"] > 0, "what would be traded is shown all the same"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"side": "up"}, "side"),
        ({"amount": 0}, "amount"),
        ({"entry": {"type": "limit"}}, "entry"),
        ({"entry": {"type": "market", "price": 5.0}}, "entry"),
        ({"stop": {"bps": 600}}, "stop.bps"),
        ({"leverage": 3}, "leverage"),
    ],
)
async def test_a_wrong_body_is_a_422_naming_the_field(shared: Running, change: dict[str, Any], field: str) -> None:
    async with shared.http() as client:
        for path in (PREVIEW, ENTER):
            answer = await client.post(path, json=LONG | change)
            assert answer.status_code == 422, answer.text
            assert field in answer.json()["detail"]["fields"]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_never_reaches_the_gate_is_a_400(shared: Running) -> None:
    async with shared.http() as client:
        for path in (PREVIEW, ENTER):
            answer = await client.post(path, json=LONG | {"stop": {"price": 900_000}})
            assert answer.status_code == 400
            assert "expected a long's stop under its entry, was 900,000 against" in answer.json()["detail"]["reason"]


@pytest.mark.asyncio(loop_scope="module")
async def test_an_entry_is_sent_once_for_its_ticket(shared: Running) -> None:
    body = LONG | {"id": "ticket-1", "risk_usd": 0.2, "amount": None, "by": "a script"}
    async with shared.http() as client:
        first, second = await client.post(ENTER, json=body), await client.post(ENTER, json=body)
        other = await client.post(ENTER, json=body | {"risk_usd": 0.3})
        late = await client.post(ENTER, json=LONG | {"expires_at": 1_600_000_000})
    assert first.status_code == 200, first.text
    assert first.json()["status"] == "open" and first.json()["trade_id"] == second.json()["trade_id"]
    assert "was answered before, for another body" in other.json()["validation_warnings"][-1]
    assert late.status_code == 400 and "not sent: it expired at" in late.json()["detail"]["reason"]
    trade = shared.host.trade(first.json()["trade_id"])
    assert trade is not None and trade.setup == "manual" and trade.risk_usd <= 0.21
    await shared.host.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "test", "over"))
    await flat(shared)


@pytest.mark.asyncio(loop_scope="function")
async def test_disarmed_it_is_judged_and_not_sent(home: Any) -> None:
    async with running(home, arm=False) as engine, engine.http() as client:
        seen = (await client.post(PREVIEW, json=LONG)).json()
        answer = await client.post(ENTER, json=LONG)
    assert seen["would_send"] is False and seen["not_sent_because"].startswith("disarmed")
    assert answer.status_code == 400 and answer.json()["detail"]["error"] == "not_sent"

"""One trade by hand over HTTP: done once for its id, answered with what the engine did, refused in its own words."""

import asyncio
from typing import Any

import pytest
from api_stage import Running, flat, running

from cockpit.domain.commands import DropAlarm, Flatten, SetAlarm
from cockpit.domain.kinds import TradePhase
from cockpit.domain.personal_alarms import AlarmLevel, AlarmOn
from cockpit.domain.trades import TradeRecord
from tests.patience import patient_s


async def entered(engine: Running, client: Any, amount: float = 300.0) -> TradeRecord:
    """A trade of some lots, with its stop resting."""
    body = {"asset": "ETH", "side": "long", "amount": amount, "stop": {"bps": 300}}
    answer = await client.post("/api/trade/enter", json=body | {"targets": [{"distance_bps": 900, "share_pct": 100}]})
    assert answer.status_code == 200, answer.text
    trade_id = answer.json()["trade_id"]
    async with asyncio.timeout(patient_s(10)):
        while not (record := held(engine, trade_id)).stop_rests_on_venue:
            await engine.host.log.wait_beyond(engine.host.log.last_seq)
    return record


def held(engine: Running, trade_id: str) -> TradeRecord:
    trade = engine.host.engine.book.find(trade_id)
    record = trade.record if trade is not None else engine.host.trade(trade_id)
    assert record is not None
    return record


async def until(engine: Running, trade_id: str, is_so: Any) -> TradeRecord:
    async with asyncio.timeout(patient_s(10)):
        while not is_so(held(engine, trade_id)):
            await engine.host.log.wait_beyond(engine.host.log.last_seq)
    return held(engine, trade_id)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_trade_from_entry_to_close(home: Any) -> None:
    async with running(home) as engine, engine.http() as client:
        trade = await entered(engine, client)
        at = f"/api/trades/{trade.trade_id}"
        half = {"share": 0.5, "id": "k-1"}
        first, again = await client.post(f"{at}/close", json=half), await client.post(f"{at}/close", json=half)
        assert first.status_code == 200 and first.json() == again.json(), first.text
        assert first.json()["trade_id"] == trade.trade_id and "at market" in first.json()["sentence"]
        other = await client.post(f"{at}/close", json={"share": 1.0, "id": "k-1"})
        assert other.status_code == 400 and other.json()["detail"]["error"] == "reused_id"
        left = await until(engine, trade.trade_id, lambda one: one.exit_qty > 0 and one.stop_rests_on_venue)
        assert left.open_qty == pytest.approx(trade.open_qty / 2, rel=0.1)

        assert trade.stop_price is not None
        moved = await client.post(f"{at}/stop", json={"tighter_bps": 50})
        assert moved.status_code == 200 and moved.json()["trade"]["stop_price"] > trade.stop_price
        looser = await client.post(f"{at}/stop", json={"price": trade.stop_price - 10})
        assert looser.status_code == 400 and "a stop only comes nearer" in looser.json()["detail"]["reason"]
        await until(engine, trade.trade_id, lambda one: one.stop_rests_on_venue)
        assert (await client.post(f"{at}/trail", json={"bps": 200})).json()["trade"]["trail"]["distance"] == 200
        assert (await client.post(f"{at}/trail", json={})).json()["trade"]["trail"] is None
        ladder = {"targets": [{"distance_bps": 800, "share_pct": 100}]}
        assert (await client.post(f"{at}/targets", json=ladder)).status_code == 200
        assert (await client.post(f"{at}/time-stop", json={"after_s": 5000})).json()["trade"]["time_stop_ns"] > 0

        assert (await client.post("/api/disarm")).status_code == 200
        closed = await client.post(f"{at}/close")
        assert closed.status_code == 200, "exits work disarmed"
        over = await until(engine, trade.trade_id, lambda one: one.phase is TradePhase.CLOSED)
        assert over.exit_reason is not None and over.exit_reason.value == "manual"
        gone = await client.post(f"{at}/close")
        assert gone.status_code == 400 and "expected an open trade (none)" in gone.json()["detail"]["reason"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("what", ["close", "reverse"])
async def test_an_unknown_trade_is_a_404(shared: Running, what: str) -> None:
    async with shared.http() as client:
        answer = await client.post(f"/api/trades/t999999/{what}", json={})
    assert answer.status_code == 404 and answer.json()["detail"]["error"] == "unknown_trade"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("close", {"share": 2}, "share"),
        ("stop", {}, "body"),
        ("stop", {"price": 1, "to": "entry"}, "body"),
        ("trail", {"bps": 1, "r": 1}, "body"),
        ("targets", {}, "targets"),
        ("time-stop", {"after_s": -1}, "after_s"),
    ],
)
async def test_a_wrong_body_is_a_422(shared: Running, path: str, body: dict[str, Any], field: str) -> None:
    async with shared.http() as client:
        answer = await client.post(f"/api/trades/t000001/{path}", json=body)
    assert answer.status_code == 422 and field in answer.json()["detail"]["fields"], answer.text


@pytest.mark.asyncio(loop_scope="module")
async def test_positions_orders_and_alarms(shared: Running) -> None:
    async with shared.http() as client:
        nothing = await client.post("/api/positions/adopt", json={"venue": "okx", "asset": "eth"})
        late = await client.post(
            "/api/positions/adopt", json={"venue": "okx", "asset": "eth", "expires_at": 1_600_000_000}
        )
        order = await client.post("/api/orders/t000099e1/cancel")
        alarm = await client.post("/api/alarms", json={"on": "pnl", "level": -900, "above": False, "action": "flatten"})
        snapshot = (await client.get("/api/snapshot")).json()
        dropped = await client.post("/api/alarms/drop", json={"alarm_id": snapshot["alarms"][-1]["alarm_id"]})
    assert nothing.status_code == 400
    assert "expected a position that is not ours (none), was okx ETH" in nothing.json()["detail"]["reason"]
    assert "it expired at" in late.json()["detail"]["reason"]
    assert order.status_code == 400 and "none of ours" in order.json()["detail"]["reason"]
    assert alarm.status_code == 200 and snapshot["alarms"][-1]["action"] == "flatten"
    assert dropped.status_code == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_whoever_was_answered_sees_what_was_done(shared: Running) -> None:
    alarm = AlarmLevel(AlarmOn.PNL, -900.0, False)
    before = len(shared.host.snapshot().alarms)
    for number in range(1, 4):
        await shared.host.command(lambda now_ns, command_id: SetAlarm(now_ns, command_id, "test", alarm), durable=False)
        assert len(shared.host.snapshot().alarms) == before + number
    await shared.host.command(lambda now_ns, command_id: DropAlarm(now_ns, command_id, "test"))
    assert shared.host.snapshot().alarms == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reverse_closes_and_then_proposes(shared: Running) -> None:
    async with shared.http() as client:
        trade = await entered(shared, client, 60.0)
        answer = await client.post(f"/api/trades/{trade.trade_id}/reverse", json={"amount": 60})
        assert answer.status_code == 200, answer.text
        await until(shared, trade.trade_id, lambda one: one.phase is TradePhase.CLOSED)
    await shared.host.command(lambda now_ns, command_id: Flatten(now_ns, command_id, "test", "over"))
    await flat(shared)

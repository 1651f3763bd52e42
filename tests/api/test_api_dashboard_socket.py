"""`/ws/dashboard`: connected first, then what happens as it happens, and answers to its two questions."""

import asyncio
import json
from pathlib import Path

import pytest
from api_stage import SIGNAL, Running, events, of, running
from websockets.exceptions import ConnectionClosed

from tests.patience import patient_s


async def test_a_trades_life_and_the_kill_switch_are_told(home: Path) -> None:
    async with running(home) as engine, engine.http() as client, engine.socket("/ws/dashboard") as dashboard:
        first = json.loads(await dashboard.recv())
        trade_id = (await client.post("/api/trade/execute", json=SIGNAL)).json()["trade_id"]
        opened = await events(dashboard, ["verdict", "trade_opened"])
        await client.post("/api/flatten", json={"reason": "enough"})
        closed = await events(dashboard, ["kill_switch", "state_changed", "trade_completed", "market_update"])

    assert first["event"] == "connected"
    assert first["data"]["mode"] == "paper"
    assert of(opened, "trade_opened")[0]["trade_id"] == trade_id
    assert of(opened, "verdict")[0]["checks"]
    completed = of(closed, "trade_completed")[0]
    assert completed["trade_id"] == trade_id
    assert completed["profit"] == pytest.approx(
        completed["gross_usd"] - completed["fees_usd"] + completed["funding_usd"]
    )
    assert [data["cause"] for data in of(closed, "kill_switch")] == ["flatten"]
    assert "BTC" in of(closed, "market_update")[0]["assets"]
    assert all({"event", "data", "timestamp"} <= message.keys() for message in opened + closed)


async def test_a_mode_change_is_told(home: Path) -> None:
    from cockpit.domain.commands import SetMode
    from cockpit.domain.kinds import Mode

    async with running(home) as engine, engine.local_socket("/ws/dashboard") as dashboard:
        await dashboard.recv()
        engine.host.gate = None  # it would ask for the real market
        await engine.host.command(
            lambda now_ns, command_id: SetMode(now_ns, command_id, "test", Mode.TEST, "to see it told")
        )
        seen = await events(dashboard, ["mode_changed"])

    assert of(seen, "mode_changed")[0]["after"] == "test"


@pytest.mark.asyncio(loop_scope="module")
async def test_ping_and_stats_are_answered(shared: Running) -> None:
    async with shared.socket("/ws/dashboard") as dashboard:
        await dashboard.send('{"type": "ping"}')
        await dashboard.send('{"type": "request_stats"}')
        seen = await events(dashboard, ["pong", "stats_update"])

    assert seen[0]["event"] == "connected"
    stats = of(seen, "stats_update")[0]
    assert stats["state"] == "armed"
    assert stats["performance"]["strategies"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("message", ["{", "[]", '{"type": "buy"}', "null", '"ping"', b"\xff\xff", "[" * 10_000])
async def test_junk_is_answered_and_ends_nothing(shared: Running, message: str | bytes) -> None:
    async with shared.socket("/ws/dashboard") as dashboard:
        await dashboard.send(message)
        await dashboard.send('{"type": "ping"}')
        seen = await events(dashboard, ["error", "pong"])

    assert "expected" in of(seen, "error")[0]["reason"]


@pytest.mark.asyncio(loop_scope="module")
async def test_outside_news_is_passed_on_under_a_name_that_is_not_ours(shared: Running) -> None:
    async with shared.socket("/ws/dashboard") as dashboard, shared.http() as client:
        await dashboard.recv()
        body = {"event": "trade_completed", "data": {"profit": 12.5}}
        await client.post("/api/dashboard/update", json=body)
        seen = await events(dashboard, ["external_trade_completed"])

    assert of(seen, "external_trade_completed") == [{"profit": 12.5}]
    assert not of(seen, "trade_completed")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_market_is_told_at_most_twice_a_second(shared: Running) -> None:
    loop = asyncio.get_running_loop()
    async with shared.socket("/ws/dashboard") as dashboard:
        await events(dashboard, ["market_update"])
        began = loop.time()
        for _ in range(4):
            await events(dashboard, ["market_update"])
        took_s = loop.time() - began

    assert took_s >= 1.8, "four more take two seconds, but for the pump's own beat"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_client_that_talks_too_much_is_let_go(shared: Running) -> None:
    async with shared.socket("/ws/dashboard") as dashboard:
        with pytest.raises(ConnectionClosed) as ended:
            for _ in range(1_000):
                await dashboard.send('{"type": "ping"}')
            while True:
                await asyncio.wait_for(dashboard.recv(), patient_s(5))

    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code in (1008, 1013), "over the rate, or too many replies waiting"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_huge_message_ends_its_sender_alone(shared: Running) -> None:
    async with shared.socket("/ws/dashboard") as other, shared.socket("/ws/dashboard") as dashboard:
        await other.recv()
        await dashboard.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                await dashboard.recv()
        await other.send('{"type": "ping"}')
        await events(other, ["pong"])

    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1009

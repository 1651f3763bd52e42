"""The official MCP client against a running engine over HTTP: every tool, every refusal, every scope."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from api_stage import ROOMY, SIGNAL, STRATEGY, UNBOUNDED, Running, running
from source_stage import LIMITS, bearer, give_key, of

from cockpit.domain.actions import CommandAnswered
from tests.patience import patient_s

pytest.importorskip("mcp")
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

TRADE = {"strategy": STRATEGY, "pair": "BTC/USD", "amount": 20, "reason": "order flow turned ↑"}
SOURCES = {
    "mind": {"scopes": ["look", "propose"], "limits": {**LIMITS, "proposals_per_minute": 20}},
    "nurse": {"scopes": ["look", "shed"]},
    "flood": {"scopes": ["look", "propose"], "limits": {**LIMITS, "open_trades": 100, "notional_usd_per_day": 1e6}},
}
THOUSANDS, AT_ONCE = 2_000, 50
SMALL = {"concurrent.futures.thread", "sniffio"}
"""What Python itself loads for the first thread, and a library that httpx looks for in vain."""
NEVER = ("arm", "resume", "mode", "override", "adopt", "accept", "config", "stop_engine")


@asynccontextmanager
async def model(room: Running, key: str, mode: str = "auto") -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=bearer(key), timeout=patient_s(30)) as http,
        Client(streamable_http_client(f"{room.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def engine(home: Path) -> Any:
    return running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED)


async def answered(client: Client, tool: str, **arguments: Any) -> tuple[bool, str]:
    """Whether a tool said no, and its text."""
    found = await client.call_tool(tool, arguments)
    text = "".join(getattr(part, "text", "") for part in found.content)
    assert text.isascii() and text.isprintable(), "nothing can steer a terminal"
    return bool(found.is_error), text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_source_looks_proposes_and_is_refused_what_it_lacks(home: Path, mode: str) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room, model(room, key, mode) as mind:
        tools = {tool.name: tool for tool in (await mind.list_tools()).tools}
        assert not [name for name in tools if any(never in name for never in NEVER)]
        assert all("USD" in (tools[name].description or "") for name in ("health", "preview_trade", "market_context"))
        assert all("refusal" in (tools[name].description or "") for name in ("propose_trade", "halt", "close_trade"))
        for resource in (await mind.list_resources()).resources:
            page = await mind.read_resource(resource.uri)
            assert getattr(page.contents[0], "text", "").startswith("{"), resource.uri
        assert '"state":"armed"' in (await answered(mind, "health"))[1]
        assert '"asset":"BTC"' in (await answered(mind, "market_context", asset="btc"))[1]
        assert (await answered(mind, "market_context", asset="DOGE"))[0]
        refused, text = await answered(mind, "propose_trade", **TRADE, id="one")
        assert not refused, text
        (trade,) = room.host.engine.book.trades
        assert trade.record.source == "mind" and trade.record.signal_id == "mind:one"
        assert (await answered(mind, "propose_trade", **TRADE, id="one"))[1] == text, "the same id, the same answer"
        refused, text = await answered(mind, "propose_trade", **{**TRADE, "strategy": "Nobody"})
        assert refused and "unknown strategy 'Nobody'; known: " in text
        refused, text = await answered(mind, "propose_trade", **TRADE, side="short")
        assert refused and "short %" in text
        refused, text = await answered(mind, "explain_verdict", verdict_id=trade.record.verdict_id)
        assert not refused and '"layer":"kill_switch"' in text
        assert (await answered(mind, "explain_verdict", verdict_id="v999999"))[0]
        assert (
            "mind" in (await answered(mind, "verdicts"))[1]
            and trade.record.trade_id in (await answered(mind, "trades"))[1]
        )
        refused, text = await answered(mind, "preview_trade", strategy=STRATEGY, pair="BTC/USD", amount=20)
        assert not refused and '"loss_at_stop_usd"' in text
        refused, text = await answered(mind, "tighten_stop", trade_id=trade.record.trade_id, tighter_bps=3)
        assert not refused, text
        refused, text = await answered(mind, "tighten_stop", trade_id=trade.record.trade_id)
        assert refused and "expected one of tighter_bps and price" in text
        refused, text = await answered(mind, "close_trade", trade_id=trade.record.trade_id)
        assert not refused, text
        answers = [frame.entry for frame in room.host.log.after(0) if isinstance(frame.entry, CommandAnswered)]
        assert [(one.command, one.by) for one in answers][-1] == ("close_trade", "source mind")
        for elsewhere in ("../flatten", "t000001/../../halt", "t000001?by=operator", "t\u0661"):
            refused, text = await answered(mind, "close_trade", trade_id=elsewhere)
            assert refused and "expected a trade's id like t000012" in text
        async with room.http() as operator:
            others = (await operator.post("/api/trade/execute", json=SIGNAL)).json()["trade_id"]
        for tool in ("close_trade", "tighten_stop"):
            more = {"tighter_bps": 3} if tool == "tighten_stop" else {}
            refused, text = await answered(mind, tool, trade_id=others, **more)
            assert refused and f"expected a trade of source mind, was {others}" in text
        for tool in ("halt", "flatten"):
            refused, text = await answered(mind, tool, reason="x")
            assert refused and "has the scopes look, propose, expected shed" in text
        assert room.host.engine.risk.armed


async def test_a_proposal_carries_its_own_entry_stop_targets_and_time(home: Path) -> None:
    key = give_key(home, "mind")
    entry = 'external_strategies.0.entry={"limit_within_s": 30, "limit_away_bps": 4000}'
    async with running(home, *ROOMY, entry, of(SOURCES), limits=UNBOUNDED) as room, model(room, key) as mind:
        price = room.host.engine.market.assets["BTC"].price
        assert price is not None
        limit = round(price * 0.9, 1)
        terms: dict[str, Any] = {
            **{"limit_price": limit, "limit_within_s": 20, "stop_price": round(limit * 0.998, 1), "hold_s": 60},
            "targets": [{"distance_bps": 30, "share_pct": 60}, {"distance_bps": 60, "share_pct": 40}],
        }
        bare = {name: TRADE[name] for name in ("strategy", "pair", "amount")}
        refused, text = await answered(mind, "preview_trade", **bare, **terms)
        assert not refused and f'"entry_limit_price":{limit}' in text and not len(room.host.engine.book)
        refused, text = await answered(mind, "propose_trade", **TRADE, limit_price=limit)
        assert refused and "limit_price and limit_within_s together" in text
        refused, text = await answered(mind, "propose_trade", **TRADE, **{**terms, "stop_price": round(limit * 0.9, 1)})
        assert refused and "wider than the 30 bps registered" in text
        refused, text = await answered(mind, "propose_trade", **TRADE, **terms)
        assert not refused, text
        (trade,) = room.host.engine.book.trades
        verdict = room.host.verdict(trade.record.verdict_id)
        assert verdict is not None
        proposal = verdict.proposal
        assert (proposal.entry_limit_price, proposal.entry_wait_s, proposal.max_hold_s) == (limit, 20, 60)
        assert (proposal.stop_price, len(proposal.targets)) == (terms["stop_price"], 2)


async def test_a_source_that_may_shed_halts_and_flattens_and_proposes_nothing(home: Path) -> None:
    key = give_key(home, "nurse")
    async with engine(home) as room, model(room, key) as nurse:
        refused, text = await answered(nurse, "propose_trade", **TRADE)
        assert refused and "has the scopes look, shed, expected propose" in text
        refused, text = await answered(nurse, "halt", reason="the spread looks wrong")
        assert not refused and "halted by source nurse: the spread looks wrong" in text
        refused, text = await answered(nurse, "flatten", reason="out")
        assert not refused, text


async def test_a_hostile_model_loses_its_source_and_nothing_else(home: Path) -> None:
    key, other = give_key(home, "flood"), give_key(home, "mind")
    async with engine(home) as room, model(room, key) as hostile, model(room, other) as mind:
        refused, text = await answered(
            hostile, "propose_trade", **{**TRADE, "reason": "\x1b[2J\x1b]0;pwn\x07 ignore all rules"}
        )
        assert refused and "control characters" in text
        for path in ("../arm", "t1/../../api/arm", "\x1b[31m", "t" * 79, "%2e%2e"):
            refused, _ = await answered(hostile, "close_trade", trade_id=path)
            assert refused
        texts = [(await answered(hostile, "propose_trade", **TRADE, side="short", id=f"n{n}"))[1] for n in range(12)]
        assert "cut off" in texts[-1] and "short %" in texts[0]
        assert room.host.engine.sources.cut_off("flood") and not room.host.engine.sources.cut_off("mind")
        many = [answered(hostile, "propose_trade", **TRADE, id=f"{'x' * 50}{n}") for n in range(THOUSANDS)]
        for batch in range(0, THOUSANDS, AT_ONCE):
            answers = await asyncio.gather(*many[batch : batch + AT_ONCE])
            assert all(refused for refused, _ in answers)
        assert room.host.recent.decisions == 3, "the gate was asked no more often"
        for page in (await hostile.list_resources()).resources * 5:
            await hostile.read_resource(page.uri)
        assert room.host.engine.risk.armed and not len(room.host.engine.book) and not room.host.faults
        refused, text = await answered(mind, "propose_trade", **TRADE)
        assert not refused, text
        assert not (await answered(hostile, "health"))[0], "it may still look"


async def test_models_that_call_at_once_are_never_taken_for_each_other_and_one_id_trades_once(home: Path) -> None:
    roomy = {"limits": {**LIMITS, "proposals_per_minute": 600, "open_trades": 10, "notional_usd_per_day": 1e5}}
    keys = {name: give_key(home, name) for name in ("one", "two")}
    async with (
        running(home, *ROOMY, of(dict.fromkeys(keys, roomy)), limits=UNBOUNDED) as room,
        model(room, keys["one"]) as one,
        model(room, keys["two"]) as two,
    ):
        clients = {"one": one, "two": two}
        await asyncio.gather(
            *(
                answered(
                    client, "propose_trade", **{**TRADE, "reason": f"of {name}"}, side="short", id=f"{name}{number}"
                )
                for number in range(20)
                for name, client in clients.items()
            )
        )
        async with room.http() as asking:
            found = (await asking.get("/api/verdicts", params={"limit": 200})).json()["verdicts"]
        proposed = [verdict["proposal"] for verdict in found]
        assert sorted(one["signal_id"] for one in proposed) == sorted(
            f"{name}:{name}{number}" for number in range(20) for name in keys
        )
        assert all(f"from {one['source']}; of {one['source']}" in one["why"] for one in proposed)
        answers = await asyncio.gather(*(answered(one, "propose_trade", **TRADE, id="same") for _ in range(20)))
        assert len(set(answers)) == 1 and not answers[0][0] and len(room.host.engine.book) == 1


async def test_without_a_token_nobody_is_served_and_no_key_shows_anywhere(home: Path) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room:
        async with room.http() as client:
            for headers in ({}, bearer("x" * 43)):
                answer = await client.post("/mcp", json={}, headers=headers)
                assert answer.status_code == 401 and "token" in answer.json()["detail"]["reason"]
            page = (await client.get("/api/snapshot")).text + (await client.get("/api/rules")).text
        async with model(room, key) as mind:
            await answered(mind, "propose_trade", **TRADE)
            seen = "".join([page, *[(await answered(mind, tool))[1] for tool in ("health", "verdicts", "trades")]])
        token = room.token
        assert key not in seen and token not in seen
    for file in home.rglob("*"):
        if file.is_file() and file.parent.name != "sources" and file.name != "token":
            content = file.read_bytes()
            assert key.encode() not in content and token.encode() not in content, file


async def test_what_the_protocol_refuses_is_told_as_every_refusal_is(home: Path) -> None:
    key = give_key(home, "mind")
    json_ = {**bearer(key), "Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    ping = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}'
    calls = (
        *((method, b"", json_, 405, f"expected POST, was {method}") for method in ("GET", "DELETE", "PUT")),
        ("POST", b"{", json_, 400, "Parse error"),
        ("POST", b"", json_, 400, "Parse error"),
        ("POST", b"[" * 20_000, json_, 400, "Parse error"),
        ("POST", b"[]", json_, 400, "Validation error"),
        ("POST", b'{"jsonrpc": "2.0", "id": "\\u001b[2J", "method": 7}', json_, 400, "Validation error"),
        ("POST", ping, {**json_, "Content-Type": "text/plain"}, 400, "Content-Type"),
        ("POST", ping, {**json_, "MCP-Protocol-Version": "1999"}, 400, ""),
        ("POST", b"x" * 100_000, json_, 413, "expected a body of at most"),
    )
    async with engine(home) as room, room.http() as client:
        for method, body, headers, status, told_ in calls:
            answer = await client.request(method, "/mcp", content=body, headers=headers)
            detail = answer.json()["detail"]
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
            assert isinstance(detail["error"], str) and told_ in detail["reason"] and detail["reason"].isprintable()
            if method != "POST":
                assert answer.headers["allow"] == "POST"
            elif status == 400 and "Content-Type" not in told_:
                assert answer.json()["jsonrpc"] == "2.0" and "message" in answer.json()["error"], "its own form"
        unknown = await client.post("/mcp", content=b'{"jsonrpc": "2.0", "id": 1, "method": "no"}', headers=json_)
        assert unknown.json()["error"]["message"] == "Method not found"
        assert not room.host.faults and (await client.get("/api/health")).json()["status"] != "halted"


async def test_the_first_call_loads_nothing_on_the_engines_loop(home: Path) -> None:
    """In a process where nobody has imported any of it yet. The longest stall is printed: it is the machine's too."""
    script = Path(__file__).with_name("first_mcp_call.py")
    answered = await asyncio.to_thread(
        subprocess.run, [sys.executable, str(script)], capture_output=True, text=True, timeout=patient_s(120)
    )
    assert answered.returncode == 0, answered.stderr
    found = json.loads(answered.stdout.splitlines()[-1])
    print(f"longest stall {1000 * found['stalled_s']:.0f} ms, the loop's own work {1000 * found['worked_s']:.0f} ms")
    assert found["status"] == 200 and found["healthy"]
    assert set(found["imported"]) <= SMALL, "loaded on the loop"
    assert found["worked_s"] < 0.1

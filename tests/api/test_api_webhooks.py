"""Webhooks of other services, mapped by their templates, and the engine's own events posted to others."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_stage import ROOMY, STRATEGY, UNBOUNDED, eventually, running
from source_stage import LIMITS, bearer, engine, give_key, hmac_signature, of, propose, reason


async def test_a_webhook_may_name_its_entry_and_its_targets(home: Path) -> None:
    hook = {
        "fields": {
            **{"strategy": STRATEGY, "pair": "{{ticker}}/USDT", "amount": "20", "side": "long"},
            **{"entry.price": "{{at}}", "entry.within_s": "20", "targets": "{{exits}}"},
        },
        "token_key": "passphrase",
    }
    key = give_key(home, "chart")
    entry = 'external_strategies.0.entry={"limit_within_s": 30, "limit_away_bps": 4000}'
    sources = of({"chart": {"limits": LIMITS, "webhook": hook}})
    async with running(home, *ROOMY, entry, sources, limits=UNBOUNDED) as room, room.http() as client:
        price = room.host.engine.market.assets["BTC"].price
        assert price is not None
        exits = [{"distance_bps": 30, "share_pct": 60}]
        body = {"ticker": "BTC", "at": f"{price * 0.9:.1f}", "exits": exits, "passphrase": key}
        sent = await client.post("/api/hooks/chart", json=body)
        assert sent.status_code == 200, sent.text
        (trade,) = room.host.engine.book.trades
        assert trade.record.phase.value == "opening" and trade.record.source == "chart"
        verdict = room.host.verdict(trade.record.verdict_id)
    assert verdict is not None and verdict.proposal.entry_limit_price == pytest.approx(price * 0.9, abs=0.1)
    assert [(rung.distance_bps, rung.share_pct) for rung in verdict.proposal.targets] == [(30.0, 60.0)]


async def test_a_webhook_is_mapped_by_its_template_and_its_token_may_be_inside(home: Path) -> None:
    hook = {
        "fields": {
            "strategy": STRATEGY,
            "pair": "{{ticker}}/USDT",
            "amount": "{{order.usd}}",
            "side": "{{order.action}}",
            "id": "tv-{{order.id}}",
            "reason": "{{comment}}",
        },
        "values": {"side": {"buy": "long", "sell": "short"}},
        "token_key": "passphrase",
    }
    key = give_key(home, "chart")
    body = {"ticker": "BTC", "order": {"usd": "20", "action": "buy", "id": 7}, "comment": "crossed", "passphrase": key}
    async with engine(home, chart={"limits": LIMITS, "webhook": hook}) as room, room.http() as client:

        async def posted(path: str = "/api/hooks/chart", **more: Any) -> httpx.Response:
            return await client.post(path, content=json.dumps({**body, **more}), headers={"Content-Type": "text/plain"})

        sent = await posted()
        assert sent.status_code == 200, sent.text
        trade = room.host.trade(sent.json()["trade_id"])
        assert trade is not None and (trade.source, trade.signal_id) == ("chart", "chart:tv-7")
        assert (await posted()).json()["trade_id"] == trade.trade_id, "sent twice, traded once"
        assert (await posted(passphrase="x" * 43)).status_code == 401
        other = give_key(home, "mind")
        assert (await posted(passphrase=other)).status_code == 401, "a key of another source"
        elsewhere = await client.post("/api/hooks/chart", json=body, headers=bearer(other))
        assert elsewhere.status_code == 403 and "expected the webhook of source mind" in reason(elsewhere)
        assert (await posted("/api/hooks/mind")).status_code == 401
        assert (await posted("/api/hooks/nobody")).status_code == 401
        told = await posted(order={"usd": 20, "id": 8})
        assert told.status_code == 422 and "side: expected the key order.action in the body" in reason(told)
        told = await posted(order={"usd": "many", "action": "buy", "id": 9})
        assert told.status_code == 422 and told.json()["detail"]["fields"] == ["amount"]
        told = await posted(comment="\x1b[2J", order={"usd": 20, "action": "buy", "id": 10})
        assert told.status_code == 422
        assert len(room.host.engine.book) == 1


async def test_events_are_posted_signed_and_in_order(home: Path) -> None:
    taken: list[tuple[str, bytes]] = []
    refused = [True]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        named = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        lower = {name.lower(): value for name, value in named.items()}
        content = await reader.readexactly(int(lower["content-length"]))
        status = b"500 No" if refused and refused.pop() else b"200 OK"
        if status.startswith(b"200"):
            taken.append((lower["x-cockpit-signature"], content))
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/events"
    hooks = f'webhooks=[{{"url": "{url}", "events": ["trade_opened", "kill_switch"]}}]'
    secret = {"COCKPIT_WEBHOOK_SECRET": "canary-of-the-webhook-secret-0123456789"}
    async with running(home, *ROOMY, hooks, limits=UNBOUNDED, environ=secret) as room, room.http() as client:
        assert (await propose(client)).status_code == 200
        await client.post("/api/halt", json={"reason": "enough"})
        await eventually(lambda: len(taken) == 2)
    server.close()
    assert [json.loads(content)["event"] for _, content in taken] == ["trade_opened", "kill_switch"]
    for signature, content in taken:
        stamp, given = (part.partition("=")[2] for part in signature.split(","))
        assert given == hmac_signature(secret["COCKPIT_WEBHOOK_SECRET"], stamp.encode() + b"." + content)
    for file in home.rglob("*"):
        assert not file.is_file() or b"canary-of-the-webhook" not in file.read_bytes(), file

"""Registered sources: who they are, what their scopes let them call, and the limits that hold before the gate."""

import asyncio
import base64
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
from api_stage import ROOMY, SIGNAL, STRATEGY, UNBOUNDED, Running, running
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from source_stage import EXECUTE, SOURCES, bearer, engine, give_key, hmac_signature, of, propose, reason

from cockpit.api.source_keys import signed_message
from cockpit.domain.commands import Arm, Resume
from cockpit.domain.kinds import Mode
from tests.patience import patient_s

MAY_POST = {
    *("/api/trade/execute", "/api/trade/preview", "/api/hooks/{source}", "/api/disarm", "/api/halt", "/api/flatten"),
    *("/api/trades/{trade_id}/close", "/api/trades/{trade_id}/stop"),
}
"""What a source may do with the scope for it."""


class Staged(NamedTuple):
    """One engine for many calls, and the keys of its sources."""

    room: Running
    keys: dict[str, str]

    async def armed_anew(self) -> None:
        """As if no call had been made: not halted, and armed."""
        await self.room.host.command(lambda now_ns, command_id: Resume(now_ns, command_id, "test", "the next case"))
        await self.room.host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "test"))
        assert self.room.host.engine.risk.armed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staged() -> AsyncIterator[Staged]:
    directory = Path(tempfile.mkdtemp(prefix="ck-"))
    keys = {name: give_key(directory / "home", name) for name in ("mind", "nurse", "blind", "every")}
    async with engine(directory / "home", every={"scopes": ["look", "propose", "shed"]}) as room:
        yield Staged(room, keys)
    shutil.rmtree(directory)


async def test_a_source_is_on_its_verdict_and_its_trade_and_nobody_elses(home: Path) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room, room.http(**bearer(key)) as mind, room.http() as anybody:
        sent = await propose(mind, id="one")
        other = await propose(anybody, id="one")
        assert sent.status_code == other.status_code == 200
        trade, second = (room.host.trade(answer.json()["trade_id"]) for answer in (sent, other))
        assert trade is not None and second is not None
        assert (trade.source, second.source) == ("mind", "api")
        verdict = room.host.verdict(trade.verdict_id)
        assert verdict is not None and verdict.proposal.source == "mind" and "from mind" in verdict.proposal.why
        (row,) = [one for one in (await mind.get("/api/sources")).json()["sources"] if one["name"] == "mind"]
    assert row["proposals_last_minute"] == 1 and row["open_trades"] == 1 and row["notional_usd"] > 0


@pytest.mark.parametrize(
    ("name", "method", "path", "status"),
    [
        ("mind", "GET", "/api/snapshot", 200),
        ("mind", "POST", "/api/halt", 403),
        ("mind", "POST", "/api/flatten", 403),
        ("nurse", "POST", EXECUTE, 403),
        ("nurse", "POST", "/api/disarm", 200),
        ("nurse", "POST", "/api/halt", 200),
        ("blind", "GET", "/api/snapshot", 403),
        *(
            (name, "POST", path, 403)
            for name in ("mind", "nurse")
            for path in (
                *("/api/arm", "/api/resume", "/api/mode", "/api/bands/accept", "/api/stop", "/api/replay"),
                *("/api/dashboard/update", "/api/sources/lift", "/api/sources/cut-off", "/api/positions/adopt"),
            )
        ),
    ],
)
@pytest.mark.parametrize("at", ["http", "local"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_scope_is_all_a_source_has_at_both_listeners(
    staged: Staged, name: str, method: str, path: str, status: int, at: str
) -> None:
    room, key = staged.room, staged.keys[name]
    await staged.armed_anew()
    client: httpx.AsyncClient = getattr(room, at)()
    async with client:
        answer = await client.request(method, path, headers=bearer(key), json={} if method == "POST" else None)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert f"source {name} has the scopes" in reason(answer)
        assert room.host.engine.risk.armed
    elif path == "/api/halt":
        halt = room.host.engine.risk.accountant.account.halt
        assert halt is not None and "halted by source nurse" in halt.sentence


@pytest.mark.asyncio(loop_scope="module")
async def test_no_call_that_does_something_is_a_sources_unless_it_is_listed(staged: Staged) -> None:
    """Not even with every scope there is, and so for every call that may come."""
    room = staged.room
    await staged.armed_anew()
    asked = 0
    async with room.http(**bearer(staged.keys["every"])) as client:
        for path, methods in (await client.get("/openapi.json")).json()["paths"].items():
            if "post" not in methods or path in MAY_POST:
                continue
            called = path.format(trade_id="t000001", order_id="t000001e1", source="every")
            answer = await client.post(called, json={})
            assert answer.status_code == 403 and "no source may make this call" in reason(answer), path
            asked += 1
    assert asked >= 15 and room.host.engine.risk.armed


async def test_a_flood_loses_its_source_and_nothing_else(home: Path) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room, room.http(**bearer(key)) as mind, room.http() as operator:
        answers = [await propose(mind, side="short", id=f"n{number}") for number in range(12)]
        told = [reason(answer) for answer in answers]
        assert all("short %" in one for one in told[:3])
        assert all("proposed" in one and "within a minute, limit 3" in one for one in told[3:6])
        assert [answer.status_code for answer in answers[6:]] == [400, *[403] * 5]
        assert all("cut off" in one for one in told[6:])
        assert room.host.recent.decisions == 3, "the gate was asked no more often"
        again = await propose(mind, side="long", id="n0")
        assert again.status_code == 403 and not len(room.host.engine.book)
        assert (await mind.get("/api/health")).status_code == 200, "it may still look"
        assert (await propose(operator)).status_code == 200
        lifted = await operator.post("/api/sources/lift", json={"source": "mind", "reason": ""})
        assert lifted.status_code == 400 and "expected a reason" in reason(lifted)
        lifted = await operator.post("/api/sources/lift", json={"source": "mind", "reason": "reviewed"})
        assert lifted.status_code == 200 and "it was cut off" in lifted.json()["sentence"]
        assert (await propose(mind, id="anew")).status_code == 200


async def test_the_score_of_a_flood_is_in_the_api_and_in_the_report(home: Path) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room, room.http(**bearer(key)) as mind, room.http() as operator:
        assert (await propose(mind, id="good")).status_code == 200
        for number in range(8):
            await propose(mind, side="short", id=f"n{number}")
        told: dict[str, Any] = {}

        async def counted() -> bool:
            told["scores"] = (await operator.get("/api/sources")).json()["scores"]
            told["report"] = (await operator.get("/api/report")).json()
            return bool(told["report"]["cut_off"] and told["report"]["by_source"][0]["proposals"] == 3)

        async with asyncio.timeout(patient_s(10)):
            while not await counted():
                await asyncio.sleep(0.02)
        (score,) = told["scores"]
        assert (score["source"], score["strategy"], score["proposals"], score["sent"]) == ("mind", STRATEGY, 3, 1)
        assert score["approved"] == 1 and score["denied_by"] == {"short_pct": 2}
        assert score["slippage_bps"] is not None and score["win_rate"] is None
        assert told["report"]["by_source"] == [score]
        (cut,) = told["report"]["cut_off"]
        assert cut["source"] == "mind" and "within a minute, limit 3" in cut["reason"] and cut["since_ns"] > 0


async def test_nobody_takes_an_id_of_a_source_before_it_does(home: Path) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room, room.http(**bearer(key)) as mind, room.http() as anybody:
        told = await propose(anybody, id="mind:one")
        assert told.status_code == 422 and "those of source mind, was 'mind:one'" in reason(told)
        assert told.json()["detail"]["fields"] == ["id"]
        assert (await propose(anybody, id="nobody:one")).status_code == 200
        assert (await propose(mind, id="one")).status_code == 200
        assert [trade.record.source for trade in room.host.engine.book.trades] == ["api", "mind"]


async def test_the_days_notional_and_open_trades_hold_before_the_gate(home: Path) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room, room.http(**bearer(key)) as mind:
        over = await propose(mind, amount=121)
        assert "would have sent 121.00 USD today, limit 120.00" in reason(over)
        assert (await propose(mind)).status_code == 200
        assert (await propose(mind, pair="ETH/USD")).status_code == 200
        assert "proposed 4 times within a minute, limit 3" in reason(await propose(mind, pair="SOL/USD"))


async def test_no_more_trades_are_open_at_once_than_the_source_may_have(home: Path) -> None:
    key = give_key(home, "blind")
    async with engine(home) as room, room.http(**bearer(key)) as blind:
        for pair in ("BTC/USD", "ETH/USD"):
            assert (await propose(blind, pair=pair)).status_code == 200
        assert "has 2 open trades, limit 2" in reason(await propose(blind, pair="SOL/USD"))
        assert len(room.host.engine.book) == 2


async def test_a_new_key_counts_at_once_and_the_old_one_until_it_is_taken_away(home: Path) -> None:
    old = give_key(home, "mind")
    async with engine(home) as room:

        async def status(key: str) -> int:
            async with room.http(**bearer(key)) as client:
                return (await client.post("/api/arm")).status_code

        assert await status(old) == 403
        new = give_key(home, "mind", secrets.token_urlsafe(32), old)
        assert (await status(new), await status(old)) == (403, 403)
        give_key(home, "mind", new)
        assert (await status(new), await status(old)) == (403, 401)
        (home / "sources" / "mind.keys").chmod(0o644)
        give_key(home, "mind", f"{new} ")
        (home / "sources" / "mind.keys").chmod(0o644)
        assert await status(new) == 401, "keys that others can read are nobody's"


@pytest.mark.parametrize("mode", [Mode.PAPER, Mode.TEST])
@pytest.mark.parametrize("at", ["http", "local"])
async def test_a_key_that_is_nobodys_is_no_operator_where_none_is_needed(home: Path, at: str, mode: Mode) -> None:
    """A source whose key was taken away must not gain what it never had by showing it still."""
    key, signing = give_key(home, "mind"), give_key(home, "signer")
    async with running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED, mode=mode, arm=False) as room:
        give_key(home, "mind", secrets.token_urlsafe(32))
        for shown in (f"Bearer {key}", f"Bearer {signing}", f"Bearer {room.token}x", f"Basic {room.token}", "Bearer"):
            async with getattr(room, at)() as client:
                client.headers["Authorization"] = shown
                for method, path in (("POST", "/api/arm"), ("POST", EXECUTE), ("GET", "/api/health")):
                    answer = await client.request(method, path, json=SIGNAL if path == EXECUTE else None)
                    assert answer.status_code == 401, path
                    assert "expected 'Authorization: Bearer' with the token" in reason(answer)
        assert not room.host.engine.risk.armed and not len(room.host.engine.book)
        async with room.local() as client:
            client.headers["Authorization"] = f"Bearer {room.token}"
            assert (await client.post("/api/disarm")).status_code == 200


@pytest.mark.parametrize("name", ["signer", "curve"])
async def test_a_signature_is_of_this_call_and_its_id_trades_once_over_a_restart(home: Path, name: str) -> None:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    key = give_key(home, name, *((public,) if name == "curve" else ()))
    sign: Callable[[bytes], str] = (
        (lambda message: private.sign(message).hex())
        if name == "curve"
        else (lambda message: hmac_signature(key, message))
    )
    body = httpx.Request("POST", "http://x", json={**SIGNAL, "id": "once"}).content
    stamp = int(time.time())

    def headers(path: str = EXECUTE, signed: bytes = body, at: int = stamp) -> dict[str, str]:
        signature = sign(signed_message(at, "POST", path, signed))
        return {
            "X-Cockpit-Source": name,
            "X-Cockpit-Signature": f"t={at},v1={signature}",
            "Content-Type": "application/json",
        }

    started = running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED, wall_clock=lambda: float(stamp))
    async with started as room, room.http() as client:
        sent = await client.post(EXECUTE, content=body, headers=headers())
        assert sent.status_code == 200, sent.text
        trade = room.host.trade(sent.json()["trade_id"])
        assert trade is not None and (trade.source, trade.signal_id) == (name, f"{name}:once")
        for refused in (
            await client.post(EXECUTE, content=body.replace(b"50", b"60"), headers=headers()),
            await client.post("/api/trade/execute", content=body, headers=headers("/api/flatten")),
            await client.post(EXECUTE, content=body, headers=headers(at=stamp - 40)),
            await client.post(EXECUTE, content=body, headers=headers(at=stamp + 40)),
            await client.post(EXECUTE, content=body, headers={**headers(), "X-Cockpit-Source": "mind"}),
            await client.post(EXECUTE, content=body, headers={**headers(), "X-Cockpit-Source": "nobody"}),
        ):
            assert refused.status_code == 401 and "expected" in reason(refused)
        without_id = httpx.Request("POST", "http://x", json=SIGNAL).content
        told = await client.post(EXECUTE, content=without_id, headers=headers(signed=without_id))
        assert told.status_code == 401 and "expected an id" in reason(told)
        assert len(room.host.engine.book) == 1
    restarted = running(home, *ROOMY, of(SOURCES), limits=UNBOUNDED, wall_clock=lambda: float(stamp))
    async with restarted as room, room.http() as client:
        before = room.host.engine.decisions.next_trade
        again = await client.post(EXECUTE, content=body, headers=headers())
        assert room.host.engine.decisions.next_trade == before
        assert again.status_code in (200, 400)


async def test_a_restart_in_a_flood_replays_nothing_and_stays_cut_off(home: Path) -> None:
    key = give_key(home, "mind")
    async with engine(home) as room, room.http(**bearer(key)) as mind:
        first = await propose(mind, id="kept")
        for number in range(8):
            await propose(mind, id=f"n{number}")
        traded = room.host.engine.decisions.next_trade
        assert first.status_code == 200 and room.host.engine.sources.cut_off("mind")
    async with engine(home) as room, room.http(**bearer(key)) as mind, room.http() as operator:
        for number in range(8):
            answer = await propose(mind, id=f"n{number}")
            assert answer.status_code == 403 and "cut off" in reason(answer)
        await operator.post("/api/sources/lift", json={"source": "mind", "reason": "reviewed"})
        answers = [await propose(mind, id=one) for one in ("kept", "n0", "n1")]
        assert room.host.engine.decisions.next_trade == traded
    assert all(answer.status_code == 200 or "before the engine restarted" in reason(answer) for answer in answers), (
        "the answer of then, or that it was handled then"
    )


async def test_a_shadow_is_judged_and_never_sent(home: Path) -> None:
    key = give_key(home, "ghost")
    async with engine(home) as room, room.http(**bearer(key)) as ghost:
        answer = await propose(ghost)
        told = answer.json()["detail"]
        assert answer.status_code == 400 and told["error"] == "not_sent"
        assert told["reason"] == "source ghost is a shadow: judged, never sent"
        assert told["verdict"]["approved"] and not len(room.host.engine.book)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"stop_bps": 20, "stop_price": 1.0}, "expected one of stop_bps and stop_price"),
        ({"stop_price": 1e8}, "expected a stop on the losing side"),
        ({"stop_price": 1.0}, "wider than the 30 bps registered"),
        ({"entry": {"price": 100.0, "within_s": 5}}, "enters at market, was a limit at 100"),
    ],
)
async def test_a_signals_terms_are_held_to_what_is_registered(home: Path, terms: dict[str, Any], told: str) -> None:
    async with engine(home) as room, room.http() as client:
        assert told in reason(await propose(client, **terms))


async def test_a_limit_entry_and_a_hold_within_what_is_registered_are_traded(home: Path) -> None:
    entry = 'external_strategies.0.entry={"limit_within_s": 30, "limit_away_bps": 40}'
    async with running(home, *ROOMY, entry, limits=UNBOUNDED) as room, room.http() as client:
        price = room.host.engine.market.assets["BTC"].price
        assert price is not None
        far = await propose(client, entry={"price": price * 0.99, "within_s": 5})
        late = await propose(client, entry={"price": price, "within_s": 31})
        sent = await propose(client, entry={"price": round(price * 1.002, 1), "within_s": 20}, hold_s=60)
        trade = room.host.trade(sent.json()["trade_id"])
    assert "bps from the market, registered for Cross-Exchange Arbitrage are 40" in reason(far)
    assert "expected within_s up to the 30 s" in reason(late)
    assert trade is not None and trade.max_hold_s == 60

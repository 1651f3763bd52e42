"""Calls: what the engine did, why it said no, or that nobody answered; a command is never sent twice."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engine_process import EngineProcess

from cockpit.client import http as client
from cockpit.client.address import Address, local, remote
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http import EngineClient
from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import EngineState, Mode
from tests.patience import patient_s


@asynccontextmanager
async def answering(
    *parts: bytes, every_s: float = 0.0, hang: bool = False
) -> AsyncIterator[tuple[Address, list[bytes]]]:
    """A server that takes each request whole, answers these bytes, and closes (or hangs)."""
    asked: list[bytes] = []
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.append(await reader.read(65_536))
            for part in parts:
                writer.write(part)
                await asyncio.sleep(every_s)
            if hang:
                await reader.read()
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield remote(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), asked
    server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, server.wait_closed(), return_exceptions=True)


def http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("way", ["socket", "tcp"])
async def test_commands_answer_what_the_engine_did(way: str, engine: EngineProcess) -> None:
    async with EngineClient(engine.socket if way == "socket" else engine.tcp(), by="test") as engine_client:
        assert await engine_client.arm() == "armed in paper mode"
        assert (await engine_client.snapshot()).state is EngineState.ARMED
        assert await engine_client.disarm() == "disarmed; no trade is open"
        assert await engine_client.halt("a look") == "halted by test: a look"
        assert (await engine_client.resume("looked")).startswith(
            "resumed, still disarmed: arm to trade (halted by test: a look"
        )
        assert await engine_client.set_mode(Mode.PAPER) == "paper mode, disarmed"
        assert await engine_client.flatten("the end") == "flattening 0 open trades"
        assert await engine_client.stop() == "ending: no trade is open"
        assert engine.ending.why == "stop by test"


async def test_looks(engine: EngineProcess) -> None:
    async with EngineClient(engine.socket) as engine_client:
        assert (await engine_client.health())["mode"] == "paper"
        assert (await engine_client.performance())["total_trades"] == 0
        assert (await engine_client.verdicts(limit=5, offset=1))["verdicts"] == []
        assert (await engine_client.trades())["trades"] == []
        assert (await engine_client.snapshot()).mode is Mode.PAPER
        assert (await engine_client.process()).pid == engine.host.process().pid


async def test_a_refusal_carries_the_engines_own_sentence(engine: EngineProcess) -> None:
    async with EngineClient(engine.socket) as engine_client:
        with pytest.raises(EngineRefused, match="nothing to resume: the engine is disarmed") as refused:
            await engine_client.resume("why not")
        assert refused.value.status == 400
        with pytest.raises(EngineRefused, match="expected the live feed for"):
            await engine_client.set_mode(Mode.LIVE)
        with pytest.raises(EngineRefused, match="unknown strategy 'Nobody'; known: ") as unknown:
            await engine_client.execute(
                {"strategy": "Nobody", "pair": "BTC/USD", "amount": 50, "side": "long", "mode": "paper"}
            )
        assert unknown.value.status == 404
        assert "Cross-Exchange Arbitrage" in unknown.value.detail["known"]
        with pytest.raises(EngineRefused) as wrong:
            await engine_client.execute({"strategy": 7})
        assert wrong.value.status == 422


async def test_a_wrong_token_is_a_refusal_that_does_not_show_it(home: Path, shipped_config: CockpitConfig) -> None:
    engine = EngineProcess(home, shipped_config, host="0.0.0.0")
    await engine.start()
    try:
        async with EngineClient(engine.tcp("canary-token")) as engine_client:
            with pytest.raises(EngineRefused, match="was another") as refused:
                await engine_client.arm()
        assert refused.value.status == 401
        assert (
            "canary" not in f"{refused.value} {refused.value.detail} {engine_client.address} {engine_client.address!r}"
        )
        async with EngineClient(engine.tcp(engine.token)) as engine_client:
            assert await engine_client.arm() == "armed in paper mode"
    finally:
        await engine.stop()


async def test_where_nobody_is_the_sentence_says_where(home: Path) -> None:
    for address in (local(home / "engine.sock"), remote("http://127.0.0.1:9")):
        async with EngineClient(address) as engine_client:
            with pytest.raises(EngineUnreachable, match=f"expected an engine at {address}, was none: "):
                await engine_client.arm()


async def test_a_command_is_never_sent_twice() -> None:
    async with answering() as (address, asked):
        async with EngineClient(address) as engine_client:
            with pytest.raises(EngineUnreachable, match="expected an engine at "):
                await engine_client.flatten("now")
        assert len(asked) == 1
        assert asked[0].startswith(b"POST /api/flatten ")


async def test_a_command_after_the_engine_went_and_came_back_reaches_the_new_one(engine: EngineProcess) -> None:
    """The connection that was kept is dead; that is found out before anything is sent on it."""
    async with EngineClient(engine.socket) as engine_client:
        await engine_client.arm()
        await engine.stop()
        await engine.start()
        assert await engine_client.arm() == "armed in paper mode"


@pytest.mark.parametrize("way", ["never", "a byte at a time"])
async def test_a_whole_call_has_an_end(way: str) -> None:
    slow = [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 100] if way != "never" else []
    async with answering(*slow, every_s=0.05, hang=True) as (address, asked):
        began_s = time.monotonic()
        async with EngineClient(address, timeout_s=0.3) as engine_client:
            with pytest.raises(EngineUnreachable, match=r"expected an answer from .* within 0.3 s, was none"):
                await engine_client.flatten("now")
        assert time.monotonic() - began_s < min(4.0, patient_s(2.0))
        assert len(asked) == 1


JUNK = {
    "text": http("200 OK", b"hello"),
    "a list": http("200 OK", b"[1]"),
    "no sentence": http("200 OK", b"{}"),
    "no UTF-8": http("200 OK", b'{"sentence": "\xff"}'),
    "deep": http("200 OK", b'{"x":' + b"[" * 100_000),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "redirect": http("302 Found", b""),
    "defect": http("500 Internal Server Error", b'{"detail": {"error": "defect", "reason": "unexpected error"}}'),
    "late": http("503 Service Unavailable", b'{"detail": {"reason": "was none: may have been done"}}'),
    "a proxy's page": http("502 Bad Gateway", b"<html>\x1b[31mBad Gateway</html>"),
}


@pytest.mark.parametrize("what", JUNK)
async def test_what_is_no_engines_answer_leaves_it_open_whether_the_command_was_done(what: str) -> None:
    async with answering(JUNK[what]) as (address, asked), EngineClient(address) as engine_client:
        with pytest.raises(EngineUnreachable) as unreachable:
            await engine_client.halt("now")
        assert str(unreachable.value).isprintable()
        assert str(address) in str(unreachable.value)
        assert len(asked) == 1


async def test_an_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 1_000)
    body = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5_000
    async with answering(body) as (address, _), EngineClient(address) as engine_client:
        with pytest.raises(EngineUnreachable, match="expected an answer of at most 1000 bytes"):
            await engine_client.health()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"detail": {"error": "x", "reason": "no, 3 of 3"}}', "no, 3 of 3"),
        (b'{"detail": "plainly no"}', "plainly no"),
        (b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required"),
        (b"<html>no\x1b[31m</html>", "<html>no [31m</html>"),
        (b"", "HTTP 400"),
        (b'{"detail": ' + b"[" * 50_000, "[[["),
    ],
)
async def test_the_sentence_is_found_wherever_the_answer_has_it(body: bytes, sentence: str) -> None:
    async with answering(http("400 Bad Request", body)) as (address, _), EngineClient(address) as engine_client:
        with pytest.raises(EngineRefused) as refused:
            await engine_client.arm()
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 400

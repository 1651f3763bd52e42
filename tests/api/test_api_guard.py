"""Who is let in: tokens, hosts, origins, sizes, rates; what is refused is counted and logged, without any secret."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from api_stage import SIGNAL, Running, running
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cockpit.api.admission import Admission, Listener
from cockpit.api.limits import Limits
from cockpit.api.tokens import TokenError, load_token
from cockpit.domain.kinds import Mode
from tests.patience import patient_s

CANARY = "canary-of-a-signing-secret-5551212"


async def raw(engine: Running, request: bytes) -> bytes:
    """What the TCP door answers to these bytes, until it closes."""
    port = int(engine.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(-1), patient_s(10))
    finally:
        writer.close()


# Tokens.


@pytest.mark.parametrize(
    ("mode", "bound", "needs"),
    [
        (Mode.PAPER, "127.0.0.1", False),
        (Mode.PAPER, "localhost", False),
        (Mode.PAPER, "::1", False),
        (Mode.PAPER, "127.8.9.10", False),
        (Mode.PAPER, "0.0.0.0", True),
        (Mode.PAPER, "::", True),
        (Mode.PAPER, "", True),
        (Mode.PAPER, "192.168.1.5", True),
        (Mode.PAPER, "myhost", True),
        (Mode.TEST, "127.0.0.1", True),
        (Mode.LIVE, "127.0.0.1", True),
        (Mode.LIVE, "0.0.0.0", True),
    ],
)
def test_when_a_token_is_needed(tmp_path: Path, mode: Mode, bound: str, needs: bool) -> None:
    token = load_token(tmp_path / "token")

    assert Admission(Listener("tcp", bound), token, lambda: mode).needs_token is needs
    assert Admission(Listener("unix", is_socket=True), token, lambda: mode).needs_token is False


async def test_test_mode_needs_the_token_on_tcp_and_not_on_the_unix_socket(home: Path) -> None:
    async with running(home, mode=Mode.TEST) as engine:
        right = f"Bearer {engine.token}"
        cases = {
            None: 401,
            "": 401,
            "Bearer": 401,
            "Bearer wrong": 401,
            f"Basic {engine.token}": 401,
            f"Bearer {engine.token}x": 401,
            f"Bearer {engine.token[:-1]}": 401,
            engine.token: 401,
            right: 200,
            right.lower().replace(engine.token.lower(), engine.token): 200,
        }
        for value, status in cases.items():
            async with engine.http(**({"Authorization": value} if value is not None else {})) as client:
                for method, path in (
                    ("GET", "/api/health"),
                    ("POST", "/api/arm"),
                    ("GET", "/docs"),
                    ("GET", "/metrics"),
                ):
                    answer = await client.request(method, path)
                    assert answer.status_code == status, (value, path)
                    assert engine.token not in answer.text
                    if status == 401:
                        assert answer.headers["www-authenticate"] == "Bearer"
        async with engine.local() as client:
            assert (await client.get("/api/health")).json()["mode"] == "test"


async def test_two_authorization_headers_count_as_none(home: Path) -> None:
    async with running(home, mode=Mode.TEST) as engine:
        headers = [("Authorization", f"Bearer {engine.token}"), ("Authorization", "Bearer other")]
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.get(f"{engine.url}/api/health", headers=headers)

    assert answer.status_code == 401


async def test_a_websocket_shows_its_token_in_the_header_or_the_first_message(home: Path) -> None:
    async with running(home, mode=Mode.TEST, limits=Limits(first_message_within_s=0.3)) as engine:
        header = {"Authorization": f"Bearer {engine.token}"}
        auth = json.dumps({"type": "auth", "token": engine.token})
        async with engine.socket("/ws/dashboard", **header) as dashboard:
            assert json.loads(await dashboard.recv())["event"] == "connected"
        async with engine.socket("/ws/dashboard") as dashboard:
            await dashboard.send(auth)
            assert json.loads(await dashboard.recv())["event"] == "connected"
        async with engine.socket("/ws/stream") as screen:
            await screen.send(json.dumps({"token": engine.token}))
            assert await screen.recv()
        with pytest.raises(InvalidStatus) as refused:
            async with engine.socket("/ws/stream", Authorization="Bearer wrong"):
                pass
        assert refused.value.response.status_code == 401
        for path, message in (
            ("/ws/dashboard", '{"type": "auth", "token": "wrong"}'),
            ("/ws/dashboard", '{"type": "request_stats"}'),
            ("/ws/dashboard", '{"type": "auth", "token": 5}'),
            ("/ws/dashboard", None),
            ("/ws/stream", '{"token": "wrong"}'),
            ("/ws/stream", "{}"),
            ("/ws/stream", None),
        ):
            async with engine.socket(path) as client:
                if message is not None:
                    await client.send(message)
                with pytest.raises(ConnectionClosed) as ended:
                    await asyncio.wait_for(client.recv(), patient_s(5))
                assert ended.value.rcvd is not None
                assert ended.value.rcvd.code == 1008, (path, message)


async def test_a_climb_from_paper_ends_the_sockets_that_showed_no_token(home: Path) -> None:
    from cockpit.domain.commands import SetMode

    async with (
        running(home, arm=False) as engine,
        engine.socket("/ws/dashboard") as outsider,
        engine.socket("/ws/dashboard", Authorization=f"Bearer {engine.token}") as known,
        engine.local_socket("/ws/dashboard") as local,
    ):
        for client in (outsider, known, local):
            await client.recv()
        engine.host.gate = None  # it would ask for the real market
        await engine.host.command(lambda now_ns, command_id: SetMode(now_ns, command_id, "test", Mode.TEST, "to see"))
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                await asyncio.wait_for(outsider.recv(), patient_s(5))
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1008
        for client in (known, local):
            await client.send('{"type": "ping"}')
            async with asyncio.timeout(patient_s(5)):
                while json.loads(await client.recv())["event"] != "pong":
                    pass


def test_the_token_is_made_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = load_token(path)
    text = path.read_text().strip()

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(text) >= 40
    assert token.matches(text)
    assert load_token(path).matches(text)
    assert not token.matches(text[:-1])
    assert not token.matches("")
    assert not token.matches("\udcff")
    assert text not in repr(token)
    assert text not in str(token)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "mode", "what"),
    [
        ("x" * 40, 0o644, "expected .* to be 0600, was 0644"),
        ("x" * 40, 0o660, "expected .* to be 0600, was 0660"),
        ("", 0o600, "expected at least 32 characters in .*, was 0"),
        ("short", 0o600, "expected at least 32 characters in .*, was 5"),
    ],
)
def test_a_token_that_is_none_is_refused(tmp_path: Path, content: str, mode: int, what: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)

    with pytest.raises(TokenError, match=what):
        load_token(path)


# Sizes, times, rates.


async def test_bodies_are_capped_in_size_and_in_time(home: Path) -> None:
    async with running(home, limits=Limits(body_bytes=1_000, request_within_s=0.3)) as engine, engine.http() as client:
        exact = await client.post("/api/arm", content=b" " * 1_000)
        long = await client.post("/api/arm", content=b" " * 1_001)

        async def chunks():  # type: ignore[no-untyped-def]
            for _ in range(20):
                yield b"x" * 100

        chunked = await client.post("/api/arm", content=chunks())
        head = b"POST /api/arm HTTP/1.1\r\nHost: localhost\r\n"
        lying = await raw(engine, head + b"Content-Length: 99999999999999999999\r\n\r\n")
        slow = await raw(engine, head + b"Content-Length: 10\r\n\r\n{")

    assert exact.status_code == 422
    assert long.status_code == chunked.status_code == 413
    assert long.json()["detail"]["reason"] == "expected a body of at most 1000 bytes, was longer"
    assert lying.startswith(b"HTTP/1.1 413")
    assert slow.startswith(b"HTTP/1.1 408")


async def test_a_client_over_its_rate_is_told_when_to_come_back_and_can_still_flatten(home: Path) -> None:
    limits = Limits(calls_per_s=0.5, calls_burst=5, shed_per_s=0.5, shed_burst=3)
    async with running(home, limits=limits) as engine, engine.http() as client:
        statuses = [(await client.get("/api/health")).status_code for _ in range(8)]
        refused = await client.get("/api/health")
        with pytest.raises(InvalidStatus) as socket_refused:
            async with engine.socket("/ws/dashboard"):
                pass
        shed = [(await client.post("/api/flatten")).status_code for _ in range(5)]
        async with engine.local() as local:
            at_the_other_door = await local.get("/api/health")

    assert statuses == [200] * 5 + [429] * 3
    assert int(refused.headers["retry-after"]) >= 1
    assert socket_refused.value.response.status_code == 429
    assert shed == [200] * 3 + [429] * 2, "a flood of looks leaves the flatten's own allowance alone"
    assert at_the_other_door.status_code == 200


async def test_websockets_are_capped_and_a_place_is_free_again_afterwards(home: Path) -> None:
    async with running(home, limits=Limits(sockets=2)) as engine:
        async with engine.socket("/ws/dashboard") as one, engine.socket("/ws/stream"):
            await one.recv()
            with pytest.raises(InvalidStatus) as refused:
                async with engine.socket("/ws/dashboard"):
                    pass
            async with engine.local_socket("/ws/dashboard") as local:
                assert await local.recv()
        assert refused.value.response.status_code == 503
        async with asyncio.timeout(patient_s(10)):
            while True:
                try:
                    async with engine.socket("/ws/dashboard") as again:
                        assert await again.recv()
                    break
                except InvalidStatus:
                    continue


async def test_a_connection_that_asks_for_nothing_is_closed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.api.protocols.IDLE_S", 0.2)
    async with running(home, arm=False) as engine:
        assert await raw(engine, b"") == b""
        assert await raw(engine, b"GET /api/health HTTP/1.1\r\nHost: loc") == b""


async def test_an_answer_that_takes_too_long_is_a_503(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never = asyncio.Event()

    async def hang(*_: object) -> None:
        await never.wait()

    async with running(home, limits=Limits(answer_within_s=0.2)) as engine, engine.http() as client:
        monkeypatch.setattr(engine.host, "command", hang)
        answer = await client.post("/api/arm")

    assert answer.status_code == 503
    assert "what was asked may have been done" in answer.json()["detail"]["reason"]


async def test_a_defect_is_a_500_without_its_traceback_which_is_logged(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a secret of the inside")

    async with running(home) as engine, engine.http() as client:
        monkeypatch.setattr(engine.host, "process", broken)
        answer = await client.get("/api/process")
        monkeypatch.undo()

    assert answer.status_code == 500
    assert answer.json()["detail"]["error"] == "defect"
    assert "secret of the inside" not in answer.text
    assert any("ZeroDivisionError" in line.get("traceback", "") for line in engine.api_log())


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /ws/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_http_ends_its_connection_alone(shared: Running, request_: bytes) -> None:
    answer = await raw(shared, request_)
    async with shared.http() as client:
        assert (await client.get("/api/health")).status_code == 200

    assert b"200 OK" not in answer


# What is written down.


async def test_every_refusal_is_counted_and_logged_and_no_secret_ever_is(home: Path) -> None:
    environ = {"COCKPIT_SIGNAL_SECRET": CANARY}
    async with running(home, mode=Mode.TEST, environ=environ) as engine:
        token = engine.token
        answers = []
        async with engine.http() as outsider, engine.http(Authorization=f"Bearer {token}") as known:
            answers += [
                await outsider.get("/api/health"),
                await outsider.get(f"/api/health?token={token}", headers={"Authorization": f"Bearer {token}x"}),
                await known.get("/api/health", headers={"Host": f"{token[:20]}.evil.example"}),
                await known.get("/api/health", headers={"Origin": "http://evil.example"}),
                await known.get("/nowhere"),
                await known.post("/api/trade/execute", json=SIGNAL | {"token": token}),
                await known.post("/api/arm", json={"reason": 5, "secret": CANARY, token: 1}),
                await known.post("/api/trade/execute", json=SIGNAL, headers={"X-Cockpit-Signature": CANARY}),
                await known.post("/api/dashboard/update", json={"event": "market_update", "data": {"asset": token}}),
                await known.get("/api/snapshot"),
                await known.get("/api/process"),
                await known.get("/openapi.json"),
            ]
            metrics = (await known.get("/metrics")).text
        async with engine.socket("/ws/stream", Authorization=f"Bearer {token}") as screen:
            await screen.send("{}")
            hello = bytes(await screen.recv()) + bytes(await screen.recv())
        with pytest.raises(ConnectionClosed):
            async with engine.socket("/ws/dashboard") as dashboard:
                await dashboard.send(json.dumps({"type": "auth", "token": token[:-1] + "!"}))
                await dashboard.recv()
        things = repr(engine.server) + repr(engine.server.context) + repr(vars(engine.server))

    refused = engine.server.context.log.refused
    assert refused["token"] >= 2
    for reason in ("host", "origin", "unknown_path", "validation", "signature", "websocket"):
        assert refused[reason] >= 1, reason
        assert reason == "websocket" or f'cockpit_api_refused_total{{reason="{reason}"}}' in metrics
    lines = engine.api_log()
    assert sum(refused.values()) == sum(line["message"].startswith("refused") for line in lines)
    assert all({"at", "level", "door", "client", "method", "path"} <= line.keys() for line in lines)
    written = [path.read_bytes() for path in home.rglob("*") if path.is_file() and path != engine.places.token]
    shown = [metrics, things, *(answer.text for answer in answers[:3] + answers[9:])]
    for secret in (token, CANARY):
        assert not any(secret.encode() in content for content in (*written, hello))
        assert not any(secret in text for text in shown)

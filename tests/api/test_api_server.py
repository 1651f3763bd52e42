"""The server itself: its two doors, what it refuses to start on, what a restart finds, and the seed's own client."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from api_stage import SIGNAL, Running, eventually, running
from websockets.exceptions import ConnectionClosed

from cockpit.api.server import open_port, open_socket, url_of
from cockpit.domain.kinds import EngineState
from cockpit.runtime.startup import CannotStart
from tests.patience import patient_s

ROOT = Path(__file__).resolve().parents[2]
SEED_CLIENT = """
import sys
import httpx

response = httpx.post(sys.argv[1] + "/api/trade/execute", json={
    "strategy": "Cross-Exchange Arbitrage", "pair": "BTC/USD", "amount": 50, "side": "long", "mode": "paper"
})
if response.status_code == 200:
    result = response.json()
    print(f"Trade executed: {result['trade_id']}")
    print(f"Profit: ${result['profit']:.2f}")
else:
    error = response.json()
    print(f"Trade rejected: {error['detail']['reason']}")
"""


async def run(*arguments: str, **environ: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | environ, cwd=ROOT
    )
    out, err = await asyncio.wait_for(process.communicate(), patient_s(30))
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_the_seeds_client_works_as_it_stands(home: Path) -> None:
    async with running(home) as engine:
        taken = await run("-c", SEED_CLIENT, engine.url)
        async with engine.http() as client:
            await client.post("/api/disarm")
        rejected = await run("-c", SEED_CLIENT, engine.url)

    assert taken == "Trade executed: t000001\nProfit: $-0.02\n"
    assert rejected == "Trade rejected: disarmed: judged, not sent: arm first\n"


PUBLISHED_CLIENT = """
import sys
import httpx

response = httpx.post(sys.argv[1] + "/api/trade/execute", content=sys.argv[2], headers={
    "Content-Type": "application/json"
})
if response.status_code == 200:
    print(f"Profit: ${response.json()['profit']:.2f}")
else:
    error = response.json()
    print(f"{response.status_code} {error['detail']['error']}: {error['detail']['reason']}")
"""
BODY = {"strategy": "Cross-Exchange Arbitrage", "pair": "BTC/USD", "amount": 50}


@pytest.mark.parametrize("more", [{}, {"mode": "paper"}, {"side": None, "mode": None}, {"side": "auto"}])
async def test_the_published_body_needs_neither_side_nor_mode(home: Path, more: dict[str, object]) -> None:
    async with running(home) as engine:
        said = await run("-c", PUBLISHED_CLIENT, engine.url, json.dumps(BODY | more))
        [trade] = engine.host.recent.trades.values()

    assert said == "Profit: $-0.02\n"
    assert (trade.side, trade.mode) == ("long", "paper")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (BODY | {"side": "up"}, "422 invalid: side: expected 'auto', 'long' or 'short', was 'up'\n"),
        (BODY | {"amount": -1}, "422 invalid: amount: expected greater than 0, was -1\n"),
        (BODY | {"leverage": 20}, "422 invalid: leverage: expected a field of this call, was another\n"),
        (
            {"strategy": "Cross-Exchange Arbitrage", "amount": "fifty"},
            "422 invalid: pair: expected a value, was absent; amount: expected a valid number, was 'fifty'\n",
        ),
        ("[1", "422 invalid: body: expected JSON in UTF-8, was something else\n"),
        (BODY | {"strategy": "x"}, "404 unknown_strategy: unknown strategy 'x'; known: Cross-Exchange Arbitrage,"),
        (BODY | {"exchanges": ["nowhere"]}, "400 refused: this engine runs binance, okx, was asked for nowhere\n"),
        (BODY | {"mode": "live"}, "400 refused: signal asks for live mode, the engine is in paper mode\n"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_refusal_reads_in_the_published_client(shared: Running, body: object, said: str) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    assert (await run("-c", PUBLISHED_CLIENT, shared.url, content)).startswith(said)


async def test_every_refusal_of_every_route_has_its_error_and_reason_as_text(home: Path) -> None:
    """Every path of the API, called in every wrong way there is."""
    async with running(home, arm=False) as engine, engine.http() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
        answers = [await client.request("PATCH", path) for path in [*paths, "/api/nothing"]]
        answers += [await client.post(path, content=b"{") for path, calls in paths.items() if "post" in calls]
        answers += [await client.post(path, json={"?": 1}) for path, calls in paths.items() if "post" in calls]
        answers += [await client.get(f"{path}?limit=x") for path, calls in paths.items() if "get" in calls]
    refused = [answer for answer in answers if answer.status_code >= 400]
    assert len(refused) > 2 * len(paths)
    for answer in refused:
        detail = answer.json()["detail"]
        assert isinstance(detail["error"], str) and isinstance(detail["reason"], str), answer.text
        assert detail["error"] and detail["reason"]


async def test_the_doors_are_as_private_as_promised(home: Path) -> None:
    async with running(home, arm=False) as engine:
        assert stat.S_IMODE(engine.places.socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(engine.places.token.stat().st_mode) == 0o600
        assert engine.url.startswith("http://127.0.0.1:")
        assert not engine.url.endswith(":0")
        tasks = {task.name: task.state for task in engine.host.process().tasks}
        assert tasks["api tcp"] == tasks["api unix"] == "running"

    assert not engine.places.socket.exists()


async def test_a_dead_engines_socket_is_replaced(home: Path) -> None:
    home.mkdir(mode=0o700)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(home / "engine.sock"))
    dead.close()
    async with running(home, arm=False) as engine, engine.local() as client:
        assert (await client.get("/api/health")).status_code == 200


async def test_somebody_elses_file_is_not(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "engine.sock").write_text("precious")
    with pytest.raises(CannotStart, match=r"expected .*engine.sock to be a socket or absent, was another file"):
        async with running(home):
            pass

    assert (home / "engine.sock").read_text() == "precious"


async def test_a_token_others_can_read_keeps_it_from_starting(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "token").write_text("x" * 43)
    (home / "token").chmod(0o644)
    with pytest.raises(CannotStart, match="to be 0600, was 0644"):
        async with running(home):
            pass


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"expected port {port} on 127.0.0.1 to be free, was: Address already"):
            open_port("127.0.0.1", port)


def test_a_host_that_is_not_here_is_one_line() -> None:
    with pytest.raises(CannotStart, match=r"expected --host|to be free"):
        open_port("no-such-host.invalid", 0)


def test_a_socket_path_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="choose a shorter --home"):
        open_socket(tmp_path / ("x" * 120))


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")]
)
def test_the_url_names_the_real_port(host: str, url: str) -> None:
    with open_port(host, 0) as listening:
        assert url_of(listening, host) == f"http://{url}:{listening.getsockname()[1]}"


async def test_both_doors_end_everybody_at_the_end_read_or_not(home: Path) -> None:
    async with running(home, arm=False) as engine:
        reading = await engine.socket("/ws/dashboard")
        silent = await engine.socket("/ws/stream")
        await silent.send("{}")
        await reading.recv()
        async with asyncio.timeout(patient_s(10)):
            await engine.server.stop()
        with pytest.raises(ConnectionClosed):
            while True:
                await asyncio.wait_for(reading.recv(), patient_s(5))
        await engine.server.stop()
        silent.transport.abort()


async def test_a_door_that_falls_is_opened_again(home: Path) -> None:
    async with running(home, arm=False) as engine, engine.local() as local:
        broken = engine.server._servers[0]._server
        assert broken is not None
        broken.should_exit = True
        views = engine.host.supervisor.views
        await eventually(lambda: next(task for task in views() if task.name == "api tcp").state == "backing_off")
        during = (await local.get("/api/health")).json()
        await eventually(lambda: next(task for task in views() if task.name == "api tcp").state == "running")
        async with engine.http() as client:
            assert (await client.get("/api/health")).status_code == 200

    assert during["status"] == "degraded"
    assert any("api tcp" in problem for problem in during["problems"])


async def ready(process: asyncio.subprocess.Process) -> str:
    """The URL of a `cockpit engine` once it says it is ready."""
    assert process.stdout is not None
    async with asyncio.timeout(patient_s(30)):
        while line := (await process.stdout.readline()).decode():
            if line.startswith("ready at "):
                return line.split()[2].rstrip(":")
    raise AssertionError("the engine ended before it was ready")


async def engine_process(home: Path, *options: str) -> asyncio.subprocess.Process:
    arguments = (
        "-m",
        "cockpit",
        "--home",
        str(home),
        "engine",
        "--port",
        "0",
        "--speed",
        "2",
        "--seed",
        "7",
        *options,
    )
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=subprocess.PIPE, cwd=ROOT)


async def traded(client: httpx.AsyncClient, body: dict[str, object]) -> httpx.Response:
    """The signal's answer, asked again for as long as the market has no price yet."""
    async with asyncio.timeout(patient_s(20)):
        while True:
            answer = await client.post("/api/trade/execute", json=body | {"id": os.urandom(8).hex()})
            if answer.status_code == 200 or "price" not in answer.json()["detail"]["reason"]:
                return answer


async def test_the_command_serves_both_doors_and_a_kill_forgets_no_signal(home: Path) -> None:
    process = await engine_process(home, "--arm", "--shock", "hf:0:2.9")
    try:
        url = await ready(process)
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
            answer = await traded(client, dict(SIGNAL))
            assert answer.status_code == 200, answer.json()
        transport = httpx.AsyncHTTPTransport(uds=str(home / "engine.sock"), verify=False)
        async with httpx.AsyncClient(base_url="http://localhost", transport=transport) as local:
            assert (await local.get("/api/health")).json()["state"] == "armed"
            trade = (await local.get("/api/trades")).json()["trades"][0]
    finally:
        process.send_signal(signal.SIGKILL)
        await process.communicate()

    async with running(home, arm=False) as second, second.http() as client:
        again = await client.post("/api/trade/execute", json=SIGNAL | {"id": trade["signal_id"]})
        known = (await client.get("/api/trades")).json()["trades"]

    assert [entry["signal_id"] for entry in known] == [trade["signal_id"]]
    assert again.status_code == 200, again.json()
    assert again.json()["trade_id"] == answer.json()["trade_id"]


async def test_the_command_ends_when_the_api_says_so(home: Path) -> None:
    process = await engine_process(home)
    try:
        url = await ready(process)
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
            assert (await client.post("/api/stop", json={})).status_code == 200
        async with asyncio.timeout(patient_s(15)):
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()

    assert process.returncode == 0
    assert not (home / "engine.sock").exists()


async def test_truncated_commands_are_not_carried_out(home: Path) -> None:
    """A caller cut off in the middle of its body has asked for nothing."""
    async with running(home) as engine:
        port = int(engine.url.rsplit(":", 1)[1])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST /api/flatten HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(head + b"Content-Length: 500\r\n\r\n")
        await writer.drain()
        writer.transport.abort()
        refused = engine.server.context.log.refused
        await eventually(lambda: refused["gone"] == 1)

        assert engine.host.engine.risk.accountant.account.halt is None


async def test_the_first_command_finds_everything_built(home: Path) -> None:
    """No command came of the rehearsal, and nothing was written down or counted."""
    async with running(home, arm=False) as engine:
        assert engine.server._app.middleware_stack is not None
        assert engine.host.snapshot().state is EngineState.DISARMED
        assert not engine.server.context.log.refused
    assert engine.api_log() == []

"""Host and Origin: no DNS rebinding, no calls from another site."""

import socket

import pytest
from api_stage import Running
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from cockpit.api.admission import Admission, Headers, Listener
from cockpit.api.tokens import Token
from cockpit.domain.kinds import Mode


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.nip.io", 403),
        ("localhost@evil.example", 403),
        ("evil.example#localhost", 403),
        ("localhost:port", 403),
        ("192.168.1.5", 403),
        ("", 403),
        ("[::1", 403),
    ],
)
async def test_a_host_of_somebody_elses_is_dns_rebinding(shared: Running, host: str, status: int) -> None:
    async with shared.http() as client:
        answer = await client.get("/api/health", headers={"Host": host})

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["detail"]["error"] == "host"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", ["/ws/stream", "/ws/dashboard"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:3000"}]
)
async def test_another_sites_page_opens_no_websocket(shared: Running, path: str, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with shared.socket(path, **headers):
            pass

    assert refused.value.response.status_code == 403


@pytest.mark.asyncio(loop_scope="module")
async def test_only_a_page_we_served_may_call(shared: Running) -> None:
    async with shared.http() as client:
        own = await client.post("/api/disarm", headers={"Origin": shared.url})
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "file://", shared.url + ".evil.example"):
            answer = await client.post("/api/flatten", headers={"Origin": origin})
            assert answer.status_code == 403, origin
            assert answer.json()["detail"]["error"] == "origin"
        await client.post("/api/arm")
    async with shared.socket("/ws/dashboard", Origin=shared.url) as dashboard:
        assert await dashboard.recv()

    assert own.status_code == 200
    assert shared.host.engine.risk.accountant.account.halt is None


TOKEN = Token.__new__(Token)


LOOPBACK = Admission(Listener("tcp", "127.0.0.1"), TOKEN, lambda: Mode.PAPER)


EVERYWHERE = Admission(Listener("tcp", "0.0.0.0"), TOKEN, lambda: Mode.PAPER)


@given(st.text(max_size=40))
def test_only_this_machines_names_are_hosts(name: str) -> None:
    headers = Headers([(b"host", name.encode("utf-8", "replace"))])
    refusal = LOOPBACK.host_refusal(headers)

    known = name.lower().split(":")[0] in ("localhost", "127.0.0.1") or name.startswith("[::1]")
    assert refusal is None or not known or ":" in name
    if not known:
        assert refusal is not None


@pytest.mark.parametrize(
    ("host", "welcome"),
    [
        ("10.0.0.7:8000", True),
        ("[fe80::1]:8000", True),
        (socket.gethostname(), True),
        ("localhost:8000", True),
        ("evil.example", False),
    ],
)
def test_bound_to_everything_addresses_and_its_own_name_are_hosts(host: str, welcome: bool) -> None:
    assert (EVERYWHERE.host_refusal(Headers([(b"host", host.encode())])) is None) is welcome


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
async def test_a_call_that_another_site_made_is_refused_also_when_it_is_empty_and_names_no_origin(
    shared: Running, site: str
) -> None:
    async with shared.http() as client:
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
        posted = await client.post("/api/disarm", headers=headers)
        formed = await client.post("/api/disarm", headers={**headers, "Sec-Fetch-Mode": "navigate"})
        followed = await client.get("/docs", headers={**headers, "Sec-Fetch-Mode": "navigate"})
        own = await client.post("/api/disarm", headers={"Sec-Fetch-Site": "same-origin"})
    assert posted.status_code == formed.status_code == 403
    assert "Sec-Fetch-Site" in posted.json()["detail"]["reason"]
    assert followed.status_code == own.status_code == 200

"""When a call came, at the earliest: what a loop that stood still finds may have come at any time meanwhile."""

import asyncio
import http.client
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_stage import STRATEGY, Running, running

from cockpit.api.arrivals import ARRIVED_NS, Arrivals, waited_s
from cockpit.api.limits import Limits
from cockpit.domain.units import NS_PER_S
from cockpit.exchanges.base.steady_clock import running_ns
from tests.patience import patient_s

LONG_NS = 12 * NS_PER_S
OPENS_RISK = {
    "/api/arm": {},
    "/api/trade/enter": {"strategy": "manual", "asset": "BTC", "side": "long", "amount": 60},
    "/api/positions/adopt": {"venue": "okx", "asset": "BTC"},
}
TRADE = {"strategy": STRATEGY, "pair": "BTC/USD", "amount": 50, "side": "long", "reason": "a test"}
LIFT = {"source": "desk", "reason": "looked"}
MCP = {"Accept": "application/json, text/event-stream"}


class Loop:
    """A loop that looks at its sockets when told."""

    def __init__(self) -> None:
        self.now_ns = 100 * NS_PER_S
        self.polled_ns = self.now_ns

    def arrivals(self, since_ns: int) -> Arrivals:
        return Arrivals(lambda: self.polled_ns, since_ns, lambda: self.now_ns)

    def stand_still(self, for_ns: int) -> None:
        self.now_ns += for_ns

    def pass_time(self, for_ns: int) -> None:
        self.now_ns += for_ns
        self.polled_ns = self.now_ns


def test_what_a_well_loop_finds_came_just_now() -> None:
    loop = Loop()
    arrivals = loop.arrivals(0)
    loop.pass_time(LONG_NS)
    assert arrivals.earliest_ns() == loop.now_ns


def test_what_is_found_after_it_stood_still_may_be_as_old_as_that() -> None:
    loop = Loop()
    arrivals = loop.arrivals(0)
    loop.pass_time(1)
    before_ns = loop.now_ns
    loop.stand_still(LONG_NS)
    assert arrivals.earliest_ns() == before_ns


def test_a_connection_taken_in_late_is_as_old_as_its_listener_says_until_the_loop_has_looked_at_it() -> None:
    loop = Loop()
    loop.stand_still(LONG_NS)
    came_ns = 100 * NS_PER_S
    connection = loop.arrivals(came_ns)
    connection.read_on()
    assert connection.earliest_ns() == came_ns
    loop.pass_time(1)
    assert connection.earliest_ns() == loop.now_ns


def test_a_crowd_that_was_left_waiting_is_not_young_because_the_loop_looked_elsewhere() -> None:
    loop = Loop()
    listener = loop.arrivals(loop.now_ns)
    listener.more_waits(loop.now_ns)
    came_ns = loop.now_ns
    loop.stand_still(LONG_NS)
    listener.read_on()
    assert listener.earliest_ns() == came_ns
    listener.emptied()
    assert listener.earliest_ns() == loop.now_ns


def test_who_asks_all_the_time_is_never_old() -> None:
    loop = Loop()
    listener = loop.arrivals(loop.now_ns)
    for _ in range(1_000):
        loop.pass_time(10)
        loop.stand_still(5)
        listener.more_waits(listener.earliest_ns())
        listener.emptied()
    assert loop.now_ns - listener.earliest_ns() <= 15


def test_what_came_through_no_socket_has_not_waited() -> None:
    assert waited_s() == 0.0
    token = ARRIVED_NS.set(running_ns() - 3 * NS_PER_S)
    assert 3.0 <= waited_s() < 4.0
    ARRIVED_NS.reset(token)


@pytest.mark.parametrize("how", ["tcp", "unix"])
async def test_a_loop_that_stood_still_refuses_what_opens_risk_and_does_the_rest(home: Path, how: str) -> None:
    held_s = 0.3
    limits = Limits(opens_within_s=held_s, shed_per_s=1e6, shed_burst=1e6)
    async with running(home, arm=False, limits=limits) as engine:
        for path, body in OPENS_RISK.items():
            status, text = await found_after_standing_still(engine, how, path, body, 2 * held_s)
            assert status == 400 and " s before it came: ask again" in text, (path, text)
        status, text = await found_after_standing_still(engine, how, "/api/sources/lift", LIFT, 2 * held_s)
        assert status == 400 and "expected a call that came at most 0.3 s ago, was one that may have waited" in text
        for path in ("/api/halt", "/api/disarm", "/api/flatten"):
            assert (await found_after_standing_still(engine, how, path, {}, 2 * held_s))[0] == 200


async def test_a_tool_called_over_the_port_is_as_old_as_its_own_call(home: Path) -> None:
    pytest.importorskip("mcp")
    called = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "propose_trade", "arguments": TRADE},
    }
    async with running(home, limits=Limits(opens_within_s=0.3)) as engine:
        shown = {**MCP, "Authorization": f"Bearer {engine.token}"}
        async with engine.http(**shown) as client:
            listed = await client.post("/mcp", json={"jsonrpc": "2.0", "id": 0, "method": "tools/list"})
        assert '"propose_trade"' in listed.text, listed.text
        _, text = await found_after_standing_still(engine, "tcp", "/mcp", called, 0.6, **shown)
        assert "signal expired at " in text and len(engine.host.engine.book) == 0, text


async def found_after_standing_still(
    engine: Running, how: str, path: str, body: dict[str, Any], for_s: float, **headers: str
) -> tuple[int, str]:
    """The answer to a call that was sent while the loop did nothing at all for so long."""
    sent = threading.Event()

    def call() -> tuple[int, str]:
        connection = http.client.HTTPConnection(httpx.URL(engine.url).host, httpx.URL(engine.url).port)
        if how == "unix":
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(engine.places.socket))
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
        sent.set()
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    calling = asyncio.get_running_loop().run_in_executor(None, call)
    assert sent.wait(patient_s(10))
    time.sleep(for_s)  # the loop is what stands still
    return await calling

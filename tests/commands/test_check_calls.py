"""`cockpit check` finds what is not as the contract says, in an answer of a server that is not quite one."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.commands.checking import check_api
from cockpit.config.places import find_places
from cockpit.domain.kinds import Mode

HEALTH: dict[str, Any] = {
    "status": "healthy",
    "uptime_seconds": 1,
    "active_strategies": 5,
    "risk_gate_status": "active",
    "aave_health_factor": None,
    "session_pnl": -0.5,
    "mode": "paper",
    "state": "armed",
    "feeds": {"stream.BTC": {"age_s": 0.1, "state": "fresh", "more": "is welcome"}},
    "more": "is welcome",
}
STRATEGY = {
    "name": "x",
    "type": "y",
    "total_trades": 1,
    "total_profit": 0.5,
    "success_rate": None,
    "avg_execution_time": None,
    "last_trade": None,
    "status": "idle",
}
PERFORMANCE = {"strategies": [STRATEGY], "total_profit": 0.5, "total_trades": 1, "session_start": "2025-10-19"}
DENIED = {"detail": {"error": "gate", "reason": "short % 56.2 at or above 54.0", "warnings": [], "verdict": None}}
SENT = {
    "trade_id": "t1",
    "status": "open",
    "profit": 0.0,
    "execution_time": 0.05,
    "timestamp": "now",
    "validation_warnings": [],
    "risk_adjustments": {
        "original_amount": 50.0,
        "adjusted_amount": 40.0,
        "size_multiplier": 0.8,
        "stop_loss_bps": 28.0,
    },
}


class Script:
    """The status and body to answer with, and what was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body: Any = HEALTH
        self.asked: list[dict[str, Any]] = []
        self.url = ""


@pytest.fixture
def script() -> Iterator[Script]:
    told = Script()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(told.body).encode()
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            told.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.do_GET()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def checked(script: Script, test: str, mode: Mode = Mode.PAPER) -> tuple[int, list[str]]:
    said: list[str] = []
    code = check_api(find_places(Path("/nowhere")), said.append, url=script.url, token="", test=test, mode=mode)
    return code, said[1:-1]


@pytest.mark.parametrize(
    ("test", "body"), [("health", HEALTH), ("performance", PERFORMANCE), ("health", {**HEALTH, "session_pnl": 1})]
)
def test_what_the_contract_says_passes_and_additions_are_welcome(test: str, body: Any, script: Script) -> None:
    script.body = body
    code, [line] = checked(script, test)
    assert (code, line[:4]) == (0, "ok  ")


@pytest.mark.parametrize(
    ("test", "status", "body", "finding"),
    [
        ("health", 200, {**HEALTH, "status": "fine"}, "Invalid enum value 'fine' - at `$.status`"),
        ("health", 200, {key: HEALTH[key] for key in HEALTH if key != "mode"}, "missing required field `mode`"),
        ("health", 200, {**HEALTH, "aave_health_factor": "2.5"}, "Expected `float | null`, got `str`"),
        ("health", 200, {**HEALTH, "feeds": {"x": {"age_s": 1.0}}}, "missing required field `state`"),
        ("health", 200, [HEALTH], "expected an engine's answer"),
        ("health", 500, HEALTH, "HTTP 500"),
        ("performance", 200, {**PERFORMANCE, "total_trades": 7}, "expected total_trades to be the strategies' sum"),
    ],
)
def test_what_it_does_not_say_fails_with_the_finding(
    test: str, status: int, body: Any, finding: str, script: Script
) -> None:
    script.status, script.body = status, body
    code, [line] = checked(script, test)
    assert code == 1
    assert line.startswith("FAIL  ")
    assert finding in line


@pytest.mark.parametrize(
    ("status", "body", "passes"),
    [
        (200, SENT, [True, False, False]),
        (400, DENIED, [True, False, False]),
        (400, {"detail": {"error": "x", "reason": "y"}}, [False, False, False]),
        (404, {"detail": {"error": "x", "reason": "known: a"}}, [False, True, False]),
        (422, {"detail": {"error": "invalid", "reason": "pair: absent", "fields": ["pair"]}}, [False, False, True]),
        (422, {"detail": {"error": "invalid", "reason": "nothing", "fields": []}}, [False, False, False]),
        (422, {"detail": [{"loc": ["body"], "msg": "Field required", "type": "missing"}]}, [False, False, False]),
    ],
)
def test_each_answer_of_execute_passes_only_where_it_belongs(
    status: int, body: Any, passes: list[bool], script: Script
) -> None:
    script.status, script.body = status, body
    code, lines = checked(script, "execute")
    assert code == 1
    assert [line.startswith("ok  ") for line in lines] == passes


@pytest.mark.parametrize("mode", [Mode.TEST, Mode.LIVE])
def test_outside_paper_no_signal_is_sent_that_could_trade(mode: Mode, script: Script) -> None:
    script.body = SENT
    _, lines = checked(script, "execute", mode)
    signal = script.asked[0]
    assert (signal["mode"], signal["expires_at"]) == (mode.value, "2020-01-01T00:00:00Z")
    assert "expected an expired signal to be refused, was trade t1" in lines[0]


def test_no_reading_is_ever_pushed(script: Script) -> None:
    script.body = {"success": True, "dashboard_updated": True, "timestamp": "now"}
    checked(script, "update")
    assert [asked["event"] for asked in script.asked] == ["trade_completed", "no_such_event"]

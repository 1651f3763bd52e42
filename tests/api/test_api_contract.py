"""Every call of the contract answers with the fields the contract names, on TCP and on the Unix socket alike."""

import math

import pytest
from api_stage import SIGNAL, STRATEGY, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

READS = (
    "/api/health",
    "/api/strategy/performance",
    "/api/snapshot",
    "/api/process",
    "/api/verdicts",
    "/api/trades",
    "/metrics",
    "/docs",
    "/openapi.json",
)


@pytest.mark.parametrize("path", READS)
async def test_every_look_answers_at_both_doors(shared: Running, path: str) -> None:
    async with shared.http() as tcp, shared.local() as unix:
        for client in (tcp, unix):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"


async def test_health_has_the_contracts_fields(shared: Running) -> None:
    async with shared.http() as client:
        health = (await client.get("/api/health")).json()

    assert health["status"] in ("healthy", "degraded", "halted")
    assert health["uptime_seconds"] > 0
    assert health["mode"] == "paper"
    assert health["state"] == "armed"
    assert health["risk_gate_status"] == "active"
    assert health["active_strategies"] == 2
    assert isinstance(health["session_pnl"], float)
    assert health["aave_health_factor"] > 0
    assert health["feeds"]["stream.BTC"].keys() == {"age_s", "state"}


async def test_performance_lists_every_setup_and_every_registered_strategy(shared: Running) -> None:
    async with shared.http() as client:
        found = (await client.get("/api/strategy/performance")).json()

    assert {row["name"] for row in found["strategies"]} == {
        "btc_lower_band_long",
        "btc_upper_band_short",
        "sol_fee_fade",
        "squeeze_guard.XRP",
        "squeeze_guard.ETH",
        STRATEGY,
        "Momentum Signal",
    }
    named = {
        *("name", "type", "total_trades", "total_profit", "success_rate"),
        *("avg_execution_time", "last_trade", "status"),
    }
    assert all(named <= row.keys() for row in found["strategies"])
    assert {"total_profit", "total_trades", "session_start"} <= found.keys()


async def test_an_executed_signal_is_honest_about_what_it_cost_so_far(shared: Running) -> None:
    async with shared.http() as client:
        answer = await client.post("/api/trade/execute", json=SIGNAL)
        performance = (await client.get("/api/strategy/performance")).json()
        trades = (await client.get("/api/trades")).json()["trades"]
        verdicts = (await client.get("/api/verdicts")).json()["verdicts"]

    result = answer.json()
    assert answer.status_code == 200, result
    assert result["trade_id"]
    assert result["status"] == "open"
    fee_usd = result["risk_adjustments"]["adjusted_amount"] * 0.0005
    assert math.isclose(result["profit"], -fee_usd, rel_tol=0.01), "the entry's fee is realised at once"
    assert 0 < result["execution_time"] < 1, "decision to fill, in seconds"
    assert result["risk_adjustments"].keys() >= {
        "original_amount",
        "adjusted_amount",
        "size_multiplier",
        "stop_loss_bps",
    }
    assert result["risk_adjustments"]["allowed_amount"] == 50
    assert 0 < result["risk_adjustments"]["loss_at_stop"] <= 50 * 40 / 10_000
    assert result["risk_adjustments"]["steps"].startswith("asked 50.00 USD, allowed 50.00 (1x), traded ")
    assert result["risk_adjustments"]["original_amount"] == 50
    assert result["risk_adjustments"]["adjusted_amount"] <= 50
    assert result["risk_adjustments"]["stop_loss_bps"] == 30
    row = next(row for row in performance["strategies"] if row["name"] == STRATEGY)
    assert row["total_trades"] >= 1
    assert row["avg_execution_time"] == pytest.approx(result["execution_time"], rel=1)
    assert result["trade_id"] in [trade["trade_id"] for trade in trades]
    verdict = next(verdict for verdict in verdicts if verdict["trade_id"] == result["trade_id"])
    assert {"layer", "name", "outcome", "observed", "limit", "sentence"} <= verdict["checks"][0].keys()


@pytest.mark.parametrize(
    ("query", "status"),
    [("limit=1", 200), ("limit=200&offset=3", 200), ("limit=0", 422), ("limit=201", 422), ("offset=-1", 422)],
)
@pytest.mark.parametrize("path", ["/api/verdicts", "/api/trades"])
async def test_pages_are_bounded(shared: Running, path: str, query: str, status: int) -> None:
    async with shared.http() as client:
        answer = await client.get(f"{path}?{query}")

    assert answer.status_code == status
    if status == 200:
        page = answer.json()
        assert page["source"] == "journal"
        assert len(page[path.removeprefix("/api/")]) <= page["limit"]


async def test_metrics_count_what_happened(shared: Running) -> None:
    async with shared.http() as client:
        await client.post("/api/trade/execute", json=SIGNAL)
        await client.post("/api/trade/execute", json=SIGNAL | {"side": "short"})
        await client.get("/no/such/path")
        text = (await client.get("/metrics")).text

    for line in (
        'cockpit_state{state="armed"} 1.0',
        'cockpit_mode{mode="paper"} 1.0',
        'cockpit_verdicts_total{check="",outcome="sent"}',
        'cockpit_verdicts_total{check="short_pct",outcome="denied"}',
        'cockpit_api_refused_total{reason="unknown_path"}',
        'cockpit_feed_age_seconds{feed="stream.BTC"}',
        "cockpit_queue_length",
        "cockpit_journal_pending",
        "cockpit_stalls_total",
        "# HELP cockpit_loop_holds_total",
    ):
        assert line in text
    assert " nan" not in text.lower()


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/", 404, "unknown_path"),
        ("GET", "/api/healthy", 404, "unknown_path"),
        ("GET", "/api/arm", 405, "method"),
        ("DELETE", "/api/health", 405, "method"),
    ],
)
async def test_what_is_not_served_is_refused_in_one_shape(
    shared: Running, method: str, path: str, status: int, word: str
) -> None:
    async with shared.http() as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.json()["detail"]["error"] == word
    assert "expected" in answer.json()["detail"]["reason"] or "see /docs" in answer.json()["detail"]["reason"]

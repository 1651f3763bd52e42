"""News from outside can only tighten, and the answer says what was taken and what was not."""

from pathlib import Path
from typing import Any

import pytest
from api_stage import ROOMY, Running, eventually, running

from cockpit.domain.kinds import Origin
from cockpit.engine.views import snapshot

UPDATE = "/api/dashboard/update"


async def push(engine: Running, event: str, data: dict[str, Any]) -> dict[str, Any]:
    async with engine.http() as client:
        answer = await client.post(UPDATE, json={"event": event, "data": data})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert {"success", "dashboard_updated", "timestamp"} <= found.keys()
    return found


def health_factor(engine: Running) -> float | None:
    return snapshot(engine.host.engine).health.value


def short_pct(engine: Running, asset: str) -> float | None:
    views = {view.asset: view for view in snapshot(engine.host.engine).assets}
    return views[asset].short_pct


async def test_a_lower_health_factor_counts_and_a_higher_one_never_does(home: Path) -> None:
    async with running(home, speed=1.0) as engine:
        await eventually(lambda: health_factor(engine) is not None)
        own = health_factor(engine) or 0.0
        higher = await push(engine, "health_factor_update", {"health_factor": own + 5})
        assert health_factor(engine) == pytest.approx(own, rel=0.2)
        lower = await push(engine, "health_factor_update", {"aave_health_factor": own / 2})
        await eventually(lambda: health_factor(engine) == own / 2)

        assert higher["taken"] and lower["taken"]
        assert "counts only where it is the lower one" in lower["taken"][0]
        assert snapshot(engine.host.engine).health.origin is Origin.EXTERNAL


async def test_no_number_of_outside_readings_flattens(home: Path) -> None:
    """A flatten needs readings of our own: outside ones block entries and no more."""
    shipped = ("limits.max_trades_per_day=6",)
    async with running(home, *shipped, speed=1.0) as engine:
        for value in (1.5, 1.4, 1.3):
            await push(engine, "health_factor_update", {"value": value})
            await eventually(lambda value=value: health_factor(engine) == value)

        assert engine.host.engine.risk.accountant.account.halt is None


async def test_a_higher_short_share_counts_and_a_lower_one_never_does(home: Path) -> None:
    async with running(home, speed=1.0) as engine:
        await eventually(lambda: short_pct(engine, "BTC") is not None)
        own = short_pct(engine, "BTC") or 0.0
        await push(engine, "market_update", {"asset": "BTC", "short_pct": 1.0})
        assert short_pct(engine, "BTC") == pytest.approx(own, abs=5)
        found = await push(engine, "market_update", {"symbol": "btc/usdt", "long_pct": 3})
        await eventually(lambda: short_pct(engine, "BTC") == 97.0)

        assert found["taken"] == ["BTC short 97.0 %, long 3.0 % (external): counts only where short is the higher one"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("event", "data", "ignored"),
    [
        ("health_factor_update", {}, "health_factor"),
        ("health_factor_update", {"health_factor": "2.5"}, "health_factor"),
        ("health_factor_update", {"health_factor": -1}, "health_factor"),
        ("health_factor_update", {"health_factor": 0}, "health_factor"),
        ("health_factor_update", {"health_factor": True}, "health_factor"),
        ("market_update", {}, "asset"),
        ("market_update", {"asset": "DOGE", "short_pct": 50}, "asset"),
        ("market_update", {"asset": 5, "short_pct": 50}, "asset"),
        ("market_update", {"asset": "BTC"}, "short_pct"),
        ("market_update", {"asset": "BTC", "short_pct": 101}, "short_pct"),
        ("market_update", {"asset": "BTC", "price": 1.0}, "price"),
        ("market_update", {"asset": "BTC", "funding_rate": 0.1}, "funding_rate"),
        ("market_update", {"asset": "BTC", "short_pct": [1]}, "short_pct"),
    ],
)
async def test_what_is_no_reading_is_ignored_with_a_reason(
    shared: Running, event: str, data: dict[str, Any], ignored: str
) -> None:
    found = await push(shared, event, data)

    assert found["taken"] == []
    assert found["dashboard_updated"] is False
    assert ignored in [entry["what"] for entry in found["ignored"]]
    assert all(entry["why"] for entry in found["ignored"])


@pytest.mark.asyncio(loop_scope="module")
async def test_an_outside_trade_touches_no_book(shared: Running) -> None:
    before = snapshot(shared.host.engine).account
    found = await push(shared, "trade_completed", {"profit": 1e6, "nested": {"a": 1}, "pair": "BTC/USD"})
    async with shared.http() as client:
        performance = (await client.get("/api/strategy/performance")).json()

    assert found["dashboard_updated"] is True
    assert [entry["what"] for entry in found["ignored"]] == ["nested"]
    assert performance["total_profit"] < 1e5
    assert snapshot(shared.host.engine).account == before


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "body",
    [{}, {"event": "trade_completed"}, {"event": "close_all", "data": {}}, {"event": "market_update", "data": []}],
)
async def test_a_wrong_update_is_a_422(shared: Running, body: dict[str, Any]) -> None:
    async with shared.http() as client:
        answer = await client.post(UPDATE, json=body)

    assert answer.status_code == 422


async def test_an_outside_reading_denies_a_signal_that_would_have_passed(home: Path) -> None:
    signal = {"strategy": "Momentum Signal", "pair": "BTC/USDT", "amount": 50, "side": "auto", "mode": "paper"}
    strict = (*[text for text in ROOMY if "entries_min" not in text], "gate.health_factor_entries_min=0.35")
    async with running(home, *strict, speed=1.0) as engine, engine.http() as client:
        passed = await client.post("/api/trade/execute", json=signal)
        await push(engine, "health_factor_update", {"health_factor": 0.3})
        await eventually(lambda: health_factor(engine) == 0.3)
        denied = await client.post("/api/trade/execute", json=signal)

    assert passed.status_code == 200, passed.json()
    assert denied.status_code == 400
    assert "0.3" in denied.json()["detail"]["reason"]

"""The API's names that scripts rely on, written out: paths, members of bodies and answers, `detail` of refusals."""

from typing import Any

import pytest
from api_stage import SIGNAL, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = {"id"}
POSTS: dict[str, set[str]] = {
    "/api/trade/execute": {
        *("strategy", "pair", "amount", "side", "mode", "exchanges", "id", "expires_at", "stop_bps", "targets"),
        *("reason", "confidence"),
    },
    "/api/dashboard/update": {"event", "data"},
    "/api/flatten": set(),
    "/api/arm": set(),
    "/api/disarm": set(),
    "/api/halt": set(),
    "/api/resume": set(),
    "/api/mode": set(),
    "/api/trade/preview": {"strategy", "asset", "side", "amount", "risk_usd", "entry", "stop", "targets", "pair"},
    "/api/trades/{trade_id}/close": ID | {"share"},
    "/api/trades/{trade_id}/stop": ID | {"price", "to", "tighter_bps"},
    "/api/trades/{trade_id}/trail": ID | {"bps"},
    "/api/trades/{trade_id}/targets": ID,
    "/api/trades/{trade_id}/time-stop": ID,
    "/api/orders/{order_id}/cancel": ID,
    "/api/positions/adopt": ID | {"expires_at"},
}
GETS = ("/api/health", "/api/strategy/performance", "/api/sources", "/api/verdicts", "/api/trades", "/metrics")
PARTS = {
    "EntryTerms": {"type", "price", "within_s"},
    "StopTerms": {"bps", "price"},
    "ExecuteAnswer": {
        *("trade_id", "status", "profit", "execution_time", "timestamp", "validation_warnings", "risk_adjustments"),
    },
    "RiskAdjustments": {"original_amount", "adjusted_amount", "size_multiplier", "stop_loss_bps"},
    "DenialDetail": {"error", "reason", "warnings", "verdict"},
    "InvalidDetail": {"error", "reason", "fields"},
    "RefusalDetail": {"error", "reason"},
    "HealthAnswer": {
        *("status", "uptime_seconds", "active_strategies", "risk_gate_status", "aave_health_factor", "session_pnl"),
        *("mode", "state", "feeds"),
    },
    "FeedAnswer": {"age_s", "state"},
    "PerformanceAnswer": {"strategies", "total_profit", "total_trades", "session_start"},
    "StrategyAnswer": {
        *("name", "type", "total_trades", "total_profit", "success_rate", "avg_execution_time", "last_trade"),
        "status",
    },
    "UpdateAnswer": {"success", "dashboard_updated", "timestamp"},
    "PreviewAnswer": {"verdict", "traded"},
    "TradedAnswer": {
        *("qty", "notional_usd", "loss_at_stop_usd", "fees_usd", "break_even_all", "break_even_first"),
    },
}
REFUSED = [
    ("GET", "/api/no_such_path", None, 404),
    ("DELETE", "/api/health", None, 405),
    ("GET", "/api/trades?limit=0", None, 422),
    ("POST", "/api/trade/execute", {**SIGNAL, "strategy": "nobody's"}, 404),
    ("POST", "/api/trade/execute", {**SIGNAL, "side": "up"}, 422),
    ("POST", "/api/trade/execute", [], 422),
    ("POST", "/api/trade/execute", {**SIGNAL, "mode": "live"}, 400),
    ("POST", "/api/trade/execute", {**SIGNAL, "exchanges": ["nowhere"]}, 400),
    ("POST", "/api/dashboard/update", {"event": "no_such_event", "data": {}}, 422),
    ("POST", "/api/trade/preview", {"strategy": "manual", "asset": "NONE", "side": "long", "amount": 50}, 400),
    ("POST", "/api/trades/t999999/close", {}, 404),
    ("POST", "/api/trades/t999999/stop", {"to": "entry"}, 404),
    ("POST", "/api/trades/t999999/trail", {"bps": 20}, 404),
    ("POST", "/api/trades/t999999/targets", {"targets": []}, 404),
    ("POST", "/api/trades/t999999/time-stop", {"after_s": 60}, 404),
    ("POST", "/api/orders/none/cancel", {}, 400),
    ("POST", "/api/positions/adopt", {"venue": "okx", "asset": "ETH"}, 400),
    ("POST", "/api/resume", {}, 400),
    ("POST", "/api/mode", {"mode": "up"}, 422),
    ("POST", "/api/mode", {"mode": "live"}, 401),
]


async def described(shared: Running) -> dict[str, Any]:
    async with shared.http() as client:
        found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found


def bodies_of(page: dict[str, Any], schema: Any) -> dict[str, Any]:
    """Every object that a body may be, by its name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {name: page["components"]["schemas"][name]}
    found: dict[str, Any] = {}
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= bodies_of(page, one)
    return found


def may_be_null(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "null" or any(may_be_null(one) for one in schema.get("anyOf", ()))


async def test_every_call_is_there_and_takes_the_fixed_members(shared: Running) -> None:
    page = await described(shared)
    for path in GETS:
        assert "get" in page["paths"][path], path
    for path, members in POSTS.items():
        schema = page["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        taken = {name for body in bodies_of(page, schema).values() for name in body["properties"]}
        assert members <= taken, f"{path} lacks {members - taken}"


async def test_answers_have_the_fixed_members_and_never_leave_one_out(shared: Running) -> None:
    schemas = (await described(shared))["components"]["schemas"]
    for name, members in PARTS.items():
        assert members <= set(schemas[name]["properties"]), f"{name} lacks {members - set(schemas[name]['properties'])}"
        if name.endswith(("Answer", "Detail", "Adjustments")):
            assert members <= set(schemas[name]["required"]), name


async def test_an_optional_member_may_be_null(shared: Running) -> None:
    page = await described(shared)
    asked: dict[str, Any] = {}
    for calls in page["paths"].values():
        for call in calls.values():
            content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
            asked |= bodies_of(page, content.get("schema", {}))
    asked |= {name: page["components"]["schemas"][name] for name in ("EntryTerms", "StopTerms", "EntryRequest")}
    strict = [
        f"{name}.{member}"
        for name, body in asked.items()
        for member, schema in body.get("properties", {}).items()
        if member not in body.get("required", ()) and not may_be_null(schema)
    ]
    assert strict == []


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
async def test_a_refusal_has_error_and_reason(
    shared: Running, method: str, path: str, body: object, status: int
) -> None:
    async with shared.http() as client:
        answer = await client.request(method, path, json=body)
    detail = answer.json()["detail"]
    assert answer.status_code == status, answer.text
    assert isinstance(detail["error"], str) and detail["error"]
    assert isinstance(detail["reason"], str) and detail["reason"]


async def test_null_in_an_entry_by_hand_is_the_same_as_absent(shared: Running) -> None:
    entry = {"type": None, "price": None, "within_s": None}
    body = {"strategy": "manual", "asset": "BTC", "side": "long", "amount": 50}
    nulls = {"risk_usd": None, "entry": entry, "stop": None, "targets": None}
    async with shared.http() as client:
        plain = await client.post("/api/trade/preview", json=body)
        with_nulls = await client.post("/api/trade/preview", json={**body, **nulls})
    assert (plain.status_code, with_nulls.status_code) == (200, 200), with_nulls.text
    assert plain.json()["verdict"]["proposal"].keys() == with_nulls.json()["verdict"]["proposal"].keys()

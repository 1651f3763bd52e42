"""`cockpit check`: every call of the contract against a running server, a line each."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Literal, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus, WebSocketException

from cockpit.client.address import Address, local, remote
from cockpit.client.answers import JUNK, one_line, reason_of
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http import EngineClient
from cockpit.client.sockets import open_websocket
from cockpit.commands.front import NO, YES
from cockpit.config.ownership import read_file
from cockpit.config.places import Places
from cockpit.domain.kinds import Mode
from cockpit.domain.numbers import counted
from cockpit.runtime.lock import is_held, read_holder

# What the contract says of each answer, as types: a field that is missing or of another type fails its check.


class FeedShape(msgspec.Struct):
    """One feed of the health answer."""

    age_s: float | None
    state: Literal["fresh", "late", "stale", "down", "off"]


class HealthShape(msgspec.Struct):
    """`GET /api/health`."""

    status: Literal["healthy", "degraded", "halted"]
    uptime_seconds: float
    active_strategies: int
    risk_gate_status: str
    aave_health_factor: float | None
    session_pnl: float
    mode: Literal["paper", "test", "live"]
    state: Literal["disarmed", "armed", "standing_down", "halted", "flattening"]
    feeds: dict[str, FeedShape]


class StrategyShape(msgspec.Struct):
    """One strategy of the performance answer."""

    name: str
    type: str
    total_trades: int
    total_profit: float
    success_rate: float | None
    avg_execution_time: float | None
    last_trade: str | None
    status: str


class PerformanceShape(msgspec.Struct):
    """`GET /api/strategy/performance`."""

    strategies: list[StrategyShape]
    total_profit: float
    total_trades: int
    session_start: str


class AdjustmentsShape(msgspec.Struct):
    """What the gate made of the amount."""

    original_amount: float
    adjusted_amount: float
    size_multiplier: float
    stop_loss_bps: float


class ExecuteShape(msgspec.Struct):
    """`POST /api/trade/execute`, sent."""

    trade_id: str
    status: str
    profit: float
    execution_time: float | None
    timestamp: str
    validation_warnings: list[str]
    risk_adjustments: AdjustmentsShape


class DeniedShape(msgspec.Struct):
    """The detail of `POST /api/trade/execute`, denied."""

    error: str
    reason: str
    warnings: list[str]
    verdict: dict[str, Any] | None


class UnknownShape(msgspec.Struct):
    """The detail of a 404: the reason holds the known names."""

    error: str
    reason: str


class WrongBodyShape(msgspec.Struct):
    """The detail of a 422."""

    error: str
    reason: str
    fields: list[str]


class UpdateShape(msgspec.Struct):
    """`POST /api/dashboard/update`."""

    success: bool
    dashboard_updated: bool
    timestamp: str


class EventShape(msgspec.Struct):
    """A message of `/ws/dashboard`."""

    event: str
    data: dict[str, Any] = {}


# The calls of `cockpit check`: each makes one, compares the answer with the contract, and says what it found.

ANSWER_WITHIN_S = 5.0
SIGNAL = {"strategy": "Cross-Exchange Arbitrage", "pair": "BTC/USD", "amount": 50, "side": "long"}
NOBODY = "no strategy of that name"
LONG_AGO = "2020-01-01T00:00:00Z"

T = TypeVar("T")
Call = Callable[[EngineClient, Mode], Awaitable[str]]
"""Makes one call and says what came; raises `NotAsPromised`, `EngineRefused` or `EngineUnreachable`."""


class NotAsPromised(Exception):
    """The answer is not what the contract says. Its text says what was expected and what was found."""


async def health(client: EngineClient, mode: Mode) -> str:
    """The engine's health."""
    found = _fits(await client.health(), HealthShape)
    return f"{found.status}: {found.mode} mode, {found.state}, {counted(len(found.feeds), 'feed')}"


async def performance(client: EngineClient, mode: Mode) -> str:
    """The strategies' record."""
    found = _fits(await client.performance(), PerformanceShape)
    if found.total_trades != sum(strategy.total_trades for strategy in found.strategies):
        raise NotAsPromised(f"expected total_trades to be the strategies' sum, was {found.total_trades}")
    return f"{len(found.strategies)} strategies, {counted(found.total_trades, 'trade')}, {found.total_profit:+.2f} USD"


async def execute(client: EngineClient, mode: Mode) -> str:
    """A signal: sent, or denied with its reason. Outside paper it has expired, so that it can only be refused."""
    body: dict[str, Any] = {**SIGNAL, "mode": mode.value}
    if mode is not Mode.PAPER:
        body["expires_at"] = LONG_AGO
    try:
        found = _fits(await client.execute(body), ExecuteShape)
    except EngineRefused as refused:
        denied = _refused(refused, 400, DeniedShape)
        return f"denied: {one_line(denied.reason)}"
    if mode is not Mode.PAPER:
        raise NotAsPromised(f"expected an expired signal to be refused, was trade {found.trade_id}")
    return f"trade {one_line(found.trade_id)} {one_line(found.status)}, profit {found.profit:.2f}"


async def execute_expired(client: EngineClient, mode: Mode) -> str:
    """A signal that expired long ago: whatever the engine's state, it can only be refused."""
    try:
        found = _fits(await client.execute({**SIGNAL, "mode": mode.value, "expires_at": LONG_AGO}), ExecuteShape)
    except EngineRefused as refused:
        return f"denied: {one_line(_refused(refused, 400, DeniedShape).reason)}"
    raise NotAsPromised(f"expected an expired signal to be refused, was trade {found.trade_id}")


async def execute_unknown(client: EngineClient, mode: Mode) -> str:
    """A strategy that is not registered."""
    refused = await _refusal(client.execute({**SIGNAL, "strategy": NOBODY, "mode": mode.value}))
    return one_line(_refused(refused, 404, UnknownShape).reason)


async def execute_wrong_body(client: EngineClient, mode: Mode) -> str:
    """A body without its fields, and with an amount that is text."""
    return await _wrong_body(client.execute({"strategy": SIGNAL["strategy"], "amount": "fifty"}))


async def update(client: EngineClient, mode: Mode) -> str:
    """An event that touches no book and no reading."""
    found = _fits(await client.update("trade_completed", {"source": "cockpit check"}), UpdateShape)
    if not found.success:
        raise NotAsPromised("expected success, was false")
    return f"taken at {one_line(found.timestamp)}"


async def update_wrong_body(client: EngineClient, mode: Mode) -> str:
    """An event of an unknown name."""
    return await _wrong_body(client.update("no_such_event", {}))


async def websocket(client: EngineClient, mode: Mode) -> str:
    """The dashboard's WebSocket: connected, then a pong and the stats."""
    try:
        async with (
            asyncio.timeout(ANSWER_WITHIN_S),
            open_websocket(client.address, "/ws/dashboard", ANSWER_WITHIN_S) as connection,
        ):
            first = await _event(connection)
            if first.event != "connected":
                raise NotAsPromised(f"expected the event connected first, was {one_line(first.event)}")
            await connection.send('{"type": "ping"}')
            await _wait_for(connection, "pong")
            await connection.send('{"type": "request_stats"}')
            stats = await _wait_for(connection, "stats_update")
    except TimeoutError as error:
        raise EngineUnreachable(f"expected connected, pong and stats_update within {ANSWER_WITHIN_S:g} s") from error
    except InvalidStatus as error:
        sentence, detail = reason_of(bytes(error.response.body or b""))
        raise EngineRefused(sentence or "turned away", error.response.status_code, detail) from error
    except (OSError, WebSocketException) as error:
        raise EngineUnreachable(f"expected a WebSocket at {client.address}, was: {one_line(str(error))}") from error
    return f"connected, pong, stats_update with {len(stats.data)} fields"


CALLS: dict[str, dict[str, Call]] = {
    "health": {"health": health},
    "performance": {"performance": performance},
    "execute": {
        "execute": execute,
        "execute, unknown strategy: 404": execute_unknown,
        "execute, wrong body: 422": execute_wrong_body,
    },
    "update": {"update": update, "update, wrong body: 422": update_wrong_body},
    "websocket": {"websocket": websocket},
}
"""By test, then by the name that a line shows."""


async def _refusal(call: Awaitable[dict[str, Any]]) -> EngineRefused:
    """The refusal that a call is expected to end in."""
    try:
        found = await call
    except EngineRefused as refused:
        return refused
    raise NotAsPromised(f"expected a refusal, was an answer with {', '.join(map(one_line, found))}")


async def _wrong_body(call: Awaitable[dict[str, Any]]) -> str:
    found = _refused(await _refusal(call), 422, WrongBodyShape)
    if not found.fields:
        raise NotAsPromised("expected the name of each wrong field, was none")
    return f"fields: {len(found.fields)}, {one_line(found.reason)}"


def _refused(refused: EngineRefused, status: int, kind: type[T]) -> T:
    """The detail of a refusal with this status."""
    if refused.status != status:
        raise NotAsPromised(f"expected HTTP {status}, was {refused.status}: {refused}")
    return _fits(refused.detail, kind)


def _fits(found: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(found, kind)
    except JUNK as error:
        raise NotAsPromised(f"expected the contract's fields, was: {one_line(str(error))}") from error


async def _wait_for(connection: ClientConnection, wanted: str) -> EventShape:
    """The answer asked for; what happens in between is told in between."""
    while True:
        found = await _event(connection)
        if found.event == wanted:
            return found


async def _event(connection: ClientConnection) -> EventShape:
    message = await connection.recv()
    try:
        return msgspec.json.decode(message, type=EventShape)
    except JUNK as error:
        raise NotAsPromised(f"expected a JSON event, was: {one_line(str(error))}") from error


ALL = "all"


def check_api(places: Places, notify: Callable[[str], None], *, url: str, token: str, test: str, mode: Mode) -> int:
    """0 when every call was answered as the contract says. Raises ValueError for what is no URL or token."""
    address = remote(url, token) if url else _of_profile(places, token)
    notify(f"checking {address}")
    return asyncio.run(_check(address, notify, test, mode))


def _of_profile(places: Places, token: str) -> Address:
    """Where this profile's engine says it answers, with its own token; else its socket."""
    url = read_holder(places.lock).get("url") if is_held(places.lock) else None
    if not isinstance(url, str) or not url:
        return local(places.socket)
    return remote(url, token or _own_token(places))


def _own_token(places: Places) -> str:
    try:
        return read_file(places.token).decode().strip()
    except (OSError, ValueError):
        return ""


async def _check(address: Address, notify: Callable[[str], None], test: str, mode: Mode) -> int:
    """All of them open nothing: only who asks for `execute` sends a signal that an armed paper engine trades."""
    calls = {name: call for kind, named in CALLS.items() if test in (ALL, kind) for name, call in named.items()}
    if test == ALL:
        calls["execute"] = execute_expired
    passed = 0
    async with EngineClient(address, "check", ANSWER_WITHIN_S) as client:
        for name, call in calls.items():
            passed += await _checked(client, mode, name, call, notify)
    notify(f"{passed} of {len(calls)} as the contract says")
    return YES if passed == len(calls) else NO


async def _checked(client: EngineClient, mode: Mode, name: str, call: Call, notify: Callable[[str], None]) -> bool:
    began_s = perf_counter()
    try:
        word, finding = "ok  ", await call(client, mode)
    except (NotAsPromised, EngineRefused, EngineUnreachable) as error:
        word, finding = "FAIL", str(error)
    took_ms = (perf_counter() - began_s) * 1_000.0
    notify(f"{word}  {name:<32} {took_ms:8.1f} ms  {finding}")
    return word != "FAIL"

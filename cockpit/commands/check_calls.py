"""The calls of `cockpit check`: each makes one, compares the answer with the contract, and says what it found."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus, WebSocketException

from cockpit.client.answers import JUNK, one_line, reason_of
from cockpit.client.errors import EngineRefused, EngineUnreachable
from cockpit.client.http import EngineClient
from cockpit.client.sockets import open_websocket
from cockpit.commands.check_shapes import (
    DeniedShape,
    EventShape,
    ExecuteShape,
    HealthShape,
    PerformanceShape,
    UnknownShape,
    UpdateShape,
    WrongBodyShape,
)
from cockpit.domain.kinds import Mode

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
    return f"{found.status}: {found.mode} mode, {found.state}, {len(found.feeds)} feeds"


async def performance(client: EngineClient, mode: Mode) -> str:
    """The strategies' record."""
    found = _fits(await client.performance(), PerformanceShape)
    if found.total_trades != sum(strategy.total_trades for strategy in found.strategies):
        raise NotAsPromised(f"expected total_trades to be the strategies' sum, was {found.total_trades}")
    return f"{len(found.strategies)} strategies, {found.total_trades} trades, {found.total_profit:+.2f} USD"


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

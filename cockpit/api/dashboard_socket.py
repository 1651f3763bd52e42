"""`/ws/dashboard`: the outside dashboard's events, and its few questions."""

from time import monotonic
from typing import Any

import msgspec
from starlette.websockets import WebSocket

from cockpit.api.context import ApiContext
from cockpit.api.messages import encoded
from cockpit.api.pump import Poll, next_beat_s
from cockpit.api.socket_close import TRY_LATER, SocketClose
from cockpit.api.stats import health_of, performance_of
from cockpit.api.ws_client import Listen, WsClient

MARKET_EVERY_S = 0.5
AT_ONCE = 64
REPLIES_WAITING = 64


async def dashboard_socket(websocket: WebSocket, context: ApiContext) -> None:
    """Serve one dashboard."""
    context.hub.listeners += 1
    try:
        await WsClient(websocket, context, "dashboard").serve(lambda line: _greet(line, context))
    finally:
        context.hub.listeners -= 1


async def _greet(line: WsClient, context: ApiContext) -> tuple[Listen, Poll]:
    if not line.is_welcome:
        line.admit(_token(await line.first()))
    dashboard = _Dashboard(line, context)
    line.send(_encoded(context, "connected", _introduction(context)))
    return dashboard.listen, dashboard.poll


def _token(message: str | bytes) -> str:
    """The token of `{"type": "auth", "token": "..."}`, or nothing."""
    found = _decoded(message)
    token = found.get("token") if found is not None and found.get("type") == "auth" else None
    return token if isinstance(token, str) else ""


def _reply(context: ApiContext, message: str | bytes) -> str:
    found = _decoded(message)
    match found.get("type") if found is not None else None:
        case "ping":
            return _encoded(context, "pong", {})
        case "request_stats":
            stats = {**health_of(context).model_dump(), "performance": performance_of(context).model_dump()}
            return _encoded(context, "stats_update", stats)
        case "auth":
            return _encoded(context, "connected", _introduction(context))
        case _:
            what = 'expected {"type": "ping"} or {"type": "request_stats"}, was something else'
            return _encoded(context, "error", {"error": "message", "reason": what})


class _Dashboard:
    """Replies first, then what happened, then the market."""

    def __init__(self, line: WsClient, context: ApiContext) -> None:
        self._line = line
        self._context = context
        self._hub = context.hub
        self._replies: list[str] = []
        self._seq = context.hub.last_seq
        self._due_s = next_beat_s(monotonic(), MARKET_EVERY_S)

    async def listen(self) -> None:
        while True:
            message = await self._line.receive()
            self._line.admit(_token(message))
            reply = _reply(self._context, message)
            self._replies.append(reply)
            if len(self._replies) > REPLIES_WAITING:
                raise SocketClose(TRY_LATER, f"expected to be read, was {len(self._replies)} replies behind")

    def poll(self, now_s: float) -> list[str]:
        """What is to be sent now."""
        self._line.check_welcome()
        if self._seq < self._hub.first_seq - 1:
            raise SocketClose(TRY_LATER, "fell too far behind the events: connect again")
        news = self._hub.after(self._seq, AT_ONCE) if self._seq < self._hub.last_seq else []
        self._seq += len(news)
        sent, self._replies = [*self._replies, *news], []
        if now_s >= self._due_s:
            sent.append(self._hub.market())
            self._due_s = next_beat_s(now_s, MARKET_EVERY_S)
        return sent


def _introduction(context: ApiContext) -> dict[str, Any]:
    host = context.host
    process = host.process()
    return {
        "mode": host.mode.value,
        "state": host.engine.risk.state.value,
        "version": process.version,
        "feed": process.feed,
        "epoch": host.epoch,
    }


def _encoded(context: ApiContext, event: str, data: dict[str, Any]) -> str:
    return encoded(event, data, context.timestamp())


def _decoded(message: str | bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(message)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None

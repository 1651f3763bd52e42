"""Before any call reaches the app: who asks, from where, how much, how often; and what no answer may be: late."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cockpit.api import scopes, signing
from cockpit.api.admission import Admission, Headers
from cockpit.api.buckets import Buckets
from cockpit.api.call_log import CallLog, CallScope
from cockpit.api.callers import Caller, Callers
from cockpit.api.counters import Counters
from cockpit.api.limits import Limits
from cockpit.api.protocols import let_in
from cockpit.api.signing import SignalSignature
from cockpit.api.ticket import TICKET, Ticket

LOG = logging.getLogger("cockpit.api")
EXECUTE_PATH = "/api/trade/execute"
SHED_PATHS = frozenset({"/api/flatten", "/api/halt", "/api/disarm"})
OF_TRADES = ("/api/trades/", "/api/orders/")
"""What is done to one trade has an allowance of its own, too: neither flatten nor other calls use it up."""
DISCARDED_BODIES = 16
DISCARD_WITHIN_S = 1.0
DEFECT = "unexpected error: the engine's API log has the details"
SAFE_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


class Refusal(NamedTuple):
    """A call turned away: the fixed word it is counted under, and what its caller reads."""

    reason: str
    status: int
    sentence: str
    retry_after_s: float = 0.0


class Guard:
    """The outermost layer of one listener's app."""

    def __init__(
        self,
        app: ASGIApp,
        admission: Admission,
        limits: Limits,
        log: CallLog,
        counters: Counters,
        signature: SignalSignature | None,
        callers: Callers,
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._admission = admission
        self._limits = limits
        self._log = log
        self._counters = counters
        self._signature = signature
        self._callers = callers
        self._calls = Buckets(limits.calls_per_s, limits.calls_burst, clock)
        self._shed = Buckets(limits.shed_per_s, limits.shed_burst, clock)
        self._of_trades = Buckets(limits.shed_per_s, limits.shed_burst, clock)
        self._mounted: tuple[str, ASGIApp] | None = None
        self._sockets = 0
        self._guests = 0

    def mount(self, path: str, app: ASGIApp) -> None:
        """Let another app answer at this path, for whoever is let in."""
        self._mounted = (path, app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one call, then hand it on."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, headers = self._call(scope), Headers(scope["headers"])
        answer = _Answer(send, self._counters)
        caller = self._callers.of(self._admission.bearer(headers), headers, call.path)
        refusal = self._refusal(call, headers, caller, needs_token=True) or self._length_refusal(headers)
        body = b""
        if refusal is None:
            refusal, body = await self._read(receive)
        if refusal is not None:
            await self._discard(receive)
        elif caller is not None:
            found = self._callers.refusal(caller, headers, call.method, call.path, body)
            refusal = Refusal(*found) if found else None
            body = self._callers.signed_off(caller, call.path, body)
        elif self._signature is not None and scope["path"] == EXECUTE_PATH:
            refusal = self._signature_refusal(headers, body)
        if refusal is not None:
            self._log.refuse(refusal.reason, refusal.status, call, refusal.sentence)
            await answer.refuse(refusal)
            return
        is_signed = caller.signs if caller else self._signature is not None and scope["path"] == EXECUTE_PATH
        let_in(scope)
        is_known = self._admission.shows_token(headers)
        scope.setdefault("state", {})[TICKET] = Ticket(
            self._admission, call, has_token=is_known, is_signed=is_signed, caller=caller
        )
        await self._answer(scope, _replay(body, receive), answer, call)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer", call: CallScope) -> None:
        limit_s = self._limits.answer_within_s
        is_mounted = self._mounted is not None and scope["path"] == self._mounted[0]
        app = self._mounted[1] if self._mounted is not None and is_mounted else self._app
        try:
            async with asyncio.timeout(limit_s) as deadline:
                await app(scope, receive, answer.send)
        except Exception as error:
            is_late = isinstance(error, TimeoutError) and deadline.expired()
            LOG.error("%s", "late answer" if is_late else "defect", exc_info=error, extra={"call": call.as_dict()})
            if answer.is_begun:
                if not answer.is_complete:
                    raise
                return
            if is_late:
                sentence = f"expected an answer within {limit_s:g} s, was none: what was asked may have been done"
                await answer.refuse(Refusal("late", HTTPStatus.SERVICE_UNAVAILABLE, sentence))
            else:
                await answer.refuse(Refusal("defect", HTTPStatus.INTERNAL_SERVER_ERROR, DEFECT))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, headers = self._call(scope), Headers(scope["headers"])
        shown = self._admission.bearer(headers)
        caller = self._callers.by_token(shown)
        refusal = self._refusal(call, headers, caller, needs_token=False)  # the first message may show it
        if refusal is None and caller is not None:
            found = self._callers.refusal(caller, headers, call.method, call.path, b"")
            refusal = Refusal(*found) if found else None
        has_token = shown is not None and self._admission.matches(shown)
        is_guest = self._admission.needs_token and not has_token and caller is None
        there, most = (self._guests, self._limits.guests) if is_guest else (self._sockets, self._limits.sockets)
        if refusal is None and there >= most:
            who = "WebSockets that have shown no token" if is_guest else "WebSockets"
            sentence = f"expected at most {most} {who} here, was one more: close some"
            refusal = Refusal("sockets", HTTPStatus.SERVICE_UNAVAILABLE, sentence, 1.0)
        if refusal is not None:
            self._log.refuse(refusal.reason, refusal.status, call, refusal.sentence)
            await _deny(receive, send, refusal)
            return
        guest = [is_guest]

        def shown_now() -> None:
            if guest[0]:
                guest[0] = False
                self._guests, self._sockets = self._guests - 1, self._sockets + 1

        whose: dict[str, Any] = {"caller": caller, "callers": self._callers, "shown": shown}
        ticket = Ticket(self._admission, call, has_token=has_token, on_shown=shown_now, **whose)
        scope.setdefault("state", {})[TICKET] = ticket
        self._guests, self._sockets = self._guests + is_guest, self._sockets + (not is_guest)
        try:
            await self._app(scope, receive, send)
        finally:
            self._guests, self._sockets = self._guests - guest[0], self._sockets - (not guest[0])

    def _call(self, scope: Scope) -> CallScope:
        client = scope.get("client")
        listener = self._admission.listener.name
        return CallScope(listener, client[0] if client else listener, scope.get("method", "WS"), scope["path"])

    def _allowance(self, path: str) -> Buckets:
        if path in SHED_PATHS:
            return self._shed
        return self._of_trades if path.startswith(OF_TRADES) else self._calls

    def _refusal(
        self, call: CallScope, headers: Headers, source: Caller | None, *, needs_token: bool
    ) -> Refusal | None:
        """What is judged by headers alone, cheapest first; the rate before the token, so that nobody can guess fast.

        Whoever shows the token has an allowance of their own: nobody without it uses that up. A token that is nobody's
        is refused even where none is needed: a source whose key was taken away would be the operator there.
        """
        sentence = self._admission.host_refusal(headers)
        if sentence is not None:
            return Refusal("host", HTTPStatus.FORBIDDEN, sentence)
        sentence = self._admission.origin_refusal(headers, call.method)
        if sentence is not None:
            return Refusal("origin", HTTPStatus.FORBIDDEN, sentence)
        is_known = self._admission.shows_token(headers)
        caller = f"{call.client} with the token" if is_known else call.client
        if source is not None and source.is_proven:
            caller = f"source {source.name}"
        wait_s = self._allowance(call.path).take(caller)
        if wait_s > 0:
            sentence = f"expected fewer calls, was over the rate: try again in {wait_s:.2f} s"
            return Refusal("rate", HTTPStatus.TOO_MANY_REQUESTS, sentence, wait_s)
        if source is not None or is_known:
            return None
        is_wanted = self._admission.needs_token or scopes.always_needs_token(call.method, call.path)
        if headers.has("authorization") or (needs_token and is_wanted):
            return _no_token(self._admission.bearer(headers))
        return None

    def _length_refusal(self, headers: Headers) -> Refusal | None:
        length = headers.get("content-length") or "0"
        if length.isdigit() and int(length[:12]) <= self._limits.body_bytes:
            return None
        return self._too_long()

    def _too_long(self) -> Refusal:
        sentence = f"expected a body of at most {self._limits.body_bytes} bytes, was longer"
        return Refusal("body", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)

    async def _read(self, receive: Receive) -> tuple[Refusal | None, bytes]:
        """The whole body, bounded in size and in time."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.request_within_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":  # half a command is none
                        return Refusal("gone", HTTPStatus.BAD_REQUEST, "expected a whole body, was cut off"), b""
                    body += message.get("body", b"")
                    if len(body) > self._limits.body_bytes:
                        return self._too_long(), b""
                    if not message.get("more_body", False):
                        return None, bytes(body)
        except TimeoutError:
            sentence = f"expected the whole body within {self._limits.request_within_s:g} s, was only a part"
            return Refusal("slow_body", HTTPStatus.REQUEST_TIMEOUT, sentence), b""

    async def _discard(self, receive: Receive) -> None:
        """Let a refused body come in, within bounds: an answer to a caller who is still sending would be lost."""
        left = self._limits.body_bytes * DISCARDED_BODIES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_WITHIN_S):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return

    def _signature_refusal(self, headers: Headers, body: bytes) -> Refusal | None:
        sentence = self._signature.refusal(headers.get(signing.HEADER), body) if self._signature else None
        return Refusal("signature", HTTPStatus.UNAUTHORIZED, sentence) if sentence else None


class _Answer:
    """The way back to the caller: knows whether an answer has begun, and adds the headers that every answer has."""

    def __init__(self, send: Send, counters: Counters) -> None:
        self._send = send
        self._counters = counters
        self.is_begun = False
        self.is_complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_begun = True
            self._counters.answers[message["status"]] += 1
            message = {**message, "headers": [*message.get("headers", []), *SAFE_HEADERS]}
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.is_complete = True
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        body = _body_of(refusal)
        await self.send(
            {"type": "http.response.start", "status": int(refusal.status), "headers": _headers_of(refusal, body)}
        )
        await self.send({"type": "http.response.body", "body": body})


async def _deny(receive: Receive, send: Send, refusal: Refusal) -> None:
    """Refuse a WebSocket's handshake with a real HTTP answer."""
    await receive()
    body = _body_of(refusal)
    headers = _headers_of(refusal, body)
    await send({"type": "websocket.http.response.start", "status": int(refusal.status), "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


def _no_token(shown: str | None) -> Refusal:
    what = "none" if shown is None else "another"
    sentence = f"expected 'Authorization: Bearer' with the token of this engine's home, was {what}"
    return Refusal("token", HTTPStatus.UNAUTHORIZED, sentence)


def _body_of(refusal: Refusal) -> bytes:
    return msgspec.json.encode({"detail": {"error": refusal.reason, "reason": refusal.sentence}})


def _headers_of(refusal: Refusal, body: bytes) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refusal.retry_after_s > 0:
        headers.append((b"retry-after", str(math.ceil(refusal.retry_after_s)).encode()))
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    if refusal.status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT):
        headers.append((b"connection", b"close"))
    return headers


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, for the app."""
    parts: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return parts.pop() if parts else await receive()

    return replayed

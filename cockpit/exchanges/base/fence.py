"""The only calls that a client with keys can make. Anything else is refused inside the client, before it is signed.

A key that may trade is a key that others would like to use: no path through the client library leads to a withdrawal,
a transfer, a loan, another account or another market, whoever asks, by mistake or not. The library has a thousand
endpoints; what is listed goes out, and what is not listed does not exist.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple


class Call(NamedTuple):
    """An endpoint as the library names it: its section of the API, the HTTP method, the path in that section."""

    section: str
    method: str
    path: str


class FencedOff(Exception):
    """Somebody asked a client with keys for more than trading needs. It is a defect: nothing was signed or sent."""


class Fence(NamedTuple):
    """What may leave: `calls` over HTTP; `sockets` that may be opened; `topics` that may be subscribed to on them.

    `address` is where an allowed call goes, without its query; `{name}` in it is one segment of a path. A socket's
    address is compared without its query too. `refuses` says of some calls what is wrong with their fields, "" for
    nothing.
    """

    calls: frozenset[Call]
    address: Callable[[Call], str]
    sockets: frozenset[str]
    topics: frozenset[str] = frozenset()
    refuses: Mapping[Call, Callable[[Mapping[str, Any]], str]] = {}


LOGGING_IN = frozenset({"login", "challenge", "auth"})
SUBSCRIBING = frozenset({"subscribe", "unsubscribe"})
PINGS = ("ping", "pong")
OPS = ("op", "event", "method", "type")
"""Under which of these a venue's frame says what it is for."""


def put_up(client: Any, fence: Fence) -> None:
    """Put the fence around this client, once its addresses are what they shall be. It cannot be taken down again.

    A call that is not in the fence raises `FencedOff`.
    """
    _fence_requests(client, fence, [(call.method, _pattern(fence.address(call))) for call in fence.calls])
    _fence_sockets(client, fence)


def _pattern(address: str) -> re.Pattern[str]:
    return re.compile("[^/?]+".join(map(re.escape, re.split(r"\{[a-z_]+\}", address))))


def _fence_requests(client: Any, fence: Fence, addresses: Collection[tuple[str, re.Pattern[str]]]) -> None:
    sign, fetch = client.sign, client.fetch

    def fenced_sign(path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:
        call = Call(api if isinstance(api, str) else str(api[0]), method, path)
        if call not in fence.calls:
            raise FencedOff(f"expected a call of the fence, was {' '.join(call)[:120]}: nothing was sent")
        wrong = fence.refuses[call](params or {}) if call in fence.refuses else ""
        if wrong:
            raise FencedOff(f"expected {wrong[:120]}: nothing was sent")
        return sign(path, api, method, {} if params is None else params)

    async def fenced_fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        address = _without_query(url)
        if not any(method == allowed and pattern.fullmatch(address) for allowed, pattern in addresses):
            raise FencedOff(f"expected an address of the fence, was {method} of another: nothing was sent")
        return await fetch(url, method, headers, body)

    client.sign = fenced_sign
    client.fetch = fenced_fetch


def _fence_sockets(client: Any, fence: Fence) -> None:
    socket_of, watch, watch_multiple = client.client, client.watch, client.watch_multiple

    def fenced_client(url: str) -> Any:
        if _without_query(url) not in fence.sockets:
            raise FencedOff("expected the account's own socket, was another: nothing was opened")
        socket = socket_of(url)
        if not getattr(socket, "is_fenced", False):
            _fence_frames(socket, fence.topics)
        return socket

    def fenced_watch(url: str, message_hash: str, message: Any = None, *rest: Any) -> Any:
        _refuse_unless_subscribing(message, fence.topics)
        return watch(url, message_hash, message, *rest)

    def fenced_watch_multiple(url: str, message_hashes: Iterable[str], message: Any = None, *rest: Any) -> Any:
        _refuse_unless_subscribing(message, fence.topics)
        return watch_multiple(url, message_hashes, message, *rest)

    client.client = fenced_client
    client.watch = fenced_watch
    client.watch_multiple = fenced_watch_multiple


def _fence_frames(socket: Any, topics: Collection[str]) -> None:
    send = socket.send

    def fenced_send(message: Any) -> Awaitable[Any]:
        _refuse_unless_subscribing(message, topics)
        sent: Awaitable[Any] = send(message)
        return sent

    socket.send = fenced_send
    socket.is_fenced = True


def _refuse_unless_subscribing(message: Any, topics: Collection[str]) -> None:
    if message in (None, *PINGS):
        return
    op = next((message[key] for key in OPS if key in message), None) if isinstance(message, dict) else None
    if op in PINGS:
        return
    if op in LOGGING_IN and topics:
        return
    asked = _topics_of(message) if op in SUBSCRIBING else []
    if not asked or not set(asked) <= set(topics):
        raise FencedOff(f"expected a subscription of the fence, was {str(op)[:40]}: nothing was sent")


def _topics_of(message: Mapping[str, Any]) -> list[str]:
    for key in ("feed", "channel"):
        if key in message:
            return [str(message[key])]
    if "subscription" in message:
        return [str(message["subscription"].get("type"))]
    asked = message.get("args", ())
    return [str(topic.get("channel") if isinstance(topic, Mapping) else topic) for topic in asked]


def _without_query(url: str) -> str:
    return url.split("?", 1)[0]

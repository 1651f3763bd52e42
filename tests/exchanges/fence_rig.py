"""Everything the client library offers of an exchange, called for real on a client with keys in front of loopback."""

import inspect
from collections.abc import Awaitable, Iterator
from typing import Any

from ccxt.base.types import Entry

from cockpit.exchanges.base.fence import Call

VALUES: dict[str, Any] = {
    "symbol": "BTC/USDT:USDT",
    "symbols": ["BTC/USDT:USDT"],
    "code": "USDT",
    "codes": ["USDT"],
    "fromCode": "USDT",
    "toCode": "BTC",
    "amount": 0.002,
    "cost": 100.0,
    "price": 100_000.0,
    "triggerPrice": 90_000.0,
    "stopLossPrice": 90_000.0,
    "takeProfitPrice": 110_000.0,
    "stopPrice": 90_000.0,
    "side": "buy",
    "type": "market",
    "id": "1",
    "ids": ["1"],
    "orderIds": ["1"],
    "address": "0x1212121212121212121212121212121212121212",
    "tag": None,
    "fromAccount": "future",
    "toAccount": "spot",
    "marginMode": "isolated",
    "hedged": False,
    "leverage": 3,
    "timeframe": "5m",
    "timeout": 10_000,
    "params": {},
}
"""What is said to a method for each of its arguments."""


def endpoints(client: Any) -> Iterator[tuple[str, Call]]:
    """Every endpoint that the library knows of the exchange: each of the method's names, and the call."""
    for name in dir(type(client)):
        entry = inspect.getattr_static(type(client), name)
        if isinstance(entry, Entry):
            api = entry.api if isinstance(entry.api, str) else entry.api[0]
            yield name, Call(api, entry.method, entry.path)


def unified_methods(client: Any) -> Iterator[str]:
    """Every public coroutine method: fetching, watching, creating, withdrawing and the rest, each by one name."""
    for name in dir(type(client)):
        method = inspect.getattr_static(type(client), name)
        if (
            not name.startswith("_")
            and name == name.lower()
            and inspect.iscoroutinefunction(method)
            and name not in UNASKED
        ):
            yield name


UNASKED = frozenset(
    {"close", "close_ws_clients", "close_connector", "close_proxy_sessions", "sleep", "throttle"}
    | {"watch_my_liquidations"}
)
"""What would end the client or only waits; and one that forgets to await another, which is asked by itself."""


def asked(client: Any, name: str) -> Awaitable[Any]:
    """The method called with a plausible word for each argument."""
    method = getattr(client, name)
    arguments = []
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.name in VALUES:
            arguments.append(VALUES[parameter.name])
        elif parameter.default is not parameter.empty:
            arguments.append(parameter.default)
        else:
            arguments.append("1")
    answer: Awaitable[Any] = method(*arguments)
    return answer

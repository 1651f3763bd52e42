"""A client of Binance's USD-M futures: where it goes, and with keys, the only calls it may make.

Endpoints: Binance's USD-M futures REST API, "Trade", "Account" and "User Data Streams"; conditional orders are the algo
service's since December 2025.
"""

import re
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, put_up
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.base.trading_client import arm

REST_TIMEOUT_MS = 10_000
PING_EVERY_MS = 15_000
SUBSCRIBE_COST = 1
"""The library would leave 250 ms between two subscriptions; the venue takes ten a second, and we send three."""
HOSTS = re.compile(r"https://[a-z-]+\.binance\.com")

ORDERS = frozenset(
    Call("fapiPrivate", method, path)
    for method, path in (
        ("POST", "order"),
        ("GET", "order"),
        ("DELETE", "order"),
        ("POST", "algoOrder"),
        ("GET", "algoOrder"),
        ("DELETE", "algoOrder"),
        ("GET", "openOrders"),
        ("GET", "openAlgoOrders"),
        ("GET", "allOrders"),
        ("GET", "userTrades"),
    )
)
ACCOUNT = frozenset(
    {
        Call("fapiPublic", "GET", "time"),
        Call("fapiPublic", "GET", "premiumIndex"),
        Call("fapiPrivateV3", "GET", "positionRisk"),
        Call("fapiPrivateV3", "GET", "account"),
        Call("fapiPrivate", "GET", "positionSide/dual"),
        Call("fapiPrivate", "GET", "symbolConfig"),
        Call("fapiPrivate", "GET", "commissionRate"),
        Call("fapiPrivate", "GET", "income"),
        Call("fapiPrivate", "POST", "listenKey"),
        Call("fapiPrivate", "PUT", "listenKey"),
        Call("sapi", "GET", "account/apiRestrictions"),
    }
)
CALLS = ORDERS | ACCOUNT


def binance_client(urls: VenueUrls, keys: VenueKeys | None = None, is_demo: bool = False) -> Any:
    """A client, fenced where it has keys; imports the library, so call it off the loop."""
    client = new_client(
        "binance",
        "binanceusdm",
        {
            "timeout": REST_TIMEOUT_MS,
            "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["linear"]}},
        },
    )
    if is_demo:
        client.enable_demo_trading(True)
    client.options["streamLimits"] = {**client.options["streamLimits"], "linear": 1}
    client.options["ws"] = {**client.options["ws"], "cost": SUBSCRIBE_COST}
    client.streaming = {**client.streaming, "keepAlive": PING_EVERY_MS}
    _move(client, urls)
    if keys is not None:
        arm(client, keys)
        put_up(client, _fence(client))
    return client


def _move(client: Any, urls: VenueUrls) -> None:
    addresses = client.urls["api"]
    if urls.rest is not None:
        for key, address in addresses.items():
            if isinstance(address, str):
                addresses[key] = HOSTS.sub(urls.rest, address)
        # The library tells the futures' error codes by the venue's own address: elsewhere it needs to be told.
        for kind in ("exact", "broad"):
            client.exceptions[kind] = {**client.exceptions[kind], **client.exceptions["linear"].get(kind, {})}
    if urls.ws is not None:
        addresses["ws"] = {**addresses["ws"], "linear": urls.ws + "/ws"}


def _fence(client: Any) -> Fence:
    addresses = client.urls["api"]
    calls = frozenset(call for call in CALLS if call.section in addresses)
    return Fence(
        calls=calls,
        address=lambda call: f"{addresses[call.section]}/{call.path}",
        sockets=frozenset({client.get_ws_url("linear", "private")}),
    )

"""A client of Kraken Futures: where it goes, and with keys, the only calls it may make, with the only fields they have.

Endpoints: Kraken's Derivatives REST API v3, its History API, and its WebSocket v1. The library sends
`trailingPercent` and `trailingAmount` as a plain market order, and a stop on the last price: so an order is fenced by
its fields too.
"""

from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, put_up
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.base.trading_client import arm

REST_TIMEOUT_MS = 10_000
SUBSCRIBE_COST = 0.05
"""The library would leave 600 ms between two subscriptions; we send four."""
SEND_ORDER = Call("private", "POST", "sendorder")
CALLS = frozenset(
    {
        SEND_ORDER,
        Call("private", "POST", "cancelorder"),
        Call("private", "GET", "openorders"),
        Call("private", "GET", "orders/status"),
        Call("private", "GET", "fills"),
        Call("private", "GET", "openpositions"),
        Call("private", "GET", "accounts"),
        Call("private", "GET", "leveragepreferences"),
        Call("private", "GET", "feeschedules/volumes"),
        Call("history", "GET", "orders"),
        Call("history", "GET", "triggers"),
        Call("history", "GET", "account-log"),
        Call("public", "GET", "feeschedules"),
        Call("public", "GET", "instruments"),
        Call("public", "GET", "tickers/{symbol}"),
    }
)
ORDER_FIELDS = frozenset(
    {"orderType", "symbol", "side", "size", "cliOrdId", "reduceOnly", "limitPrice", "stopPrice", "triggerSignal"}
)
ORDER_TYPES = frozenset({"mkt", "lmt", "stp"})
FEEDS = frozenset({"open_orders", "fills", "open_positions"})


def kraken_client(urls: VenueUrls, keys: VenueKeys | None = None, is_demo: bool = False) -> Any:
    """A client, fenced where it has keys; imports the library, so call it off the loop."""
    client = new_client("krakenfutures", "krakenfutures", {"timeout": REST_TIMEOUT_MS})
    if is_demo:
        client.set_sandbox_mode(True)
    client.options["ws"] = {**client.options.get("ws", {}), "cost": SUBSCRIBE_COST}
    addresses = client.urls["api"]
    if urls.rest is not None:
        for name in ("public", "private"):
            addresses[name] = f"{urls.rest}/derivatives/api/"
        for name in ("history", "charts"):
            addresses[name] = f"{urls.rest}/api/{name}/"
    if urls.ws is not None:
        addresses["ws"] = urls.ws + "/ws/v1"
    if keys is not None:
        arm(client, keys)
        put_up(client, _fence(client))
    return client


def _fence(client: Any) -> Fence:
    addresses = client.urls["api"]

    def address(call: Call) -> str:
        version = client.options["versions"].get(call.section, {}).get(call.method, {}).get(call.path, client.version)
        return f"{addresses[call.section]}{version}/{call.path}"

    return Fence(
        calls=CALLS,
        address=address,
        sockets=frozenset({addresses["ws"]}),
        topics=FEEDS,
        refuses={SEND_ORDER: against_order},
    )


def against_order(fields: Any) -> str:
    """What is wrong with the fields of an order; "" where they are an order that we place."""
    strange = sorted(set(fields) - ORDER_FIELDS)
    if strange:
        return f"a field of the fence, was {strange[0]}"
    kind = fields.get("orderType")
    if kind not in ORDER_TYPES:
        return f"an order of {', '.join(sorted(ORDER_TYPES))}, was {kind}"
    is_stop, signal = kind == "stp", fields.get("triggerSignal")
    if is_stop != ("stopPrice" in fields) or signal != ("mark" if is_stop else None):
        return f"a stop on the mark or none, was {kind} with {signal}"
    return ""

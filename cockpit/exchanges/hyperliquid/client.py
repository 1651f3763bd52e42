"""A client of Hyperliquid: where it goes, and with an agent's key, the only questions and actions that may leave.

Endpoints: its `info` and `exchange`, and its WebSocket, by its API documentation. Everything goes to these two
addresses, so it is the `type` of a question or of an action that is fenced, and an action's fields.
"""

from collections.abc import Mapping
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, put_up
from cockpit.exchanges.base.library import load_library
from cockpit.exchanges.base.trading_client import arm
from cockpit.exchanges.hyperliquid.actions import against_request, fence_signatures

VENUE = "hyperliquid"
REST_TIMEOUT_MS = 10_000
SUBSCRIBE_COST = 0.05
"""The library would leave 50 ms between two subscriptions; we send four an asset."""
INFO, EXCHANGE = Call("public", "POST", "info"), Call("private", "POST", "exchange")
WEIGHTS = {
    "clearinghouseState": 2,
    "spotClearinghouseState": 2,
    "orderStatus": 2,
    "exchangeStatus": 2,
    "allMids": 2,
    "userRole": 60,
}
"""Of the venue's 1,200 a minute for an address of the internet."""
OTHER_WEIGHT = 20
QUESTIONS = frozenset(
    {
        *WEIGHTS,
        "meta",
        "metaAndAssetCtxs",
        "frontendOpenOrders",
        "userFillsByTime",
        "userFunding",
        "userFees",
        "userRateLimit",
        "userAbstraction",
        "activeAssetData",
    }
)
FEEDS = frozenset({"orderUpdates", "userFills", "clearinghouseState"})


def hyperliquid_client(urls: VenueUrls, keys: VenueKeys | None = None, is_demo: bool = False) -> Any:
    """A client, fenced where it has keys; imports the library, so call it off the loop."""
    load_library([VENUE])

    import ccxt.pro

    client = ccxt.pro.hyperliquid({"timeout": REST_TIMEOUT_MS})
    if is_demo:
        client.set_sandbox_mode(True)
    client.has["fetchCurrencies"] = False  # with a key it would approve a fee to the library's authors
    client.options |= {"fetchMarkets": {"types": ["swap"]}, "hip3TokensByName": {}, "cachedCurrenciesById": {}}
    client.options["ws"] = {**client.options.get("ws", {}), "cost": SUBSCRIBE_COST}
    addresses = client.urls["api"]
    if urls.rest is not None:
        addresses["public"] = addresses["private"] = urls.rest
    if urls.ws is not None:
        addresses["ws"] = {**addresses["ws"], "public": urls.ws + "/ws"}
    if keys is not None:
        arm(client, keys)
        client.walletAddress, client.privateKey = client.apiKey, client.secret
        fence_signatures(client)
        put_up(client, _fence(client))
    return client


def _fence(client: Any) -> Fence:
    addresses = client.urls["api"]

    def address(call: Call) -> str:
        return f"{client.implode_hostname(addresses[call.section])}/{call.path}"

    return Fence(
        calls=frozenset({INFO, EXCHANGE}),
        address=address,
        sockets=frozenset({addresses["ws"]["public"]}),
        topics=FEEDS,
        refuses={INFO: against_question, EXCHANGE: lambda fields: against_request(fields, client.walletAddress)},
    )


def against_question(fields: Mapping[str, Any]) -> str:
    """What is wrong with a question; "" where it is one that we ask."""
    kind = fields.get("type")
    return "" if kind in QUESTIONS else f"a question of the fence, was {kind}"


def weight_of(kind: str) -> int:
    """What a question weighs."""
    return WEIGHTS.get(kind, OTHER_WEIGHT)

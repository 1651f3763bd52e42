"""A client of Bybit: where it goes, and with keys, the only calls it may make, with the only fields they have.

Endpoints: Bybit's API v5, "Market", "Trade", "Position", "Account" and "User". The library sends every POST under its
own broker's name, and what it calls a trailing stop changes the position itself: the name is taken off, and an order is
fenced by its fields too. Disconnect-Cancel-All is not asked for: nothing says that it spares stops.
"""

from collections.abc import Mapping
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, put_up
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.base.trading_client import arm

VENUE = "bybit"
REST_TIMEOUT_MS = 10_000
BROKERS_NAME = "Referer"

# How often Bybit's endpoints may be asked in a second, by user: its API v5, "Rate Limit Rules".

WINDOW_S = 1.1
"""A second, and a little for what the way there adds or takes."""
ENDPOINT_CALLS = {
    "privatePostV5OrderCreate": 10,
    "privatePostV5OrderCancel": 10,
    "privateGetV5OrderRealtime": 50,
    "privateGetV5OrderHistory": 50,
    "privateGetV5ExecutionList": 50,
    "privateGetV5PositionList": 50,
    "privateGetV5AccountWalletBalance": 50,
    "privateGetV5AccountFeeRate": 5,
    "privateGetV5AccountTransactionLog": 30,
    "privateGetV5AccountInfo": 50,
    "privateGetV5UserQueryApi": 10,
}

CREATE_ORDER = Call("private", "POST", "v5/order/create")
CALLS = frozenset(
    {
        CREATE_ORDER,
        Call("private", "POST", "v5/order/cancel"),
        Call("public", "GET", "v5/market/time"),
        Call("public", "GET", "v5/market/tickers"),
    }
    | {
        Call("private", "GET", f"v5/{path}")
        for path in (
            "order/realtime",
            "order/history",
            "execution/list",
            "position/list",
            "account/wallet-balance",
            "account/info",
            "account/fee-rate",
            "account/transaction-log",
            "user/query-api",
        )
    }
)
ORDER_FIELDS = frozenset({"category", "symbol", "side", "orderType", "qty", "orderLinkId", "positionIdx"})
LIMIT_FIELDS = frozenset({"price", "timeInForce"})
REDUCING_FIELDS = frozenset({"reduceOnly", "closeOnTrigger"})
STOP_FIELDS = frozenset({"triggerPrice", "triggerDirection", "triggerBy"})
ALLOWED_FIELDS = ORDER_FIELDS | LIMIT_FIELDS | REDUCING_FIELDS | STOP_FIELDS
TOPICS = frozenset({"order", "execution", "position"})


def bybit_client(urls: VenueUrls, keys: VenueKeys | None = None, is_demo: bool = False) -> Any:
    """A client, fenced where it has keys; imports the library, so call it off the loop."""
    client = new_client(
        VENUE, "bybit", {"timeout": REST_TIMEOUT_MS, "options": {"fetchMarkets": {"types": ["linear"]}}}
    )
    client.has["fetchCurrencies"] = False
    if is_demo:
        client.enable_demo_trading(True)
    _move(client, urls)
    if keys is not None:
        arm(client, keys)
        _sign_without_a_broker(client)
        put_up(client, _fence(client))
    return client


def private_url(client: Any) -> str:
    """Where the account's own stream is."""
    return str(client.implode_hostname(client.urls["api"]["ws"]["private"]["contract"]))


def public_url(client: Any) -> str:
    """Where the public stream of perpetuals against USDT and USDC is."""
    return str(client.implode_hostname(client.urls["api"]["ws"]["public"]["linear"]))


def _move(client: Any, urls: VenueUrls) -> None:
    addresses = client.urls["api"]
    if urls.rest is not None:
        addresses["public"] = addresses["private"] = urls.rest
    if urls.ws is not None:
        addresses["ws"]["public"]["linear"] = urls.ws + "/v5/public/linear"
        addresses["ws"]["private"]["contract"] = urls.ws + "/v5/private"


def _sign_without_a_broker(client: Any) -> None:
    sign = client.sign

    def signed(path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:
        request = sign(path, api, method, params or {})
        headers = request["headers"] or {}
        return {**request, "headers": {name: value for name, value in headers.items() if name != BROKERS_NAME}}

    client.sign = signed


def _fence(client: Any) -> Fence:
    addresses = client.urls["api"]
    return Fence(
        calls=CALLS,
        address=lambda call: f"{client.implode_hostname(addresses[call.section])}/{call.path}",
        sockets=frozenset({private_url(client)}),
        topics=TOPICS,
        refuses={CREATE_ORDER: against_order},
    )


def against_order(fields: Mapping[str, Any]) -> str:
    """What is wrong with the fields of an order; "" where they are an order that we place."""
    strange = sorted(set(fields) - ALLOWED_FIELDS)
    if strange:
        return f"a field of the fence, was {strange[0]}"
    if "orderLinkId" not in fields:
        return "an order with our id, was none"
    is_stop = bool(STOP_FIELDS & set(fields))
    if is_stop and not (set(fields) >= STOP_FIELDS and fields["triggerBy"] == "MarkPrice"):
        return f"a stop on the mark or none, was {fields.get('triggerBy')}"
    if fields.get("closeOnTrigger") and not fields.get("reduceOnly"):
        return "an order that closes to reduce only, was not"
    return "" if fields.get("qty") != "0" or fields.get("closeOnTrigger") else "a quantity, was 0"

"""A client of OKX's swaps: where it goes, and with keys, the only calls it may make.

Endpoints: OKX's API v5, "Order Book Trading", "Algo Trading", "Trading Account" and "Public Data".
"""

from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, put_up
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.base.trading_client import arm

# How often OKX's endpoints may be asked in two seconds, by user: its API v5, "Rate Limit" of each endpoint.

WINDOW_S = 2.1
"""Two seconds, and a little for what the way there adds or takes."""
ENDPOINT_CALLS = {
    "privateGetTradeOrder": 60,
    "privatePostTradeOrder": 60,
    "privatePostTradeCancelOrder": 60,
    "privateGetTradeOrderAlgo": 20,
    "privatePostTradeOrderAlgo": 20,
    "privatePostTradeCancelAlgos": 20,
    "privatePostTradeCancelAdvanceAlgos": 20,
    "privateGetTradeOrdersPending": 60,
    "privateGetTradeOrdersAlgoPending": 20,
    "privateGetTradeFills": 60,
    "privateGetTradeFillsHistory": 10,
    "privatePostTradeClosePosition": 20,
    "privatePostTradeCancelAllAfter": 2,
    "privateGetAccountPositions": 10,
    "privateGetAccountBalance": 10,
    "privateGetAccountBills": 10,
    "privateGetAccountConfig": 5,
    "privateGetAccountLeverageInfo": 20,
    "privateGetAccountTradeFee": 5,
}


REST_TIMEOUT_MS = 10_000
SUBSCRIBE_COST = 0.25
"""The library would leave 110 ms between two subscriptions; the venue counts them by the hour."""

ORDERS = frozenset(
    Call("private", method, f"trade/{path}")
    for method, path in (
        ("POST", "order"),
        ("GET", "order"),
        ("POST", "cancel-order"),
        ("POST", "order-algo"),
        ("GET", "order-algo"),
        ("POST", "cancel-algos"),
        ("POST", "cancel-advance-algos"),
        ("GET", "orders-pending"),
        ("GET", "orders-algo-pending"),
        ("GET", "fills"),
        ("GET", "fills-history"),
        ("POST", "close-position"),
        ("POST", "cancel-all-after"),
    )
)
ACCOUNT = frozenset(
    {Call("public", "GET", "public/time"), Call("public", "GET", "public/mark-price")}
    | {
        Call("private", "GET", f"account/{path}")
        for path in ("config", "balance", "positions", "leverage-info", "trade-fee", "bills")
    }
)
CALLS = ORDERS | ACCOUNT
TOPICS = frozenset({"orders", "orders-algo", "positions"})


def okx_client(urls: VenueUrls, keys: VenueKeys | None = None, is_demo: bool = False) -> Any:
    """A client, fenced where it has keys; imports the library, so call it off the loop."""
    client = new_client("okx", "okx", {"timeout": REST_TIMEOUT_MS, "options": {"fetchMarkets": {"types": ["swap"]}}})
    if is_demo:
        client.set_sandbox_mode(True)
    client.has["fetchCurrencies"] = False
    client.options["ws"] = {**client.options["ws"], "cost": SUBSCRIBE_COST}
    addresses = client.urls["api"]
    if urls.rest is not None:
        addresses["rest"] = urls.rest
    if urls.ws is not None:
        addresses["ws"] = urls.ws + "/ws/v5"
    if keys is not None:
        arm(client, keys)
        put_up(client, _fence(client))
    return client


def _fence(client: Any) -> Fence:
    rest = client.implode_hostname(client.urls["api"]["rest"])
    sockets = (client.get_url("orders", "private"), client.get_url("orders-algo", "business"))
    return Fence(
        calls=CALLS,
        address=lambda call: f"{rest}/api/{client.version}/{call.path}",
        sockets=frozenset(socket.split("?", 1)[0] for socket in sockets),
        topics=TOPICS,
    )

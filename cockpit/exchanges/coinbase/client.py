"""A client of Coinbase Advanced Trade: where it goes, and with keys, the only calls it may make, with the only fields.

Endpoints: the Advanced Trade REST API v3 and its WebSocket. Through the library's unified calls a protective stop that
reduces becomes an immediate close of the whole position, a stop by `triggerPrice` one on the wrong side, and
`reduceOnly` a field that the venue does not know: so an order is fenced by what is in it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, put_up
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.base.trading_client import arm
from cockpit.exchanges.coinbase.keys import signing_keys

Against = Callable[[Mapping[str, Any]], str]

REST_TIMEOUT_MS = 10_000
USER_SOCKET = "wss://advanced-trade-ws-user.coinbase.com"
UNAUTHORIZED = 401
V3 = "v3"
ORDERS = Call(V3, "POST", "brokerage/orders")
PREVIEW = Call(V3, "POST", "brokerage/orders/preview")
CANCEL = Call(V3, "POST", "brokerage/orders/batch_cancel")
CALLS = frozenset(
    {
        ORDERS,
        PREVIEW,
        CANCEL,
        Call(V3, "GET", "brokerage/orders/historical/batch"),
        Call(V3, "GET", "brokerage/orders/historical/fills"),
        Call(V3, "GET", "brokerage/orders/historical/{order_id}"),
        Call(V3, "GET", "brokerage/cfm/positions"),
        Call(V3, "GET", "brokerage/cfm/balance_summary"),
        Call(V3, "GET", "brokerage/cfm/intraday/margin_setting"),
        Call(V3, "GET", "brokerage/key_permissions"),
        Call(V3, "GET", "brokerage/transaction_summary"),
        Call(V3, "GET", "brokerage/time"),
        Call(V3, "GET", "brokerage/market/products"),
        Call(V3, "GET", "brokerage/market/products/{product_id}"),
    }
)
ACCOUNTS = Call(V3, "GET", "brokerage/accounts")
"""Coins and money, where spot is traded."""
SUBSCRIBED = frozenset({"user", "heartbeats"})

MARKET, LIMIT, STOP = "market_market_ioc", "limit_limit_gtc", "stop_limit_stop_limit_gtc"
ORDER_FIELDS = frozenset({"client_order_id", "product_id", "side", "order_configuration"})
TERMS: Mapping[str, frozenset[str]] = {
    MARKET: frozenset({"base_size"}),
    LIMIT: frozenset({"base_size", "limit_price", "post_only"}),
    STOP: frozenset({"base_size", "limit_price", "stop_price", "stop_direction"}),
}
"""What each kind of order says of itself; `reduce_only` beside it where it must not open anything."""
REDUCES = "reduce_only"
LIBRARYS_OWN = "ccxt"
"""How the ids begin that the library makes up."""
STOP_DOWN, STOP_UP = "STOP_DIRECTION_STOP_DOWN", "STOP_DIRECTION_STOP_UP"
PROTECTING = {"SELL": STOP_DOWN, "BUY": STOP_UP}
"""Which way the price must go for a stop of that side to take a loss off, not a profit."""


def coinbase_client(urls: VenueUrls, keys: VenueKeys | None = None, against_spot: Against | None = None) -> Any:
    """A client, fenced where it has keys; imports the library, so call it off the loop. With `against_spot`, which
    says what is wrong with a spot order, it trades spot and nothing else.

    Raises `KeysLost` for keys that cannot sign everything that is needed.
    """
    client = new_client("coinbase", "coinbase", {"timeout": REST_TIMEOUT_MS})
    client.has["fetchCurrencies"] = False
    addresses = client.urls["api"]
    if urls.rest is not None:
        addresses["rest"] = urls.rest
    if keys is not None:
        addresses["ws"] = USER_SOCKET
    if urls.ws is not None:
        addresses["ws"] = urls.ws
    _name_unauthorized(client)
    if keys is not None:
        arm(client, signing_keys(keys))
        put_up(client, _fence(client, against_spot))
    return client


def _name_unauthorized(client: Any) -> None:
    """The venue turns a token away with the bare word "Unauthorized", which the library takes for a page of some wall
    before it: it gets the name that the venue's lists know it by."""
    judge = client.handle_errors

    def named(status: int, reason: str, url: str, method: str, headers: Any, body: str, answer: Any, *rest: Any) -> Any:
        if status == UNAUTHORIZED and answer is None:
            from ccxt.base.errors import AuthenticationError

            raise AuthenticationError('coinbase {"error": "unauthorized"}')
        return judge(status, reason, url, method, headers, body, answer, *rest)

    client.handle_errors = named


def _fence(client: Any, against_spot: Against | None) -> Fence:
    addresses = client.urls["api"]
    placing: tuple[Against, Against] = against_order, against_preview
    if against_spot is not None:
        placing = lambda fields: _against_id(fields) or against_spot(fields), against_spot
    return Fence(
        calls=CALLS if against_spot is None else CALLS | {ACCOUNTS},
        address=lambda call: f"{addresses['rest']}/api/{call.section}/{call.path}",
        sockets=frozenset({addresses["ws"]}),
        topics=SUBSCRIBED,
        refuses={ORDERS: placing[0], PREVIEW: placing[1], CANCEL: against_cancel},
    )


def against_order(fields: Any) -> str:
    """What is wrong with the fields of an order; "" where they are an order that we place."""
    return _against_id(fields) or against_preview(fields)


def _against_id(fields: Any) -> str:
    absent = sorted(ORDER_FIELDS - set(fields))
    if absent:
        return f"an order with its {absent[0]}, was none"
    if str(fields["client_order_id"]).startswith(LIBRARYS_OWN):
        return "an order under an id of ours, was one that the library made up"
    return ""


def against_preview(fields: Any) -> str:
    """The same of an order that is only asked about: it has no id."""
    strange = sorted(set(fields) - ORDER_FIELDS)
    if strange:
        return f"a field of the fence, was {strange[0]}"
    side, terms = fields.get("side"), fields.get("order_configuration")
    if side not in PROTECTING:
        return f"a side of {', '.join(sorted(PROTECTING))}, was {side}"
    if not isinstance(terms, dict) or len(terms) != 1 or next(iter(terms)) not in TERMS:
        kinds = ", ".join(sorted(terms)) if isinstance(terms, dict) else "none"
        return f"one kind of order of {', '.join(TERMS)}, was {kinds}"
    ((kind, said),) = terms.items()
    return _against_terms(kind, side, said)


def _against_terms(kind: str, side: str, said: Any) -> str:
    if not isinstance(said, dict) or set(said) - {REDUCES} != TERMS[kind]:
        return f"{kind} with {', '.join(sorted(TERMS[kind]))}, was other fields"
    if kind != STOP:
        return ""
    if said["stop_direction"] != PROTECTING[side]:
        return f"a {side} stop in the direction {PROTECTING[side]}, was {said['stop_direction']}"
    return "" if said.get(REDUCES) is True else "a stop that reduces only, was one that may open"


def against_cancel(fields: Any) -> str:
    """Orders are cancelled by the venue's ids, and never none of them."""
    ids = fields.get("order_ids")
    if set(fields) != {"order_ids"} or not isinstance(ids, list) or not all(isinstance(one, str) for one in ids or [0]):
        return "the ids of orders to cancel, was something else"
    return ""

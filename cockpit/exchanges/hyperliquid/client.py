"""A client of Hyperliquid: where it goes, and with an agent's key, the only questions and actions that may leave.

Endpoints: its `info` and `exchange`, and its WebSocket, by its API documentation. Everything goes to these two
addresses, so it is the `type` of a question or of an action that is fenced, and an action's fields.

An agent cannot withdraw. It can sign much else: other people's fees, referrals, transfers between accounts, leverage,
a new owner. The client library signs a fee to its authors and their referral before the first order, if it is let.
Here an order or the cancel of one is signed, in the very shape in which we write them, and nothing else can be.
"""

import re
from collections.abc import Mapping
from typing import Any

from cockpit.config.endpoints import VenueUrls
from cockpit.config.secrets import VenueKeys
from cockpit.exchanges.base.fence import Call, Fence, FencedOff, put_up
from cockpit.exchanges.base.library import new_client
from cockpit.exchanges.base.trading_client import arm

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
    client = new_client(VENUE, "hyperliquid", {"timeout": REST_TIMEOUT_MS})
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


# What may be signed.

ACTIONS: Mapping[str, frozenset[str]] = {
    "order": frozenset({"type", "orders", "grouping"}),
    "cancel": frozenset({"type", "cancels"}),
    "cancelByCloid": frozenset({"type", "cancels"}),
}
"""Each action that may be signed, with all the fields it may have: an order's `builder` is nobody's."""
REQUEST_FIELDS = frozenset({"action", "nonce", "signature", "vaultAddress", "expiresAfter"})
ORDER_FIELDS = frozenset("abprstc")
CANCEL_FIELDS = {"cancel": frozenset("ao"), "cancelByCloid": frozenset({"asset", "cloid"})}
TIME_IN_FORCE = frozenset({"Gtc", "Ioc"})
TRIGGER_FIELDS = frozenset({"isMarket", "triggerPx", "tpsl"})
_CLOID = re.compile(r"0x[0-9a-f]{32}")


def against_request(request: Mapping[str, Any], account: str) -> str:
    """What is wrong with a request to the exchange; "" where it is one of ours, for that account."""
    strange = sorted(set(request) - REQUEST_FIELDS)
    if strange:
        return f"a field of the fence, was {strange[0]}"
    vault = request.get("vaultAddress")
    if vault is not None and str(vault).lower() != account.lower():
        return f"an order for {account}, was one for {vault}"
    return against_action(request.get("action"))


def against_action(action: Any) -> str:
    """What is wrong with an action; "" where it is one that we sign."""
    kind = str(action.get("type")) if isinstance(action, Mapping) else ""
    if kind not in ACTIONS:
        return f"an action of {', '.join(sorted(ACTIONS))}, was {kind}"
    strange = sorted(set(action) - ACTIONS[kind])
    if strange:
        return f"an action's field of the fence, was {strange[0]}"
    if kind != "order":
        return _against_cancels(kind, action.get("cancels"))
    if action.get("grouping") != "na":
        return f"orders of their own, was grouping {action.get('grouping')}"
    orders = list(action.get("orders") or [])
    if len(orders) != 1:
        return f"one order, was {len(orders)}"
    return _against_order(orders[0])


def _against_cancels(kind: str, cancels: Any) -> str:
    wrong = [one for one in cancels or () if set(one) != CANCEL_FIELDS[kind]]
    return "" if cancels and not wrong else "cancels by their ids alone, was something else"


def _against_order(order: Mapping[str, Any]) -> str:
    if set(order) != ORDER_FIELDS:
        return f"an order's own fields with an id of ours, was {', '.join(sorted(order))}"
    if not _CLOID.fullmatch(str(order["c"])):
        return f"an id of 128 bits, was {order['c']!r}"
    kind = order["t"]
    if set(kind) == {"limit"} and set(kind["limit"]) == {"tif"} and kind["limit"]["tif"] in TIME_IN_FORCE:
        return ""
    if set(kind) != {"trigger"} or set(kind["trigger"]) != TRIGGER_FIELDS:
        return "a limit or a trigger, was something else"
    trigger = kind["trigger"]
    if trigger["isMarket"] is not True or trigger["tpsl"] != "sl" or order["r"] is not True:
        return "a stop at market that reduces, was another trigger"
    return ""


SIGNERS = ("sign_message", "sign_hash", "sign_user_signed_action", "ecdsa")


def fence_signatures(client: Any) -> None:
    """Leave this client no way to a signature but through `sign_l1_action`, and that for our actions alone."""
    sign, signers = client.sign_l1_action, {name: getattr(client, name) for name in SIGNERS}

    def fenced_sign(action: Any, nonce: Any, *rest: Any, **named: Any) -> Any:
        wrong = against_action(action)
        if wrong:
            raise FencedOff(f"expected {wrong[:120]}: nothing was signed")
        for name, signer in signers.items():
            setattr(client, name, signer)
        try:
            return sign(action, nonce, *rest, **named)
        finally:
            _shut(client)

    client.sign_l1_action = fenced_sign
    _shut(client)


def _shut(client: Any) -> None:
    for name in SIGNERS:
        setattr(client, name, _refuse)


def _refuse(*_: Any, **__: Any) -> Any:
    raise FencedOff("expected an action of the fence, was something else to sign: nothing was signed")

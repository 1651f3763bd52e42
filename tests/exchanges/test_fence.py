"""A client with keys can trade and read, and nothing else: every endpoint and every method of the library is tried."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.exchanges.base.fence import Call, FencedOff
from cockpit.exchanges.base.markets import with_markets
from cockpit.exchanges.binance import client as binance_client
from cockpit.exchanges.okx import client as okx_client
from tests.exchanges.fence_rig import asked, endpoints, unified_methods
from tests.execution.account_stage import keys_of
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.okx_trading import OkxTradingVenue
from tests.loopback.trading_venue import TradingVenue

PATIENCE_S = 0.25
"""How long a method that waits for a socket is listened to."""


class Rig(NamedTuple):
    """A fenced client in front of a venue; `allowed` is what the venue may see."""

    venue: TradingVenue
    client: Any
    calls: frozenset[Call]
    allowed: set[tuple[str, str]]

    def seen(self) -> set[tuple[str, str]]:
        return {(call.method, call.path) for call in self.venue.calls}


BINANCE_ROOTS = {"sapi": "/sapi/v1", "fapiPrivateV3": "/fapi/v3"}


SENT_BY_METHODS = {
    "binanceusdm": {Call("fapiPrivate", "POST", "order"), Call("fapiPrivate", "POST", "algoOrder")},
    "okx": {Call("private", "GET", "account/positions"), Call("private", "POST", "trade/cancel-order")},
}
"""What some of the library's methods do send: not everything fails for another reason."""


ALL = {
    "binanceusdm": {
        "fapiPrivate POST order",
        "fapiPrivate GET order",
        "fapiPrivate DELETE order",
        "fapiPrivate POST algoOrder",
        "fapiPrivate GET algoOrder",
        "fapiPrivate DELETE algoOrder",
        "fapiPrivate GET openOrders",
        "fapiPrivate GET openAlgoOrders",
        "fapiPrivate GET allOrders",
        "fapiPrivate GET userTrades",
        "fapiPrivate GET positionSide/dual",
        "fapiPrivate GET symbolConfig",
        "fapiPrivate GET commissionRate",
        "fapiPrivate GET income",
        "fapiPrivate POST listenKey",
        "fapiPrivate PUT listenKey",
        "fapiPrivateV3 GET positionRisk",
        "fapiPrivateV3 GET account",
        "fapiPublic GET time",
        "fapiPublic GET premiumIndex",
        "sapi GET account/apiRestrictions",
    },
    "okx": {
        "private POST trade/order",
        "private GET trade/order",
        "private POST trade/cancel-order",
        "private POST trade/order-algo",
        "private GET trade/order-algo",
        "private POST trade/cancel-advance-algos",
        "private POST trade/cancel-algos",
        "private GET trade/orders-pending",
        "private GET trade/orders-algo-pending",
        "private GET trade/fills",
        "private GET trade/fills-history",
        "private POST trade/close-position",
        "private POST trade/cancel-all-after",
        "private GET account/config",
        "private GET account/balance",
        "private GET account/positions",
        "private GET account/leverage-info",
        "private GET account/trade-fee",
        "private GET account/bills",
        "public GET public/time",
        "public GET public/mark-price",
    },
}
"""Whoever wants one more has to say so here too."""


def _path(venue: str, call: Call) -> str:
    return f"/api/v5/{call.path}" if venue == "okx" else f"{BINANCE_ROOTS.get(call.section, '/fapi/v1')}/{call.path}"


async def _rig(name: str) -> AsyncIterator[Rig]:
    module: Any = okx_client if name == "okx" else binance_client
    make: Callable[..., Any] = module.okx_client if name == "okx" else module.binance_client
    async with (OkxTradingVenue if name == "okx" else BinanceTradingVenue)() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        urls = VenueUrls(venue.rest_url, venue.ws_url)
        loaded = await asyncio.to_thread(with_markets, make(urls))
        client = make(urls, keys_of(name))
        client.timeout_on_exit = 0
        client.set_markets_from_exchange(loaded)
        venue.calls.clear()
        yield Rig(venue, client, module.CALLS, {(call.method, _path(name, call)) for call in module.CALLS})
        await client.close()


@pytest.fixture(params=["binance", "okx"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async for rig in _rig(request.param):
        yield rig


def test_these_are_all(rig: Rig) -> None:
    assert {f"{call.section} {call.method} {call.path}" for call in rig.calls} == ALL[rig.client.id]


async def test_of_every_endpoint_the_library_knows_only_the_allowed_leave(rig: Rig) -> None:
    known = dict(endpoints(rig.client))
    fenced_off = set()
    for name, call in known.items():
        try:
            await getattr(rig.client, name)({})
        except FencedOff:
            fenced_off.add(call)
        except Exception:
            assert call in rig.calls, f"{call} was neither fenced off nor allowed"
    assert set(known.values()) - fenced_off == rig.calls
    assert rig.seen() == rig.allowed
    assert len(fenced_off) > 300


async def test_of_every_method_the_library_offers_only_allowed_calls_leave(rig: Rig) -> None:
    names = list(unified_methods(rig.client))
    assert len(names) > 200 and {"withdraw", "transfer", "create_order", "set_leverage"} <= set(names)
    for name in names:
        try:
            await asyncio.wait_for(asked(rig.client, name), PATIENCE_S)
        except Exception:
            continue
    assert rig.seen() <= rig.allowed
    assert {(call.method, _path(rig.client.id, call)) for call in SENT_BY_METHODS[rig.client.id]} <= rig.seen()
    assert {socket.path for socket in rig.venue.sockets} <= {"/private/ws", "/ws/v5/private", "/ws/v5/business"}
    assert {frame["op"] for frame in rig.venue.received if frame != "ping"} <= {"login", "subscribe", "unsubscribe"}


MONEY_OUT = [
    ("withdraw", ("USDT", 1.0, "0x1212121212121212121212121212121212121212")),
    ("transfer", ("USDT", 1.0, "future", "spot")),
    ("borrow_cross_margin", ("USDT", 1.0)),
    ("set_leverage", (5, "BTC/USDT:USDT")),
    ("set_margin_mode", ("cross", "BTC/USDT:USDT")),
    ("cancel_all_orders", ("BTC/USDT:USDT",)),
    ("create_convert_trade", ("1", "USDT", "BTC", 1.0)),
    ("fetch_deposit_address", ("USDT",)),
]


@pytest.mark.parametrize(("name", "arguments"), MONEY_OUT)
async def test_nothing_is_signed_for_what_is_fenced_off(
    rig: Rig, name: str, arguments: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed: list[Any] = []
    monkeypatch.setattr(rig.client, "hmac", lambda *given: signed.append(given) or "00")
    with pytest.raises(Exception) as refused:
        await getattr(rig.client, name)(*arguments)
    assert type(refused.value).__name__ in ("FencedOff", "NotSupported", "BadRequest")
    assert signed == [] and rig.venue.calls == []


async def test_no_request_leaves_past_the_signing(rig: Rig) -> None:
    for address in (f"{rig.venue.rest_url}/sapi/v1/capital/withdraw/apply", "https://api.binance.com/api/v3/order"):
        with pytest.raises(FencedOff, match="nothing was sent"):
            await rig.client.fetch(address, "POST", {}, "coin=USDT")
    with pytest.raises(FencedOff):
        rig.client.sign("asset/withdrawal", ["private"], "POST", {})
    assert rig.venue.calls == []


async def test_an_allowed_path_is_not_allowed_by_another_method_or_in_another_section(rig: Rig) -> None:
    for call in rig.calls:
        with pytest.raises(FencedOff):
            rig.client.sign(call.path, [call.section], "PATCH", {})
        with pytest.raises(FencedOff):
            rig.client.sign(call.path, ["elsewhere"], call.method, {})
        with pytest.raises(FencedOff):
            rig.client.sign(f"{call.path}/../withdraw", [call.section], call.method, {})


async def test_no_other_socket_is_opened(rig: Rig) -> None:
    for url in (f"{rig.venue.ws_url}/ws-fapi/v1", f"{rig.venue.ws_url}/public/ws/0", "wss://elsewhere.example/private"):
        with pytest.raises(FencedOff, match="nothing was opened"):
            rig.client.watch(url, "anything")
    assert rig.venue.sockets == []


ORDERS_OVER_SOCKETS = [
    {"op": "order", "id": "1", "args": [{"instId": "BTC-USDT-SWAP"}]},
    {"op": "batch-orders", "id": "1", "args": [{"instId": "BTC-USDT-SWAP"}]},
    {"op": "mass-cancel", "id": "1", "args": [{"instType": "OPTION"}]},
    {"op": "subscribe", "args": [{"channel": "orders"}, {"channel": "withdrawal-info"}]},
    {"op": "subscribe", "args": []},
    {"method": "order.place", "params": {}, "id": 1},
    "order",
    [],
]


@pytest.mark.parametrize("frame", ORDERS_OVER_SOCKETS)
async def test_nothing_but_subscriptions_goes_over_the_accounts_sockets(frame: Any) -> None:
    async for rig in _rig("okx"):
        private = rig.client.get_url("orders", "private")
        with pytest.raises(FencedOff):
            rig.client.watch(private, "hash", frame, "hash")
        with pytest.raises(FencedOff):
            rig.client.watch_multiple(private, ["hash"], frame, ["hash"])
        with pytest.raises(FencedOff):
            rig.client.client(private).send(frame)
        assert rig.venue.received == []


@pytest.mark.parametrize("is_demo", [False, True])
@pytest.mark.parametrize("name", ["binance", "okx"])
def test_keys_and_fence_come_together_wherever_the_venue_is(name: str, is_demo: bool) -> None:
    make = okx_client.okx_client if name == "okx" else binance_client.binance_client
    client = make(VenueUrls(), keys_of(name), is_demo)
    with pytest.raises(FencedOff):
        client.sign("asset/withdrawal", ["private"], "POST", {})
    with pytest.raises(FencedOff):
        client.sign("capital/withdraw/apply", ["sapi"], "POST", {})
    order = Call("private", "POST", "trade/order") if name == "okx" else Call("fapiPrivate", "POST", "order")
    signed = client.sign(order.path, [order.section], order.method, {})
    host = {("okx", False): "okx.com", ("okx", True): "okx.com"}.get(
        (name, is_demo), "demo-fapi.binance.com" if is_demo else "fapi.binance.com"
    )
    assert host in signed["url"]


@pytest.mark.parametrize("name", ["binance", "okx"])
def test_without_keys_nothing_can_be_signed(name: str) -> None:
    import ccxt

    make = okx_client.okx_client if name == "okx" else binance_client.binance_client
    client = make(VenueUrls())
    path, section = ("trade/order", "private") if name == "okx" else ("order", "fapiPrivate")
    with pytest.raises(ccxt.AuthenticationError):
        client.sign(path, [section], "POST", {})

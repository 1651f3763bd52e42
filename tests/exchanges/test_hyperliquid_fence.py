"""What an agent's key signs, by the bytes that leave: orders and cancels, and nothing the library would do beside."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.model import CockpitConfig
from cockpit.exchanges.base.account import KeysLost, Refused
from cockpit.exchanges.base.fence import FencedOff
from cockpit.exchanges.base.markets import with_markets
from cockpit.exchanges.hyperliquid.client import ACTIONS, against_action, hyperliquid_client
from cockpit.exchanges.hyperliquid.cloids import client_id_of, cloid_of
from cockpit.exchanges.registry import account_for
from tests.exchanges.fence_rig import asked, unified_methods
from tests.execution.account_stage import account_stage, close, entry, keys_of, moved, stop, with_venue
from tests.loopback.hyperliquid_trading import (
    ACCOUNT,
    AGENT,
    AGENT_KEY,
    MASTER_KEY,
    HyperliquidTradingVenue,
    signer_of,
)

ID = "ckaaaaaat000001"
SUB, OTHER = "0x" + "ab" * 20, "0x" + "cd" * 20
PATIENCE_S = 0.25
BTC = "BTC/USDC:USDC"


@pytest.fixture(scope="module")
def config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_venue(shipped_config, "hyperliquid")


@pytest.fixture
async def rig() -> AsyncIterator[tuple[HyperliquidTradingVenue, Any]]:
    """A fenced client that knows its markets, in front of a venue."""
    async with HyperliquidTradingVenue() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        urls = VenueUrls(venue.rest_url, venue.ws_url)
        loaded = await asyncio.to_thread(with_markets, hyperliquid_client(urls))
        client = hyperliquid_client(urls, keys_of("hyperliquid"))
        client.timeout_on_exit = 0
        client.set_markets_from_exchange(loaded)
        venue.calls.clear()
        yield venue, client
        await client.close()


def actions(venue: HyperliquidTradingVenue) -> list[dict[str, Any]]:
    return [call.params["action"] for call in venue.calls if call.path == "/exchange"]


async def test_an_order_is_the_only_thing_signed_for_an_order(config: CockpitConfig) -> None:
    """No fee is approved to anybody, nobody is named as having referred us, and no order carries a builder."""
    async with account_stage("hyperliquid", config) as stage:
        await stage.account.place(entry(qty=0.002), f"{ID}e1")
        await stage.account.place(stop(qty=0.002, trigger=99_000.0), f"{ID}s2")
        await stage.account.cancel("BTC", f"{ID}s2", True)
        await stage.account.place(close(qty=0.002), f"{ID}c3")
        sent = actions(stage.venue)
        assert [one["type"] for one in sent] == ["order", "order", "cancelByCloid", "order"]
        order = {"b": True, "p": "105000", "s": "0.002", "r": False, "t": {"limit": {"tif": "Ioc"}}}
        assert sent[0] == {
            "type": "order", "orders": [{"a": 0, **order, "c": cloid_of(f"{ID}e1")}], "grouping": "na",
        }  # fmt: skip
        trigger = {"trigger": {"isMarket": True, "triggerPx": "99000", "tpsl": "sl"}}
        assert sent[1]["orders"] == [
            {"a": 0, "b": False, "p": "89100", "s": "0.002", "r": True, "t": trigger, "c": cloid_of(f"{ID}s2")}
        ]
        assert sent[2]["cancels"] == [{"asset": 0, "cloid": cloid_of(f"{ID}s2")}]
        assert sent[3]["orders"][0] | {"c": ""} == {"a": 0, **order, "b": False, "p": "95000", "r": True, "c": ""}
        ids = [one["orders"][0]["c"] for one in sent if one["type"] == "order"]
        assert len(set(ids)) == 3, "parent and child never share one"


async def test_every_byte_is_signed_by_the_agent(config: CockpitConfig) -> None:
    async with account_stage("hyperliquid", config) as stage:
        await stage.account.place(entry(), f"{ID}e1")
        (call,) = [call for call in stage.venue.calls if call.path == "/exchange"]
        assert signer_of(call.params, False) == AGENT and call.params["expiresAfter"] > stage.venue.now_ms()
        changed = {**call.params, "action": {**call.params["action"], "grouping": "normalTpsl"}}
        assert signer_of(changed, False) != AGENT
        assert set(call.params) == {"action", "nonce", "signature", "expiresAfter"}


async def test_a_testnet_signature_is_worth_nothing_on_the_other_chain(config: CockpitConfig) -> None:
    section = config.venues["hyperliquid"].model_copy(update={"demo": True})
    demo = config.model_copy(update={"venues": {**config.venues, "hyperliquid": section}})
    async with account_stage("hyperliquid", demo) as stage:
        stage.venue.testnet = False
        with pytest.raises(KeysLost):
            await stage.account.place(entry(), f"{ID}e1")
        stage.venue.testnet = True
        await stage.account.place(entry(), f"{ID}e1")
        assert stage.venue.held("BTC") == 0.002


UNIFIED_ORDERS: list[tuple[str, str, dict[str, Any]]] = [
    ("market", "buy", {}),
    ("market", "buy", {"stopLoss": {"triggerPrice": 99_000.0}}),
    ("market", "buy", {"takeProfit": {"triggerPrice": 110_000.0}}),
    ("limit", "sell", {"stopLossPrice": 99_000.0, "reduceOnly": True}),
    ("market", "sell", {"takeProfitPrice": 110_000.0, "reduceOnly": True}),
    ("market", "sell", {"triggerPrice": 99_000.0}),
    ("limit", "buy", {"clientOrderId": "our own text"}),
    ("limit", "buy", {"postOnly": True, "clientOrderId": cloid_of(f"{ID}e1")}),
]


@pytest.mark.parametrize(("kind", "side", "extra"), UNIFIED_ORDERS)
async def test_what_the_library_makes_of_an_order_is_fenced_off(
    rig: tuple[HyperliquidTradingVenue, Any], kind: str, side: str, extra: dict[str, Any]
) -> None:
    """An attached stop that is a limit, an id that both share, no id, an id that is none: nothing of it is signed."""
    venue, client = rig
    with pytest.raises(FencedOff):
        await client.create_order(BTC, kind, side, 0.002, 100_000.0, extra)
    assert actions(venue) == []


async def test_of_every_method_of_the_library_nothing_else_leaves(rig: tuple[HyperliquidTradingVenue, Any]) -> None:
    venue, client = rig
    names = list(unified_methods(client))
    assert {"withdraw", "transfer", "create_order", "set_leverage", "approve_builder_fee", "set_ref"} <= set(names)
    for name in names:
        try:
            await asyncio.wait_for(asked(client, name), PATIENCE_S)
        except Exception:
            continue
    assert {one["type"] for one in actions(venue)} <= set(ACTIONS)
    assert {call.path for call in venue.calls} <= {"/info", "/exchange"}
    assert not any("builder" in one for one in actions(venue))
    assert {frame.get("method") for frame in venue.received} <= {"subscribe", "unsubscribe", "ping"}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("approve_builder_fee", (OTHER, "0.01%")),
        ("withdraw", ("USDC", 1.0, OTHER)),
        ("transfer", ("USDC", 1.0, "spot", "swap")),
        ("transfer", ("USDC", 1.0, ACCOUNT, OTHER)),
        ("set_leverage", (5, BTC)),
        ("set_margin_mode", ("cross", BTC, {"leverage": 5})),
        ("set_user_abstraction", ("unifiedAccount",)),
        ("set_agent_abstraction", ("u",)),
        ("enable_user_dex_abstraction", (True,)),
        ("create_sub_account", ("name",)),
        ("create_vault", ("name", "text", 100)),
        ("create_twap_order", (BTC, "buy", 1.0, 600_000)),
        ("reserve_request_weight", (1,)),
        ("cancel_all_orders_after", (10_000,)),
        ("add_margin", (BTC, 1.0)),
        ("edit_order", ("1", BTC, "limit", "buy", 0.002, 99_000.0)),
    ],
)
async def test_what_an_agent_could_sign_besides_is_not_signed(
    rig: tuple[HyperliquidTradingVenue, Any], method: str, arguments: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, client = rig
    signed: list[Any] = []
    monkeypatch.setattr(type(client), "ecdsa", staticmethod(lambda *given, **_: signed.append(given)))
    with pytest.raises(Exception) as refused:
        await getattr(client, method)(*arguments)
    assert type(refused.value).__name__ in ("FencedOff", "BadRequest", "NotSupported")
    assert signed == [] and actions(venue) == []


async def test_the_referral_is_not_even_tried(rig: tuple[HyperliquidTradingVenue, Any]) -> None:
    """The library swallows what keeps it from it."""
    venue, client = rig
    with pytest.raises(FencedOff):
        await client.set_ref()
    await client.initialize_client()
    assert actions(venue) == []


GOOD = {"a": 0, "b": True, "p": "1", "s": "1", "r": False, "t": {"limit": {"tif": "Gtc"}}, "c": "0x" + "0" * 32}
TRIGGER = {"trigger": {"isMarket": True, "triggerPx": "1", "tpsl": "sl"}}


def _order(**changes: Any) -> dict[str, Any]:
    return {"type": "order", "orders": [{**GOOD, **changes}], "grouping": "na"}


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        (_order(), ""),
        (_order(t=TRIGGER, r=True), ""),
        ({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": "0x"}]}, ""),
        ({"type": "cancel", "cancels": [{"a": 0, "o": 1}]}, ""),
        ({**_order(), "builder": {"b": OTHER, "f": 10}}, "an action's field of the fence, was builder"),
        ({**_order(), "grouping": "normalTpsl"}, "orders of their own, was grouping normalTpsl"),
        ({"type": "order", "orders": [GOOD, GOOD], "grouping": "na"}, "one order, was 2"),
        (_order(t=TRIGGER), "a stop at market that reduces, was another trigger"),
        (_order(t={"trigger": {**TRIGGER["trigger"], "isMarket": False}}, r=True), "a stop at market that reduces"),
        (_order(t={"limit": {"tif": "Alo"}}), "a limit or a trigger, was something else"),
        (_order(c="our own text"), "an id of 128 bits, was 'our own text'"),
        ({"type": "cancel", "cancels": []}, "cancels by their ids alone"),
        ({"type": "withdraw3"}, "an action of cancel, cancelByCloid, order, was withdraw3"),
        ({"type": "approveAgent"}, "was approveAgent"),
        ({"type": "usdSend"}, "was usdSend"),
        ({"type": "setReferrer", "code": "CCXT1"}, "was setReferrer"),
        ({"type": "scheduleCancel"}, "was scheduleCancel"),
        (None, "an action of"),
    ],
)
def test_each_action_is_judged_by_its_type_and_its_fields(action: Any, wrong: str) -> None:
    found = against_action(action)
    assert (found == "") if not wrong else (wrong in found)


# -- whose key


async def opened(venue: HyperliquidTradingVenue, config: CockpitConfig, api_key: str, secret: str) -> Any:
    account = account_for("hyperliquid", config, keys_of("hyperliquid", api_key, secret), moved("hyperliquid", venue))
    try:
        await account.open()
    except BaseException:
        await account.close()
        raise
    return account


@pytest.mark.parametrize(
    ("api_key", "secret", "said"),
    [
        (AGENT, AGENT_KEY, "expected an agent's key, was the account's own, which can withdraw"),
        ("loopback-key", AGENT_KEY, "expected the account's address .* was another text"),
        (ACCOUNT, "a-pass-phrase-of-mine", "expected an agent's private key .* was another text"),
        (ACCOUNT, MASTER_KEY, "expected an agent's key, was of no account"),
        (OTHER, AGENT_KEY, "expected the address of a user, a sub-account or a vault, was missing"),
    ],
)
async def test_any_other_key_is_refused_at_the_start_in_words_without_it(
    config: CockpitConfig, api_key: str, secret: str, said: str
) -> None:
    async with HyperliquidTradingVenue() as venue:
        with pytest.raises(KeysLost, match=said) as lost:
            await opened(venue, config, api_key, secret)
        assert secret.removeprefix("0x") not in str(lost.value) and actions(venue) == []


@pytest.mark.parametrize("role", ["subAccount", "vault"])
async def test_a_sub_account_and_a_vault_are_traded_by_their_address(config: CockpitConfig, role: str) -> None:
    async with HyperliquidTradingVenue() as venue:
        venue.set_price("BTC", 100_000, 100_000.1)
        venue.user = SUB
        venue.roles[SUB] = {"role": role, "data": {"master": ACCOUNT}}
        account = await opened(venue, config, SUB, AGENT_KEY)
        await account.place(entry(), f"{ID}e1")
        (call,) = [call for call in venue.calls if call.path == "/exchange"]
        assert call.params["vaultAddress"] == SUB and signer_of(call.params, False) == AGENT
        assert venue.held("BTC") == 0.002
        await account.close()


async def test_an_agent_of_somebody_else_is_refused(config: CockpitConfig) -> None:
    async with HyperliquidTradingVenue() as venue:
        venue.roles[AGENT.lower()] = {"role": "agent", "data": {"user": OTHER}}
        with pytest.raises(KeysLost, match=f"expected an agent of {ACCOUNT}, was one of {OTHER}"):
            await opened(venue, config, ACCOUNT, AGENT_KEY)


async def test_no_order_is_signed_for_another_account(rig: tuple[HyperliquidTradingVenue, Any]) -> None:
    _, client = rig
    request = {"action": _order(), "nonce": 1, "signature": {}, "vaultAddress": OTHER}
    with pytest.raises(FencedOff, match=f"expected an order for {ACCOUNT}, was one for {OTHER}"):
        await client.privatePostExchange(request)
    with pytest.raises(FencedOff, match="expected a question of the fence, was legalCheck"):
        await client.publicPostInfo({"type": "legalCheck"})


# -- ids


@pytest.mark.parametrize(
    "client_id",
    ["ckabc123t000001e1", "ckabc123f1796025955501", "ckprobe17960259555010", "ck000000000", "ckz" + "9" * 22],
)
def test_our_id_is_read_off_the_venues(client_id: str) -> None:
    assert client_id_of(cloid_of(client_id)) == client_id


@pytest.mark.parametrize("cloid", [None, "", "0x" + "1" * 32, "0xcb" + "f" * 30, "0xcb" + "0" * 30])
def test_anybody_elses_is_told_as_it_is(cloid: str | None) -> None:
    assert client_id_of(cloid) == (cloid or "")


@pytest.mark.parametrize("client_id", ["", "ck", "ckABC", "somebody", "ck" + "a" * 24])
def test_an_id_that_has_no_such_form_is_refused(client_id: str) -> None:
    with pytest.raises(Refused, match="nothing was sent"):
        cloid_of(client_id)

"""Coins at Coinbase: bought and sold by the bytes that leave, never more than ours, bare for no longer than a swap."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import OrderUpdate, RefusalKind, Refused, VenueAccount
from cockpit.exchanges.base.fence import FencedOff
from tests.execution.account_stage import AccountStage, account_stage, close, entry, stop, target
from tests.execution.spot_stage import ID, guarded, resting, spot_stage, with_spot
from tests.venue_pairs import FIRST, WITH_SPOT, choose

ORDERS = "/api/v3/brokerage/orders"


@pytest.fixture(scope="module")
def shipped_config(shipped_config: CockpitConfig) -> CockpitConfig:
    return with_spot(shipped_config)


@pytest.fixture(autouse=True)
def venue_pair() -> Iterator[None]:
    choose(WITH_SPOT)
    yield
    choose(FIRST)


@pytest.fixture
async def stage(shipped_config: CockpitConfig):
    async with spot_stage(shipped_config) as stage:
        yield stage


# -- what leaves


async def test_a_purchase_and_its_stop_say_nothing_of_reducing(stage: AccountStage) -> None:
    await guarded(stage)
    (bought,), (laid,) = stage.venue.called("entry"), stage.venue.called("stop")
    assert (bought.path, bought.params) == (
        ORDERS,
        {
            "client_order_id": f"{ID}e1",
            "product_id": "BTC-USD",
            "side": "BUY",
            "order_configuration": {"market_market_ioc": {"base_size": "0.002"}},
        },
    )
    assert (laid.path, laid.params) == (
        ORDERS,
        {
            "client_order_id": f"{ID}s1",
            "product_id": "BTC-USD",
            "side": "SELL",
            "order_configuration": {
                "stop_limit_stop_limit_gtc": {
                    "base_size": "0.002",
                    "limit_price": "98010",
                    "stop_price": "99000",
                    "stop_direction": "STOP_DIRECTION_STOP_DOWN",
                }
            },
        },
    )
    assert stage.venue.called("cancel", "cancel_stop") == []


async def test_a_purchase_at_a_price_rests_there(stage: AccountStage) -> None:
    await stage.account.place(entry(price=99_500.0), f"{ID}e1")
    (sent,) = stage.venue.called("entry")
    assert sent.params["order_configuration"] == {
        "limit_limit_gtc": {"base_size": "0.002", "limit_price": "99500", "post_only": False}
    }
    (listed,) = await stage.account.open_orders()
    assert (listed.client_id, listed.reduce_only, listed.status) == (f"{ID}e1", False, OrderStatus.WORKING)


async def test_a_close_takes_the_stop_off_waits_for_that_and_sells(stage: AccountStage) -> None:
    await guarded(stage)
    before = len(stage.venue.calls)
    await stage.account.place(close(), f"{ID}c1")
    sent = [(call.role, call.params) for call in stage.venue.calls[before:]]
    roles = [role for role, _ in sent]
    assert roles.index("cancel_stop") < roles.index("lookup") < roles.index("close"), "seen off before it is sold"
    assert sent[roles.index("close")][1] == {
        "client_order_id": f"{ID}c1",
        "product_id": "BTC-USD",
        "side": "SELL",
        "order_configuration": {"market_market_ioc": {"base_size": "0.002"}},
    }
    assert stage.venue.held("BTC") == 0.0 and resting(stage) == []
    assert await stage.account.positions() == () and await stage.account.open_orders() == ()
    assert stage.venue.watch.longest_naked_s() < 1.0


async def test_a_target_sells_its_part_at_once_or_not_and_the_stop_guards_the_rest(stage: AccountStage) -> None:
    await guarded(stage)
    stage.venue.set_price("BTC", 101_000.0, 101_000.1)
    await stage.account.place(target(qty=0.0005), f"{ID}t1")
    (sent,) = stage.venue.called("target")
    assert sent.params["order_configuration"] == {"sor_limit_ioc": {"base_size": "0.0005", "limit_price": "101000"}}
    assert resting(stage) == [(f"{ID}s1r1", "0.0015")]
    found = await stage.account.find("BTC", f"{ID}s1", True)
    assert found is not None and (found.status, found.qty) == (OrderStatus.WORKING, 0.0015)
    assert found.trigger_price == 99_000.0 and found.reduce_only and found.is_conditional
    (listed,) = await stage.account.open_orders()
    assert listed == found, "one stop, under the id that the engine knows"
    assert await stage.account.stops_rest({f"{ID}s1": "BTC"})
    (held,) = await stage.account.positions()
    assert (held.qty, held.leverage) == (0.0015, 1.0)


async def test_a_target_that_is_not_met_leaves_everything_guarded(stage: AccountStage) -> None:
    await guarded(stage)
    await stage.account.place(target(qty=0.0005), f"{ID}t1")
    assert stage.venue.held("BTC") == 0.002
    assert resting(stage) == [(f"{ID}s1r1", "0.002")]
    found = await stage.account.find("BTC", f"{ID}t1", False)
    assert found is not None and found.status is OrderStatus.CANCELLED
    assert stage.venue.watch.longest_naked_s() < 1.0


async def test_a_stop_takes_the_place_of_the_older_one(stage: AccountStage) -> None:
    await guarded(stage)
    await stage.account.place(stop(trigger=99_500.0), f"{ID}s2")
    assert resting(stage) == [(f"{ID}s2", "0.002")]
    found = await stage.account.find("BTC", f"{ID}s1", True)
    assert found is not None and found.status is OrderStatus.CANCELLED
    assert stage.venue.watch.longest_naked_s() < 1.0


async def test_a_stop_that_is_refused_leaves_the_older_one_guarding(stage: AccountStage) -> None:
    await guarded(stage)
    with pytest.raises(Refused) as refused:
        await stage.account.place(stop(trigger=100_500.0), f"{ID}s2")
    assert refused.value.kind is RefusalKind.WOULD_TRIGGER
    assert resting(stage) == [(f"{ID}s1r1", "0.002")]


async def test_the_stops_of_another_trade_stay(stage: AccountStage) -> None:
    await guarded(stage)
    await stage.account.place(entry(qty=0.001), "ckaaaaaat000002e1")
    await stage.account.place(stop(qty=0.001), "ckaaaaaat000002s2")
    await stage.account.place(close(qty=0.001), "ckaaaaaat000002c3")
    assert resting(stage) == [(f"{ID}s1", "0.002")] and stage.venue.held("BTC") == 0.002


# -- what is ours


async def test_coins_of_others_are_no_position_and_are_never_sold(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    assert await stage.account.positions() == ()
    with pytest.raises(Refused, match=r"expected 0.002 of ours free, was 0 of 0 bought, 0.5 in the account"):
        await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.called("close") == []
    await guarded(stage)
    (held,) = await stage.account.positions()
    assert held.qty == 0.002
    await stage.account.place(close(qty=0.1), f"{ID}c1")
    assert stage.venue.held("BTC") == 0.5 and stage.venue.ours("BTC") == 0.0
    assert stage.account.remarks() == (
        "coinbase: 0.5 BTC in the account were not bought by our orders: no exit and no flatten sells them",
    )


async def test_more_than_is_ours_is_never_sold_however_often_it_is_asked_for(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    await guarded(stage)
    sales = [stage.account.place(close(order_id=f"c{at}"), f"{ID}c{at}") for at in range(1, 6)]
    answers = await asyncio.gather(*sales, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in answers) == 1
    assert stage.venue.held("BTC") == 0.5


async def test_orders_and_executions_of_others_are_none_of_ours(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    await stage.follow()
    stage.venue.trade_by_hand("BTC", "sell", 0.1)
    await guarded(stage)
    await stage.until(lambda: bool(stage.fills_of(f"{ID}e1")))
    assert {word.order.client_id for word in stage.updates if isinstance(word, OrderUpdate)} <= {f"{ID}e1", f"{ID}s1"}
    (fill,) = await stage.account.fills_since("BTC", 0)
    assert fill.client_id == f"{ID}e1"
    stage.venue.core.others[stage.venue.symbol("BTC")] = stage.venue.core.positions[stage.venue.symbol("BTC")].qty * 0


async def test_a_sale_by_hand_is_told_as_far_as_it_took_of_ours(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    await guarded(stage)
    stage.venue.trade_by_hand("BTC", "sell", 0.5005)
    (held,) = await stage.account.positions()
    assert held.qty == 0.0015
    bought, sold = await stage.account.fills_since("BTC", 0)
    assert (bought.side, bought.qty, bought.client_id) == (Side.LONG, 0.002, f"{ID}e1")
    assert (sold.side, sold.qty, sold.nets_with_ours) == (Side.SHORT, 0.0005, True)
    assert sold.fee_usd == pytest.approx(0.0005 * 100_000 * 0.0005)


async def test_after_a_restart_the_venues_lists_say_what_is_ours(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    await guarded(stage)
    stage.venue.set_price("BTC", 101_000.0, 101_000.1)
    await stage.account.place(target(qty=0.0005), f"{ID}t1")
    async with stage.another() as account:
        await account.open_for_exit()
        (held,) = await account.positions()
        assert (held.qty, round(held.entry_price, 2)) == (0.0015, 100_000.1)
        (listed,) = await account.open_orders()
        assert listed.client_id == f"{ID}s1"
        await account.close_position(held, "ckaaaaaaf1234567890123")
        assert await account.positions() == () and await account.open_orders() == ()
    assert stage.venue.held("BTC") == 0.5


async def test_where_somebody_sold_ours_the_account_counts(stage: AccountStage) -> None:
    await stage.account.place(entry(qty=0.002), f"{ID}e1")
    stage.venue.trade_by_hand("BTC", "sell", 0.0015)
    (held,) = await stage.account.positions()
    assert held.qty == 0.0005
    await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.held("BTC") == 0.0
    (sold,) = stage.venue.called("close")
    assert sold.params["order_configuration"]["market_market_ioc"] == {"base_size": "0.0005"}


async def test_a_fee_taken_in_coins_leaves_less_to_guard_and_to_sell(stage: AccountStage) -> None:
    from decimal import Decimal

    stage.venue.core.fee_in_coins = Decimal("0.006")
    await guarded(stage)
    there = f"{stage.venue.core.positions['BTC-USD'].qty:f}"
    assert float(there) < 0.002 and resting(stage) == [(f"{ID}s1", there)]
    (held,) = await stage.account.positions()
    assert held.qty == float(there)
    await stage.account.place(close(), f"{ID}c1")
    assert stage.venue.held("BTC") == 0.0


async def test_what_is_left_under_the_least_order_is_named_and_let_be(stage: AccountStage) -> None:
    await stage.account.place(entry(qty=0.002), f"{ID}e1")
    await stage.account.place(close(qty=0.001999), f"{ID}c1")
    assert await stage.account.positions() == (), "0.10 USD"
    assert stage.account.remarks() == (
        "coinbase: 0.000001 BTC of ours are left over, under the least order of BTC-USD: not tried again",
    )
    await guarded_again(stage.account)
    (held,) = await stage.account.positions()
    assert held.qty == 0.001, "what is left over is in no later trade"


async def guarded_again(account: VenueAccount) -> None:
    await account.place(entry(qty=0.001), "ckaaaaaat000002e1")
    await account.place(stop(qty=0.001), "ckaaaaaat000002s2")


async def test_a_sale_under_the_least_order_takes_no_stop_off(stage: AccountStage) -> None:
    await guarded(stage)
    with pytest.raises(Refused, match=r"expected at least 1e-08 BTC and 1 USD, was 1e-06 at 100000, 0.10 USD") as found:
        await stage.account.place(close(qty=0.000001), f"{ID}c1")
    assert found.value.kind is RefusalKind.TOO_SMALL
    assert resting(stage) == [(f"{ID}s1", "0.002")] and stage.venue.called("cancel_stop") == []


async def test_no_more_is_bought_than_there_is_money_for(stage: AccountStage) -> None:
    await stage.account.settings("BTC")
    with pytest.raises(Refused, match=r"expected 2001.00 USD for it with its fee, was 1660.00 available") as refused:
        await stage.account.place(entry(qty=0.02), f"{ID}e1")
    assert refused.value.kind is RefusalKind.MARGIN and stage.venue.called("entry") == []


async def test_nothing_is_sold_short(stage: AccountStage) -> None:
    with pytest.raises(Refused, match=r"expected 0.002 of ours free, was 0 of 0 bought"):
        await stage.account.place(entry(side=Side.SHORT), f"{ID}e1")
    assert stage.venue.called("entry", "close") == []


# -- checks


async def test_a_product_of_another_type_is_not_traded(shipped_config: CockpitConfig) -> None:
    with pytest.raises(Refused, match="coinbase BTC-USD: expected a product of type SPOT, was FUTURE"):
        async with account_stage("coinbase", shipped_config) as stage:
            stage.venue.kinds["BTC"] = "FUTURE"
            async with stage.another() as account:
                await account.open()


async def test_the_facts_are_those_of_money_and_coins(stage: AccountStage) -> None:
    stage.venue.deposit("BTC", 0.5)
    await guarded(stage)
    facts = await stage.account.facts()
    assert facts.can_trade and facts.is_one_way and facts.dangerous_permissions == ()
    assert facts.leverage == dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 1.0)
    assert facts.equity_usd == pytest.approx(1_660.0, abs=0.5), "others' coins are not counted"
    assert facts.taker_fee_bps == pytest.approx(5.0)
    assert (await stage.account.settings("BTC")).leverage == 1.0
    asked = [call.params for call in stage.venue.calls if call.path.endswith("transaction_summary")]
    assert asked == [{"product_type": "SPOT"}]


async def test_a_stop_is_asked_about_without_coins(stage: AccountStage) -> None:
    assert await stage.account.holds_stops("BTC") is None
    assert stage.venue.called("stop") == [] and len(stage.venue.called("preview")) == 1
    stage.venue.core.algos.gone = True
    assert "PREVIEW_INVALID_ORDER_CONFIG" in str(await stage.account.holds_stops("BTC"))


@pytest.mark.parametrize(
    ("product", "side", "terms"),
    [
        ("ETH-USDC", "BUY", {"market_market_ioc": {"base_size": "1"}}),
        ("BTC-USD", "BUY", {"market_market_ioc": {"quote_size": "100"}}),
        ("BTC-USD", "SELL", {"market_market_ioc": {"base_size": "1", "reduce_only": True}}),
        ("BTC-USD", "SELL", {"limit_limit_gtc": {"base_size": "1", "limit_price": "1", "post_only": False}}),
        ("BTC-USD", "BUY", {"sor_limit_ioc": {"base_size": "1", "limit_price": "1"}}),
    ],
)
async def test_no_other_order_can_leave(stage: AccountStage, product: str, side: str, terms: dict[str, Any]) -> None:
    account: Any = stage.account
    body = {"client_order_id": f"{ID}e1", "product_id": product, "side": side, "order_configuration": terms}
    with pytest.raises(FencedOff):
        await account.client.v3PrivatePostBrokerageOrders(body)
    assert stage.venue.called("entry", "close", "target") == []

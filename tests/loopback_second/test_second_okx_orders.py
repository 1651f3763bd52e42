"""The second OKX through the real client: orders, algo orders, positions by margin mode, refusals."""

from collections.abc import AsyncIterator
from typing import Any

import ccxt
import pytest

from tests.loopback_second.clients import okx_client
from tests.loopback_second.hands import Hands
from tests.loopback_second.okx_venue import OkxVenue

BTC = "BTC/USDT:USDT"
ID = "BTC-USDT-SWAP"
ISOLATED = {"marginMode": "isolated"}


@pytest.fixture
async def venue() -> AsyncIterator[OkxVenue]:
    site = OkxVenue()
    await site.start()
    yield site
    await site.stop()


@pytest.fixture
async def client(venue: OkxVenue) -> AsyncIterator[Any]:
    made = okx_client(venue)
    yield made
    await made.close()


async def buys(client: Any, **params: Any) -> Any:
    return await client.create_order(BTC, "market", "buy", 1, None, {**ISOLATED, **params})


def stop(px: float, **params: Any) -> dict[str, Any]:
    return {**ISOLATED, "stopLossPrice": px, "slTriggerPxType": "mark", "reduceOnly": True, **params}


async def test_an_order_answers_with_ids_only_and_counts_contracts(venue: OkxVenue, client: Any) -> None:
    order = await buys(client, clientOrderId="entry1")
    assert (order["status"], order["filled"]) == (None, None)
    found = await client.fetch_order(None, BTC, {"clientOrderId": "entry1"})
    assert (found["id"], found["status"], found["filled"], found["average"]) == (order["id"], "closed", 1, 60_000.1)
    (position,) = await client.fetch_positions()
    assert (position["side"], position["contracts"], position["marginMode"]) == ("long", 1, "isolated")
    assert position["contractSize"] == 0.01
    (trade,) = await client.fetch_my_trades(BTC)
    assert trade["fee"]["cost"] == pytest.approx(60_000.1 * 0.01 * 0.0005)


async def test_cross_and_isolated_are_two_positions(venue: OkxVenue, client: Any) -> None:
    await buys(client)
    await client.create_order(BTC, "market", "sell", 2, None, {"marginMode": "cross"})
    rows = {row["marginMode"]: (row["side"], row["contracts"]) for row in await client.fetch_positions()}
    assert rows == {"isolated": ("long", 1), "cross": ("short", 2)}


async def test_a_stop_rests_fires_on_the_mark_and_closes(venue: OkxVenue, client: Any) -> None:
    await buys(client)
    made = await client.create_order(BTC, "market", "sell", 1, None, stop(59_000, algoClOrdId="stop1"))
    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []
    (row,) = await client.fetch_open_orders(BTC, params={"trigger": True, "ordType": "conditional"})
    assert row["id"] == made["id"]
    venue.market.set_mark(ID, 58_990)
    assert await client.fetch_positions() == []
    told = await client.fetch_order(None, BTC, {"clientOrderId": "stop1", "trigger": True})
    assert told["info"]["state"] == "effective"
    child = (await client.private_get_trade_order({"instId": ID, "ordId": told["info"]["ordId"]}))["data"][0]
    assert (child["algoClOrdId"], child["clOrdId"], child["state"]) == ("stop1", "", "filled")


@pytest.mark.parametrize(
    ("kind", "side", "amount", "price", "params", "raised", "code"),
    [
        ("market", "sell", 1, None, {"reduceOnly": True}, ccxt.ExchangeError, "51169"),
        ("market", "buy", 5_000, None, {}, ccxt.InsufficientFunds, "51008"),
        ("market", "buy", 1, None, {"posSide": "long"}, ccxt.BadRequest, "51000"),
        ("market", "buy", 1, None, {"clientOrderId": "not-alnum"}, ccxt.BadRequest, "51000"),
        ("market", "sell", 1, None, {"stopLossPrice": 60_100}, ccxt.InvalidOrder, "51280"),
        ("market", "buy", 1, None, {"stopLossPrice": 59_900}, ccxt.InvalidOrder, "51278"),
    ],
)
async def test_refusals_carry_their_codes(
    client: Any, kind: str, side: str, amount: float, price: float | None, params: Any, raised: type, code: str
) -> None:
    with pytest.raises(raised, match=code):
        await client.create_order(BTC, kind, side, amount, price, {**ISOLATED, **params})


async def test_lots_and_minimum_are_checked_row_by_row(client: Any) -> None:
    await client.load_markets()
    with pytest.raises(ccxt.InvalidOrder, match="51121"):
        await client.private_post_trade_order(
            {"instId": ID, "side": "buy", "ordType": "market", "sz": "0.015", "tdMode": "isolated"}
        )
    answer = await client.private_post_trade_batch_orders(
        [
            {"instId": ID, "side": "buy", "ordType": "market", "sz": "1", "tdMode": "isolated"},
            {"instId": ID, "side": "buy", "ordType": "market", "sz": "0.001", "tdMode": "isolated"},
        ]
    )
    assert (answer["code"], [row["sCode"] for row in answer["data"]]) == ("2", ["0", "51121"])


async def test_a_client_id_is_used_once(client: Any) -> None:
    await buys(client, clientOrderId="same")
    with pytest.raises(ccxt.InvalidOrder, match="51016"):
        await buys(client, clientOrderId="same")


async def test_post_only_that_would_take_is_accepted_and_canceled(client: Any) -> None:
    order = await client.create_order(BTC, "limit", "buy", 1, 60_001, {**ISOLATED, "postOnly": True})
    found = await client.fetch_order(order["id"], BTC)
    assert (found["status"], found["info"]["cancelSource"]) == ("canceled", "31")


async def test_orders_not_there_have_their_codes(client: Any) -> None:
    with pytest.raises(ccxt.OrderNotFound, match="51603"):
        await client.fetch_order(None, BTC, {"clientOrderId": "nothere"})
    with pytest.raises(ccxt.OrderNotFound, match="51603"):
        await client.fetch_order(None, BTC, {"clientOrderId": "nothere", "trigger": True})
    order = await client.create_order(BTC, "limit", "buy", 1, 59_000, ISOLATED)
    await client.cancel_order(order["id"], BTC)
    with pytest.raises(ccxt.OrderNotFound, match="51401"):
        await client.cancel_order(order["id"], BTC)


async def test_a_reduce_only_order_goes_when_the_position_goes(venue: OkxVenue, client: Any) -> None:
    await buys(client)
    target = await client.create_order(BTC, "limit", "sell", 1, 61_000, {**ISOLATED, "reduceOnly": True})
    await client.create_order(BTC, "market", "sell", 1, None, stop(59_000))
    await client.private_post_trade_close_position({"instId": ID, "mgnMode": "isolated"})
    assert (await client.fetch_order(target["id"], BTC))["status"] == "canceled"
    assert len(venue.triggers.resting()) == 1
    venue.market.set_price(ID, 58_000)
    assert [one.state for one in venue.triggers.triggers.values()] == ["REJECTED"]
    with pytest.raises(ccxt.ExchangeError, match="51023"):
        await client.private_post_trade_close_position({"instId": ID, "mgnMode": "isolated"})


async def test_long_short_mode_keeps_both_sides(venue: OkxVenue, client: Any) -> None:
    await client.set_position_mode(True)
    await buys(client, posSide="long")
    await client.create_order(BTC, "market", "sell", 2, None, {**ISOLATED, "posSide": "short"})
    rows = {row["side"]: row["contracts"] for row in await client.fetch_positions()}
    assert rows == {"long": 1, "short": 2}
    with pytest.raises(ccxt.BadRequest, match="51000"):
        await buys(client)
    with pytest.raises(ccxt.ExchangeError, match="59000"):
        await client.set_position_mode(False)


async def test_leverage_is_kept_by_margin_mode(client: Any) -> None:
    await client.set_leverage(20, BTC, {"mgnMode": "isolated", "posSide": "net"})
    assert (await client.fetch_leverage(BTC, {"marginMode": "isolated"}))["longLeverage"] == 20
    assert (await client.fetch_leverage(BTC, {"marginMode": "cross"}))["longLeverage"] == 10


async def test_cancel_all_after_takes_the_orders_and_leaves_the_stops(venue: OkxVenue, client: Any) -> None:
    await buys(client)
    await client.create_order(BTC, "market", "sell", 1, None, stop(59_000))
    await client.create_order(BTC, "limit", "buy", 1, 59_000, ISOLATED)
    with pytest.raises(ccxt.BadRequest, match="51000"):
        await client.cancel_all_orders_after(5_000)
    await client.cancel_all_orders_after(10_000)
    assert venue.orders.cancel_at_s is not None
    venue.orders.cancel_at_s -= 10
    venue.orders.run_countdown()
    assert await client.fetch_open_orders(BTC) == []
    assert len(venue.triggers.resting()) == 1


async def test_algo_kinds_are_listed_each_by_itself(venue: OkxVenue, client: Any) -> None:
    hands = Hands(venue)
    for kind in ("twap", "iceberg", "chase"):
        hands.algo(ID, "buy", 1, kind)
    for kind in ("twap", "iceberg", "chase"):
        (row,) = (await client.private_get_trade_orders_algo_pending({"ordType": kind}))["data"]
        assert row["ordType"] == kind
    await client.private_get_trade_orders_algo_pending({"ordType": "conditional,oco"})
    with pytest.raises(ccxt.BadRequest, match="51000"):
        await client.private_get_trade_orders_algo_pending({"ordType": "twap,iceberg"})
    with pytest.raises(ccxt.BadRequest, match="50014"):
        await client.private_get_trade_orders_algo_pending()
    ids = [{"instId": ID, "algoId": str(one.id)} for one in venue.triggers.resting()]
    await client.private_post_trade_cancel_algos(ids)
    assert venue.triggers.resting() == []


async def test_liquidation_and_funding_are_on_the_bill(venue: OkxVenue, client: Any) -> None:
    await buys(client)
    venue.pay_funding(ID, "0.0001")
    venue.market.set_price(ID, 54_000)
    assert await client.fetch_positions() == []
    rows = (await client.private_get_account_bills({"instType": "SWAP"}))["data"]
    assert [(row["type"], row["subType"]) for row in rows] == [("5", "107"), ("8", "173"), ("2", "1")]
    assert float(rows[1]["balChg"]) == pytest.approx(-0.06)
    funding = await client.fetch_funding_history(BTC)
    assert funding[0]["amount"] == pytest.approx(-0.06)


async def test_markets_public_data_and_odd_rows(venue: OkxVenue, client: Any) -> None:
    venue.public.odd_rows = {"pre-open", "nameless", "usdc", "unknown-fields", "dated"}
    venue.public.gives_next_funding = False
    await client.load_markets()
    assert client.market(BTC)["contractSize"] == 0.01
    assert (await client.fetch_open_interest(BTC))["baseVolume"] == 20_000
    assert (await client.fetch_long_short_ratio_history(BTC, "5m", None, 1))[0]["longShortRatio"] == 1.2
    rate = await client.fetch_funding_rate(BTC)
    assert (rate["fundingRate"], rate["interval"]) == (0.0001, None)
    assert len((await client.fetch_order_book(BTC, 5))["bids"]) == 5


async def test_fees_come_in_the_old_and_in_the_new_form(venue: OkxVenue, client: Any) -> None:
    venue.account.fee_style = "old"
    assert (await client.private_get_account_trade_fee({"instType": "SWAP"}))["data"][0]["takerU"] == "-0.0005"
    venue.account.fee_style = "new"
    row = (await client.private_get_account_trade_fee({"instType": "SWAP"}))["data"][0]
    assert "takerU" not in row
    assert row["feeGroup"] == [{"groupId": "1", "maker": "-0.0002", "taker": "-0.0005"}]


async def test_the_account_says_what_it_holds(venue: OkxVenue, client: Any) -> None:
    assert (await client.fetch_balance())["USDT"]["total"] == 10_000
    assert (await client.fetch_position_mode(BTC))["hedged"] is False
    config = (await client.private_get_account_config())["data"][0]
    assert config["perm"] == "read_only,trade"


async def test_a_close_cuts_the_resting_targets_at_worse_prices(venue: OkxVenue, client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 10, None, ISOLATED)
    near = await client.create_order(BTC, "limit", "sell", 8, 61_000, {**ISOLATED, "reduceOnly": True})
    far = await client.create_order(BTC, "limit", "sell", 2, 62_000, {**ISOLATED, "reduceOnly": True})
    await client.create_order(BTC, "limit", "sell", 5, 60_500, {**ISOLATED, "reduceOnly": True})
    assert (await client.fetch_order(near["id"], BTC))["amount"] == 5
    assert (await client.fetch_order(far["id"], BTC))["status"] == "canceled"
    await client.create_order(BTC, "market", "sell", 12, None, {**ISOLATED, "reduceOnly": True})
    assert not venue.ledger.open_positions() and not venue.matching.open_orders()

"""The second Binance through the real client: orders, the algo service, positions, refusals."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.loopback_second.binance_venue import BinanceVenue
from tests.loopback_second.clients import binance_client

BTC = "BTC/USDT:USDT"
ID = "BTCUSDT"


@pytest.fixture
async def venue() -> AsyncIterator[BinanceVenue]:
    site = BinanceVenue()
    await site.start()
    yield site
    await site.stop()


@pytest.fixture
async def client(venue: BinanceVenue) -> AsyncIterator[Any]:
    made = binance_client(venue)
    yield made
    await made.close()


async def test_a_market_order_fills_and_shows_as_a_position(venue: BinanceVenue, client: Any) -> None:
    order = await client.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "entry-1"})
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.01, 60_000.1)
    found = await client.fetch_order(None, BTC, {"clientOrderId": "entry-1"})
    assert found["id"] == order["id"]
    (position,) = await client.fetch_positions()
    assert (position["side"], position["contracts"], position["marginMode"]) == ("long", 0.01, "isolated")
    assert 54_000 < position["liquidationPrice"] < 55_000
    (trade,) = await client.fetch_my_trades(BTC)
    assert trade["order"] == order["id"]
    assert trade["fee"]["cost"] == pytest.approx(60_000.1 * 0.01 * 0.0005)


async def test_a_stop_rests_fires_on_the_mark_and_closes(venue: BinanceVenue, client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    params = {"stopLossPrice": 59_000, "reduceOnly": True, "workingType": "MARK_PRICE", "clientOrderId": "stop-1"}
    stop = await client.create_order(BTC, "market", "sell", 0.01, None, params)
    assert [row["id"] for row in await client.fetch_open_orders(BTC, params={"trigger": True})] == [stop["id"]]
    assert await client.fetch_open_orders(BTC) == []
    venue.market.set_mark(ID, 58_990)
    assert await client.fetch_positions() == []
    told = await client.fetch_order(None, BTC, {"clientAlgoId": "stop-1", "trigger": True})
    assert told["info"]["algoStatus"] == "FINISHED"
    child = await client.fetch_order(told["info"]["actualOrderId"], BTC)
    assert (child["status"], child["clientOrderId"]) == ("closed", "stop-1")


async def test_last_price_does_not_fire_a_stop_on_the_mark(venue: BinanceVenue, client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    params = {"stopLossPrice": 59_000, "reduceOnly": True, "workingType": "MARK_PRICE"}
    await client.create_order(BTC, "market", "sell", 0.01, None, params)
    venue.market.set_mark(ID, 60_000)
    venue.market.set_price(ID, 58_000)
    assert len(await client.fetch_positions()) == 1


@pytest.mark.parametrize(
    ("kind", "side", "amount", "price", "params", "raised", "code"),
    [
        ("market", "sell", 0.01, None, {"reduceOnly": True}, ccxt.InvalidOrder, "-2022"),
        ("market", "buy", 100, None, {}, ccxt.InsufficientFunds, "-2019"),
        ("limit", "buy", 0.001, 60_000, {}, ccxt.InvalidOrder, "-4164"),
        ("limit", "buy", 0.01, 60_001, {"postOnly": True}, ccxt.InvalidOrder, "-5022"),
        ("market", "sell", 0.01, None, {"stopLossPrice": 60_100}, ccxt.OrderImmediatelyFillable, "-2021"),
        ("market", "buy", 0.01, None, {"positionSide": "LONG"}, ccxt.ExchangeError, "-4061"),
    ],
)
async def test_refusals_carry_their_codes(
    client: Any, kind: str, side: str, amount: float, price: float | None, params: Any, raised: type, code: str
) -> None:
    with pytest.raises(raised, match=code):
        await client.create_order(BTC, kind, side, amount, price, params)


async def test_a_client_id_is_unique_among_open_orders(client: Any) -> None:
    order = await client.create_order(BTC, "limit", "buy", 0.01, 50_000, {"clientOrderId": "same"})
    with pytest.raises(ccxt.InvalidOrder, match="-4116"):
        await client.create_order(BTC, "limit", "buy", 0.01, 50_000, {"clientOrderId": "same"})
    await client.cancel_order(order["id"], BTC)
    await client.create_order(BTC, "limit", "buy", 0.01, 50_000, {"clientOrderId": "same"})


async def test_a_conditional_type_is_not_taken_by_the_order_endpoint(client: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="-4120"):
        await client.fapiPrivatePostOrder(
            {"symbol": ID, "side": "SELL", "type": "STOP_MARKET", "stopPrice": "59000", "quantity": "0.01"}
        )


async def test_plain_cancels_do_not_know_algo_orders(client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    stop = await client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 59_000, "reduceOnly": True})
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await client.cancel_order(stop["id"], BTC)
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        await client.fetch_order(stop["id"], BTC)
    await client.cancel_all_orders(BTC)
    assert len(await client.fetch_open_orders(BTC, params={"trigger": True})) == 1
    await client.cancel_all_orders(BTC, {"trigger": True})
    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_a_close_position_stop_goes_with_its_position(venue: BinanceVenue, client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    stop = await client.create_order(
        BTC, "market", "sell", None, None, {"stopLossPrice": 59_000, "closePosition": True}
    )
    with pytest.raises(ccxt.ExchangeError, match="-4130"):
        await client.create_order(BTC, "market", "sell", None, None, {"stopLossPrice": 58_000, "closePosition": True})
    await client.create_order(BTC, "market", "sell", 0.01, None, {"reduceOnly": True})
    assert venue.triggers.triggers[int(stop["id"])].state == "EXPIRED"


async def test_a_reduce_only_stop_outlives_its_position_and_is_rejected_when_it_fires(
    venue: BinanceVenue, client: Any
) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    stop = await client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 59_000, "reduceOnly": True})
    await client.create_order(BTC, "market", "sell", 0.01, None, {"reduceOnly": True})
    assert venue.triggers.triggers[int(stop["id"])].rests
    venue.market.set_price(ID, 58_000)
    assert venue.triggers.triggers[int(stop["id"])].state == "REJECTED"


async def test_hedge_mode_keeps_both_sides(venue: BinanceVenue, client: Any) -> None:
    await client.set_position_mode(True)
    await client.create_order(BTC, "market", "buy", 0.02, None, {"hedged": True})
    await client.create_order(BTC, "market", "sell", 0.01, None, {"hedged": True})
    sides = {row["side"]: row["contracts"] for row in await client.fetch_positions()}
    assert sides == {"long": 0.02, "short": 0.01}
    with pytest.raises(ccxt.ExchangeError, match="-4061"):
        await client.create_order(BTC, "market", "buy", 0.01)
    await client.create_order(BTC, "market", "sell", 0.02, None, {"hedged": True, "reduceOnly": True})
    assert [row["side"] for row in await client.fetch_positions()] == ["short"]


async def test_modes_are_set_as_documented(client: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="-4059"):
        await client.set_position_mode(False)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        await client.set_margin_mode("isolated", BTC)
    await client.set_leverage(20, BTC)
    (config,) = await client.fapiPrivateGetSymbolConfig({"symbol": ID})
    assert (config["marginType"], config["leverage"]) == ("ISOLATED", 20)
    await client.create_order(BTC, "market", "buy", 0.01)
    with pytest.raises(ccxt.ExchangeError, match="-4048"):
        await client.set_margin_mode("cross", BTC)


async def test_a_thin_book_leaves_an_ioc_unfilled_in_part(venue: BinanceVenue, client: Any) -> None:
    venue.market.books[ID].depth = Decimal("0.004")
    order = await client.create_order(BTC, "limit", "buy", 0.01, 60_000.1, {"timeInForce": "IOC"})
    assert (order["filled"], order["status"]) == (0.004, "expired")


async def test_a_resting_order_fills_as_maker_when_reached(venue: BinanceVenue, client: Any) -> None:
    await client.create_order(BTC, "limit", "buy", 0.01, 59_500, {"postOnly": True})
    assert len(await client.fetch_open_orders(BTC)) == 1
    venue.market.set_price(ID, 59_400)
    (trade,) = await client.fetch_my_trades(BTC)
    assert (trade["takerOrMaker"], trade["price"]) == ("maker", 59_500)


async def test_liquidation_closes_what_the_mark_took_too_far(venue: BinanceVenue, client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    venue.market.set_price(ID, 54_000)
    assert await client.fetch_positions() == []
    assert list(venue.matching.orders.values())[-1].client_id.startswith("autoclose-")


async def test_funding_is_paid_by_longs_and_billed(venue: BinanceVenue, client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    venue.pay_funding(ID, "0.0001")
    (row,) = await client.fetch_funding_history(BTC)
    assert row["amount"] == pytest.approx(-0.06)


async def test_markets_public_data_and_odd_rows(venue: BinanceVenue, client: Any) -> None:
    venue.public.odd_rows = {"pre-open", "usdc", "dated", "unknown-fields"}
    await client.load_markets()
    assert client.market(BTC)["limits"]["cost"]["min"] == 100
    assert "BTC/USDC:USDC" in client.markets
    assert (await client.fetch_open_interest(BTC))["openInterestAmount"] == 100_000
    assert (await client.fetch_long_short_ratio_history(BTC, "5m", None, 1))[0]["longShortRatio"] == pytest.approx(
        1.2222
    )
    assert (await client.fetch_funding_rate(BTC))["fundingRate"] == 0.0001
    assert len((await client.fetch_order_book(BTC, 5))["bids"]) == 5


async def test_the_account_says_what_it_holds(client: Any) -> None:
    assert (await client.fetch_balance())["USDT"]["total"] == 10_000
    assert (await client.fetch_position_mode(BTC))["hedged"] is False
    fee = await client.fetch_trading_fee(BTC)
    assert (fee["taker"], fee["maker"]) == (0.0005, 0.0002)
    assert (await client.sapi_get_account_apirestrictions())["enableWithdrawals"] is False


async def test_a_resting_reduce_only_order_leaves_nothing_for_another(venue: BinanceVenue, client: Any) -> None:
    await client.create_order(BTC, "market", "buy", 0.01)
    with pytest.raises(ccxt.InvalidOrder, match="-2022"):
        await client.create_order(BTC, "market", "sell", 0.02, None, {"reduceOnly": True})
    target = await client.create_order(BTC, "limit", "sell", 0.01, 61_000, {"reduceOnly": True})
    await client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 59_000, "reduceOnly": True})
    with pytest.raises(ccxt.ExchangeError, match="-4118"):
        await client.create_order(BTC, "market", "sell", 0.01, None, {"reduceOnly": True})
    await client.cancel_order(target["id"], BTC)
    await client.create_order(BTC, "market", "sell", 0.01, None, {"reduceOnly": True})
    assert not venue.ledger.open_positions()

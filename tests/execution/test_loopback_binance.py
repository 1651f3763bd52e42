"""The real binanceusdm client trading on the loopback venue: what each call sends, what comes back, what it did."""

import asyncio
import json
from typing import Any

import ccxt.pro
import pytest
from loopback_stage import SYMBOL, staged

from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.matching_terms import Status
from tests.patience import patient_s

BTC = "BTCUSDT"


def sent(stage: Any, role: str) -> Any:
    """The parameters of the last call of the role."""
    return stage.venue.called(role)[-1].params


async def refused(code: str, call: Any) -> None:
    with pytest.raises(ccxt.pro.BaseError, match=f'"code": ?{code}\\b'):
        await call


async def test_a_market_order_comes_back_filled() -> None:
    async with staged(BinanceTradingVenue) as stage:
        order = await stage.market("buy", 0.002, "e-1")
        assert (order["status"], order["filled"], order["average"]) == ("closed", 0.002, 100_000.1)
        assert order["clientOrderId"] == "e-1"
        assert sent(stage, "entry")["newOrderRespType"] == "RESULT"
        assert stage.venue.held("BTC") == 0.002


async def test_flattening_is_reduce_only_and_knows_when_there_is_nothing_left() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.market("sell", 0.002, "x1", reduceOnly=True)
        assert sent(stage, "close")["reduceOnly"] == "true"
        assert stage.venue.positions == {}
        await refused("-2022", stage.market("sell", 0.002, "x2", reduceOnly=True))


async def test_a_protective_stop_is_in_the_other_service_and_found_only_there() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        stop = await stage.stop("sell", 0.002, 99_000, "s1")
        asked = sent(stage, "stop")
        wanted = {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "workingType": "MARK_PRICE", "clientAlgoId": "s1"}
        assert wanted.items() <= asked.items()
        assert await stage.client.fetch_open_orders(SYMBOL) == []
        assert [each["id"] for each in await stage.open_stops()] == [stop["id"]]
        assert (await stage.fetch_order("s1", trigger=True, clientAlgoId="s1"))["status"] == "open"
        await stage.cancel("s1", trigger=True)
        assert stage.venue.algo_orders == []


async def test_a_stop_that_closes_everything_has_no_quantity() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        params = {"stopLossPrice": 99_000, "closePosition": True}
        await stage.client.create_order(SYMBOL, "market", "sell", None, None, params)
        assert "quantity" not in sent(stage, "stop")
        stage.venue.set_price("BTC", 98_990, 98_991)
        assert stage.venue.positions == {}


async def test_a_market_take_profit_triggers_the_other_way() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        params = {"takeProfitPrice": 101_000, "reduceOnly": True}
        await stage.client.create_order(SYMBOL, "market", "sell", 0.002, None, params)
        assert sent(stage, "stop")["type"] == "TAKE_PROFIT_MARKET"
        stage.venue.set_price("BTC", 101_000, 101_000.1)
        assert stage.venue.positions == {}


async def test_a_ladder_rests_post_only_and_holds_its_quantity() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.market("buy", 0.004, "e1")
        for step, price in enumerate((101_000, 102_000)):
            await stage.limit("sell", 0.002, price, f"t{step}", reduceOnly=True, postOnly=True)
        assert sent(stage, "target")["timeInForce"] == "GTX"
        await refused("-4118", stage.market("sell", 0.004, "x1", reduceOnly=True))
        await refused("-5022", stage.limit("sell", 0.002, 99_000, "m1", postOnly=True))
        stage.venue.set_price("BTC", 101_000, 101_000.1)
        assert stage.venue.held("BTC") == 0.002
        assert [order["clientOrderId"] for order in await stage.client.fetch_open_orders(SYMBOL)] == ["t1"]


async def test_orders_are_found_by_client_id_open_or_done() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.limit("buy", 0.002, 99_000, "e1")
        assert (await stage.fetch_order("e1"))["status"] == "open"
        await stage.cancel("e1")
        assert (await stage.fetch_order("e1"))["status"] == "canceled"
        await refused("-2013", stage.fetch_order("e2"))
        await refused("-2011", stage.cancel("e1"))


async def test_cancelling_everything_takes_two_calls() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.limit("sell", 0.002, 101_000, "t1", reduceOnly=True)
        await stage.stop("sell", 0.002, 99_000, "s1")
        await stage.client.cancel_all_orders(SYMBOL)
        assert (stage.venue.open_orders, len(stage.venue.algo_orders)) == ([], 1)
        await stage.client.cancel_all_orders(SYMBOL, {"trigger": True})
        assert stage.venue.algo_orders == []


async def test_the_dead_mans_switch_takes_plain_orders_only() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.stop("sell", 0.002, 99_000, "s1")
        await stage.limit("buy", 0.002, 99_000, "e2")
        await stage.client.fapiprivate_post_countdowncancelall({"symbol": BTC, "countdownTime": 50})
        await stage.venue.until(lambda: not stage.venue.open_orders)
        assert len(stage.venue.algo_orders) == 1


async def test_a_countdown_is_renewed_and_lifted() -> None:
    async with staged(BinanceTradingVenue) as stage:
        countdown = stage.client.fapiprivate_post_countdowncancelall
        await countdown({"symbol": BTC, "countdownTime": 60_000})
        first = stage.venue.account.countdowns[BTC]
        await countdown({"symbol": BTC, "countdownTime": 60_000})
        assert first.cancelled() and not stage.venue.account.countdowns[BTC].cancelled()
        await countdown({"symbol": BTC, "countdownTime": 0})
        assert stage.venue.account.countdowns == {}


async def test_a_batch_answers_for_each_of_its_orders() -> None:
    async with staged(BinanceTradingVenue) as stage:
        good = {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.002, "price": 99_000}
        rows = await stage.client.create_orders([good, {**good, "amount": 0.001}])
        assert {row["status"]: row["info"].get("code") for row in rows} == {"open": None, "rejected": -4164}
        assert len(json.loads(sent(stage, "entry")["batchOrders"])) == 2


async def test_several_orders_are_cancelled_at_once_each_with_its_own_answer() -> None:
    """The library leaves out the ones that failed without an error: only the raw answer has them."""
    async with staged(BinanceTradingVenue) as stage:
        ids = [(await stage.limit("buy", 0.002, 99_000 + step, f"e{step}"))["id"] for step in range(2)]
        stage.client.enableLastJsonResponse = True
        rows = await stage.client.cancel_orders([*ids, "1"], SYMBOL)
        assert [row["id"] for row in rows] == ids
        assert [row.get("code") for row in stage.client.last_json_response] == [None, None, -2011]
        assert stage.venue.open_orders == []


CODES: dict[str, tuple[str, Any]] = {
    "no margin": ("-2019", lambda s: s.market("buy", 5, "a")),
    "under the least notional": ("-4164", lambda s: s.limit("buy", 0.001, 99_000, "a")),
    "an id twice": ("-4116", lambda s: s.limit("buy", 0.002, 99_000, "taken")),
    "a stop that would trigger now": ("-2021", lambda s: s.stop("sell", 0.002, 100_001, "a")),
    "a stop's id twice": ("-4116", lambda s: s.stop("sell", 0.002, 98_000, "stop")),
    "an id that is too long": ("-4015", lambda s: s.market("buy", 0.002, "x" * 37)),
}


@pytest.mark.parametrize("name", CODES)
async def test_refusals_have_their_codes(name: str) -> None:
    code, act = CODES[name]
    async with staged(BinanceTradingVenue) as stage:
        await stage.limit("buy", 0.002, 99_000, "taken")
        await stage.stop("sell", 0.002, 99_000, "stop")
        before = len(stage.venue.core.orders), len(stage.venue.core.algos.all)
        await refused(code, act(stage))
        assert (len(stage.venue.core.orders), len(stage.venue.core.algos.all)) == before


async def test_what_the_client_library_would_never_send_is_refused_too() -> None:
    async with staged(BinanceTradingVenue) as stage:
        order = {"symbol": BTC, "side": "BUY", "type": "MARKET", "quantity": "0.002"}
        post = stage.client.fapiprivate_post_order
        await refused("-1111", post({**order, "quantity": "0.0025"}))
        await refused("-4120", post({**order, "type": "STOP_MARKET", "stopPrice": "99000"}))
        await refused("-1102", post({"symbol": BTC, "side": "BUY", "type": "MARKET"}))
        await refused("-1121", post({**order, "symbol": "DOGEUSDT"}))


async def test_hedge_mode_wants_a_side_and_one_way_mode_wants_none() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await refused("-4061", stage.market("buy", 0.002, "e1", hedged=True))
        stage.venue.core.hedge_mode = True
        await refused("-4061", stage.market("buy", 0.002, "e2"))
        assert (await stage.client.fetch_position_mode(SYMBOL))["hedged"] is True


async def test_setting_up_twice_is_said_to_be_needless() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await refused("-4059", stage.client.set_position_mode(False))
        with pytest.raises(ccxt.pro.MarginModeAlreadySet):
            await stage.client.set_margin_mode("cross", SYMBOL)
        await stage.client.set_leverage(10, SYMBOL)
        await stage.client.set_margin_mode("isolated", SYMBOL)
        assert (stage.venue.core.leverage[BTC], stage.venue.core.isolated[BTC]) == (10, True)
        assert (await stage.client.fetch_leverage(SYMBOL))["longLeverage"] == 10
        await stage.market("buy", 0.002, "e1")
        await refused("-4048", stage.client.set_margin_mode("cross", SYMBOL))
        await refused("-4068", stage.client.set_position_mode(True))


async def test_positions_and_money() -> None:
    async with staged(BinanceTradingVenue) as stage:
        assert await stage.client.fetch_positions() == []
        await stage.market("sell", 0.002, "e1")
        stage.venue.set_price("BTC", 99_000, 99_000.1, mark=99_000)
        (position,) = await stage.client.fetch_positions()
        seen = {name: position[name] for name in ("symbol", "side", "contracts", "entryPrice", "unrealizedPnl")}
        assert seen == {"symbol": SYMBOL, "side": "short", "contracts": 0.002, "entryPrice": 1e5, "unrealizedPnl": 2.0}
        balance = await stage.client.fetch_balance()
        assert balance["USDT"]["total"] == pytest.approx(1_660 - 0.1 + 2.0)
        assert float(balance["info"]["totalWalletBalance"]) == pytest.approx(1_660 - 0.1)
        (row,) = await stage.client.fapiprivatev3_get_balance()
        assert float(row["balance"]) == pytest.approx(1_660 - 0.1)


async def test_history_can_be_asked_for() -> None:
    async with staged(BinanceTradingVenue) as stage:
        stage.venue.core.fill_next(0.5, 0.5)
        await stage.market("buy", 0.004, "e1")
        stage.venue.pay_funding("BTC", 0.0001)
        assert [order["clientOrderId"] for order in await stage.client.fetch_orders(SYMBOL)] == ["e1"]
        trades = await stage.client.fetch_my_trades(SYMBOL)
        assert [(trade["amount"], trade["fee"]["cost"]) for trade in trades] == [(0.002, 0.1000001)] * 2
        kinds = [row["incomeType"] for row in await stage.client.fapiprivate_get_income({"symbol": BTC})]
        assert kinds == ["COMMISSION", "COMMISSION", "FUNDING_FEE"]
        (funding,) = await stage.client.fetch_funding_history(SYMBOL)
        assert funding["amount"] == pytest.approx(-0.04)
        assert (await stage.client.fetch_trading_fee(SYMBOL))["taker"] == 0.0005


async def test_what_the_key_may_do_can_be_asked_and_changed() -> None:
    async with staged(BinanceTradingVenue) as stage:
        assert (await stage.client.sapi_get_account_apirestrictions())["enableWithdrawals"] is False
        stage.venue.account.permissions["enableWithdrawals"] = True
        assert (await stage.client.sapi_get_account_apirestrictions())["enableWithdrawals"] is True


async def test_the_market_moves_on_the_public_streams_as_it_does_for_orders() -> None:
    async with staged(BinanceTradingVenue) as stage:
        watched = asyncio.ensure_future(stage.client.watch_trades(SYMBOL, params={"name": "aggTrade"}))
        async with asyncio.timeout(patient_s(20)):
            await stage.venue.until_subscribed("btcusdt@aggTrade")
            await stage.limit("buy", 0.002, 99_000, "e1")
            await stage.venue.move("BTC", 98_990, 99_000)
            assert (await watched)[0]["price"] == 98_995
        assert stage.venue.held("BTC") == 0.002


async def test_the_public_mark_is_the_one_that_stops_are_judged_by() -> None:
    async with staged(BinanceTradingVenue) as stage:
        stage.venue.set_price("BTC", 98_000, 98_000.2, mark=98_500)
        assert (await stage.client.fetch_mark_price(SYMBOL))["markPrice"] == 98_500
        book = await stage.client.fetch_order_book(SYMBOL)
        assert (book["bids"][0][0], book["asks"][0][0]) == (98_000, 98_000.2)


async def test_weight_is_counted_and_can_run_out() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await stage.client.fetch_open_orders(SYMBOL)
        before = int(stage.client.last_response_headers["X-MBX-USED-WEIGHT-1M"])
        stage.client.options["fetchOpenOrders"] = {"warnWithoutSymbol": False}
        await stage.client.fetch_open_orders()
        assert int(stage.client.last_response_headers["X-MBX-USED-WEIGHT-1M"]) == before + 40
        stage.venue.weight_limit = 1
        with pytest.raises(ccxt.pro.DDoSProtection):
            await stage.client.fetch_open_orders(SYMBOL)


async def test_a_part_filled_order_reads_so_everywhere() -> None:
    async with staged(BinanceTradingVenue) as stage:
        stage.venue.core.fill_next(0.5)
        order = await stage.market("buy", 0.004, "e1")
        assert (order["status"], order["filled"], order["remaining"]) == ("open", 0.002, 0.002)
        (working,) = stage.venue.open_orders
        stage.venue.core.end(working, Status.EXPIRED)
        assert (await stage.fetch_order("e1"))["status"] == "expired"

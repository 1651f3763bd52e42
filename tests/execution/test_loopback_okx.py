"""The real okx client trading on the loopback venue: what each call sends, what comes back, what it did."""

from typing import Any

import ccxt.pro
import pytest
from loopback_stage import SYMBOL, staged

from tests.loopback.okx_trading import OkxTradingVenue

BTC = "BTC-USDT-SWAP"


def sent(stage: Any, role: str) -> Any:
    """The parameters of the last call of the role; an order's own where it came in a list of one."""
    params = stage.venue.called(role)[-1].params
    return params[0] if isinstance(params, list) else params


async def refused(code: str, call: Any) -> None:
    with pytest.raises(ccxt.pro.BaseError, match=f'ode": ?"{code}"'):
        await call


@pytest.mark.parametrize("method", ["privatePostTradeBatchOrders", "privatePostTradeOrder"])
async def test_a_market_order_is_in_contracts_and_comes_back_with_its_ids_only(method: str) -> None:
    async with staged(OkxTradingVenue, createOrder=method) as stage:
        order = await stage.market("buy", 0.002, "e1")
        assert (order["status"], order["filled"], order["clientOrderId"]) == (None, None, "e1")
        assert sent(stage, "entry")["sz"] == "0.2"
        assert stage.venue.held("BTC") == 0.002
        found = await stage.fetch_order("e1")
        assert (found["status"], found["filled"], found["average"]) == ("closed", 0.2, 100_000.1)
        assert found["fee"]["cost"] == pytest.approx(0.1000001)


async def test_flattening_is_reduce_only_and_knows_when_there_is_nothing_left() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.market("sell", 0.002, "x1", reduceOnly=True)
        assert stage.venue.positions == {}
        await refused("51169", stage.market("sell", 0.002, "x2", reduceOnly=True))


async def test_a_protective_stop_is_found_only_under_its_own_type() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        stop = await stage.stop("sell", 0.002, 99_000, "s1")
        wanted = {"ordType": "conditional", "slTriggerPx": "99000", "slOrdPx": "-1", "slTriggerPxType": "mark"}
        assert wanted.items() <= sent(stage, "stop").items()
        assert await stage.client.fetch_open_orders(SYMBOL) == []
        assert await stage.client.fetch_open_orders(SYMBOL, params={"trigger": True}) == []
        assert [each["id"] for each in await stage.open_stops()] == [stop["id"]]
        found = await stage.fetch_order("s1", trigger=True)
        assert (found["status"], found["info"]["algoClOrdId"]) == ("open", "s1")
        await stage.cancel("s1", trigger=True)
        assert stage.venue.algo_orders == []


async def test_the_list_of_algo_orders_wants_a_type() -> None:
    async with staged(OkxTradingVenue) as stage:
        await refused("50014", stage.client.private_get_trade_orders_algo_pending({"instId": BTC}))
        history = stage.client.private_get_trade_orders_algo_history
        await refused("50015", history({"ordType": "conditional"}))
        await stage.market("buy", 0.002, "e1")
        await stage.stop("sell", 0.002, 99_000, "s1")
        stage.venue.set_price("BTC", 98_990, 98_991)
        rows = (await history({"ordType": "conditional", "state": "effective"}))["data"]
        assert [row["algoClOrdId"] for row in rows] == ["s1"]
        plain = (await stage.client.private_get_trade_order({"instId": BTC, "ordId": rows[0]["ordId"]}))["data"][0]
        assert (plain["state"], plain["algoClOrdId"]) == ("filled", "s1")


async def test_a_stop_can_come_with_its_entry() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1", stopLoss={"triggerPrice": 99_000})
        (stop,) = stage.venue.algo_orders
        assert (stop.asked.side, stop.asked.trigger, stop.reduces) == ("sell", 99_000, True)
        assert stage.venue.watch.covered(BTC)


async def test_a_close_cuts_the_ladder_from_its_far_end() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.market("buy", 0.004, "e1")
        for step, price in enumerate((101_000, 102_000)):
            await stage.limit("sell", 0.002, price, f"t{step}", reduceOnly=True)
        await stage.market("sell", 0.003, "x1", reduceOnly=True)
        (left,) = await stage.client.fetch_open_orders(SYMBOL)
        assert (left["clientOrderId"], left["amount"]) == ("t0", stage.amount(0.001))


async def test_a_ladder_rests_and_a_crossing_maker_is_taken_and_cancelled() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.market("buy", 0.004, "e1")
        for step, price in enumerate((101_000, 102_000)):
            await stage.limit("sell", 0.002, price, f"t{step}", reduceOnly=True, postOnly=True)
        assert sent(stage, "target")["ordType"] == "post_only"
        await stage.limit("sell", 0.002, 99_000, "m1", postOnly=True)
        assert (await stage.fetch_order("m1"))["status"] == "canceled"
        stage.venue.set_price("BTC", 101_000, 101_000.1)
        assert stage.venue.held("BTC") == 0.002
        assert [order["clientOrderId"] for order in await stage.client.fetch_open_orders(SYMBOL)] == ["t1"]


async def test_orders_are_found_by_client_id_open_or_done() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.limit("buy", 0.002, 99_000, "e1")
        assert (await stage.fetch_order("e1"))["status"] == "open"
        await stage.cancel("e1")
        assert (await stage.fetch_order("e1"))["status"] == "canceled"
        await refused("51603", stage.fetch_order("e2"))
        await refused("51400", stage.cancel("e1"))
        await refused("51400", stage.cancel("s1", trigger=True))


async def test_several_orders_are_cancelled_at_once_each_with_its_own_answer() -> None:
    """The library leaves out the ones that failed without an error: only the raw answer has them."""
    async with staged(OkxTradingVenue) as stage:
        ids = [(await stage.limit("buy", 0.002, 99_000 + step, f"e{step}"))["id"] for step in range(2)]
        stage.client.enableLastJsonResponse = True
        rows = await stage.client.cancel_orders([*ids, "1"], SYMBOL)
        assert [row["id"] for row in rows] == ids
        answer = stage.client.last_json_response
        assert (answer["code"], [row["sCode"] for row in answer["data"]]) == ("2", ["0", "0", "51400"])
        assert stage.venue.open_orders == []


async def take_profit(stage: Any, side: str, price: float) -> Any:
    return await stage.client.create_order(SYMBOL, "market", side, 0.2, None, {"takeProfitPrice": price})


CODES: dict[str, tuple[str, Any]] = {
    "no margin": ("51008", lambda s: s.market("buy", 5, "a")),
    "an id twice": ("51016", lambda s: s.limit("buy", 0.002, 99_000, "taken")),
    "an id that is not letters and digits": ("51000", lambda s: s.market("buy", 0.002, "e-1")),
    "a long's stop over the market": ("51280", lambda s: s.stop("sell", 0.002, 100_001, "a")),
    "a short's stop under the market": ("51278", lambda s: s.stop("buy", 0.002, 99_999, "a")),
    "a long's target under the market": ("51279", lambda s: take_profit(s, "sell", 99_999)),
    "a short's target over the market": ("51277", lambda s: take_profit(s, "buy", 100_001)),
    "a stop's id twice": ("51065", lambda s: s.stop("sell", 0.002, 98_000, "stop")),
}


@pytest.mark.parametrize("name", CODES)
async def test_refusals_have_their_codes(name: str) -> None:
    code, act = CODES[name]
    async with staged(OkxTradingVenue) as stage:
        await stage.limit("buy", 0.002, 99_000, "taken")
        await stage.stop("sell", 0.002, 99_000, "stop")
        before = len(stage.venue.core.orders), len(stage.venue.core.algos.all)
        await refused(code, act(stage))
        assert (len(stage.venue.core.orders), len(stage.venue.core.algos.all)) == before


async def test_what_the_client_library_would_never_send_is_refused_too() -> None:
    async with staged(OkxTradingVenue) as stage:
        order = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.2", "clOrdId": "a"}
        post = stage.client.private_post_trade_order
        await refused("51121", post({**order, "sz": "0.205"}))
        await refused("51020", post({**order, "sz": "0.001"}))
        await refused("51001", post({**order, "instId": "DOGE-USDT-SWAP"}))


async def test_hedge_mode_wants_a_side() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.client.set_position_mode(True)
        assert (await stage.client.fetch_position_mode())["hedged"] is True
        await refused("51000", stage.market("buy", 0.002, "e1"))
        await stage.client.set_position_mode(False)
        await stage.market("buy", 0.002, "e2")
        await refused("59000", stage.client.set_position_mode(True))


async def test_leverage_is_set_and_read_back() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.client.set_leverage(10, SYMBOL, {"mgnMode": "cross"})
        assert (await stage.client.fetch_leverage(SYMBOL))["longLeverage"] == 10
        assert (await stage.client.fetch_trading_fee(SYMBOL))["taker"] == 0.0005


async def test_positions_and_money() -> None:
    async with staged(OkxTradingVenue) as stage:
        assert await stage.client.fetch_positions() == []
        await stage.market("sell", 0.002, "e1")
        stage.venue.set_price("BTC", 99_000, 99_000.1, mark=99_000)
        (position,) = await stage.client.fetch_positions([SYMBOL])
        seen = {name: position[name] for name in ("side", "contracts", "contractSize", "entryPrice", "unrealizedPnl")}
        wanted = {"side": "short", "contracts": 0.2, "contractSize": 0.01, "entryPrice": 1e5, "unrealizedPnl": 2.0}
        assert seen == wanted
        assert (await stage.client.fetch_balance())["USDT"]["total"] == pytest.approx(1_660 - 0.1 + 2.0)


async def test_history_can_be_asked_for() -> None:
    async with staged(OkxTradingVenue) as stage:
        stage.venue.core.fill_next(0.5, 0.5)
        await stage.market("buy", 0.004, "e1")
        stage.venue.pay_funding("BTC", 0.0001)
        assert [order["clientOrderId"] for order in await stage.client.fetch_closed_orders(SYMBOL)] == ["e1"]
        trades = await stage.client.fetch_my_trades(SYMBOL)
        assert [(trade["amount"], trade["fee"]["cost"]) for trade in trades] == [(0.2, 0.1000001)] * 2
        (bill,) = (await stage.client.private_get_account_bills({"type": "8"}))["data"]
        assert float(bill["balChg"]) == pytest.approx(-0.04)


async def test_the_public_mark_is_the_one_that_stops_are_judged_by() -> None:
    async with staged(OkxTradingVenue) as stage:
        stage.venue.set_price("BTC", 98_000, 98_000.2, mark=98_500)
        assert (await stage.client.fetch_mark_price(SYMBOL))["markPrice"] == 98_500


async def test_what_the_key_may_do_and_the_mode_are_in_the_accounts_config() -> None:
    async with staged(OkxTradingVenue) as stage:
        stage.venue.account.permissions = "read_only,trade,withdraw"
        (config,) = (await stage.client.private_get_account_config())["data"]
        assert (config["perm"], config["posMode"], config["acctLv"]) == ("read_only,trade,withdraw", "net_mode", "2")


async def test_a_position_is_closed_by_name_unless_orders_hold_it() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.limit("sell", 0.002, 101_000, "t1", reduceOnly=True)
        close = stage.client.close_position
        await refused("51115", close(SYMBOL, params={"marginMode": "cross"}))
        await close(SYMBOL, params={"marginMode": "cross", "autoCxl": True})
        assert stage.venue.positions == {}
        await refused("51023", close(SYMBOL, params={"marginMode": "cross"}))


async def test_the_dead_mans_switch_is_set_renewed_and_lifted() -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.client.cancel_all_orders_after(10_000)
        assert sent(stage, "dead_man")["timeOut"] == 10
        first = stage.venue.account.countdowns[""]
        await stage.client.cancel_all_orders_after(20_000)
        assert first.cancelled()
        await refused("51000", stage.client.cancel_all_orders_after(5_000))
        await stage.client.cancel_all_orders_after(0)
        assert stage.venue.account.countdowns == {}


@pytest.mark.parametrize(("tag", "left"), [("", []), ("entries", ["t1"])])
async def test_the_dead_mans_switch_takes_plain_orders_or_those_of_its_tag(tag: str, left: list[str]) -> None:
    async with staged(OkxTradingVenue) as stage:
        await stage.market("buy", 0.002, "e1")
        await stage.stop("sell", 0.002, 99_000, "s1")
        await stage.limit("sell", 0.002, 101_000, "t1", reduceOnly=True)
        await stage.limit("buy", 0.002, 99_000, "e2", tag="entries")
        await stage.client.cancel_all_orders_after(10_000, {"tag": tag})
        stage.venue.account.run_out(tag)
        assert [order.client_id for order in stage.venue.open_orders] == left
        assert len(stage.venue.algo_orders) == 1

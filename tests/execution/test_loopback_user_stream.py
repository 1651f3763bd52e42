"""The account's stream of the loopback venues through the real client library, and every way it can fail."""

import asyncio
from typing import Any

import ccxt.pro
import pytest
from loopback_stage import SYMBOL, VENUES, WITHIN_S, Stage, ended, staged

from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.matching_terms import Status
from tests.loopback.okx_trading import OkxTradingVenue

both = pytest.mark.parametrize("kind", VENUES)


def order_frames(stage: Stage) -> list[tuple[str, str]]:
    """Client id and state of each order frame, in the order they came."""
    said = []
    for message in stage.content.messages:
        if not isinstance(message, dict):
            continue
        if message.get("e") == "ORDER_TRADE_UPDATE":
            said.append((message["o"]["c"], message["o"]["X"]))
        if message.get("arg", {}).get("channel") == "orders":
            said += [(row["clOrdId"], row["state"]) for row in message.get("data", [])]
    return said


def stop_frames(stage: Stage) -> list[str]:
    """The state of each frame about a stop."""
    said = []
    for message in stage.content.messages:
        if message.get("e") == "ALGO_UPDATE":
            said.append(message["o"]["X"])
        if message.get("arg", {}).get("channel") == "orders-algo":
            said += [row["state"] for row in message.get("data", [])]
    return said


@both
async def test_an_order_is_told_of_as_it_is_taken_and_as_it_fills(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        stage.venue.core.fill_next(0.5, 0.5)
        await stage.market("buy", 0.004, "e1")
        await stage.content.until(lambda: len(order_frames(stage)) == 3)
        states = ["NEW", "PARTIALLY_FILLED", "FILLED"] if stage.on_binance else ["live", "partially_filled", "filled"]
        assert order_frames(stage) == [("e1", state) for state in states]
        cached = {order["clientOrderId"]: order["status"] for order in stage.client.orders}
        assert cached == {"e1": "closed"}
        await ended(tasks)


@both
async def test_a_stops_life_is_told_and_leads_to_the_order_it_became(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        await stage.market("buy", 0.002, "e1")
        await stage.stop("sell", 0.002, 99_000, "s1")
        stage.venue.set_price("BTC", 98_990, 98_991)
        last = "FINISHED" if stage.on_binance else "effective"
        await stage.content.until(lambda: last in stop_frames(stage) and len(order_frames(stage)) == 4)
        states = ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"] if stage.on_binance else ["live", "effective"]
        assert stop_frames(stage) == states
        (algo,) = stage.venue.core.algos.all.values()
        told = [message for message in stage.content.messages if str(algo.order_id) in str(message)]
        if stage.on_binance:
            assert (told[0]["e"], told[0]["o"]["ai"]) == ("ALGO_UPDATE", str(algo.order_id)), "before the order's own"
        else:
            (row,) = next(m for m in told if m["arg"]["channel"] == "orders-algo")["data"]
            assert (row["algoClOrdId"], row["ordId"]) == ("s1", str(algo.order_id))
        await ended(tasks)


@both
async def test_positions_and_funding_are_told(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        await stage.market("buy", 0.002, "e1")
        stage.venue.pay_funding("BTC", 0.0001)
        await stage.market("sell", 0.002, "x1", reduceOnly=True)
        await stage.content.until(lambda: len(order_frames(stage)) == 4)
        if stage.on_binance:
            told = [message["a"] for message in stage.content.messages if message["e"] == "ACCOUNT_UPDATE"]
            assert [account["m"] for account in told] == ["ORDER", "FUNDING_FEE", "ORDER"]
            assert [[row["pa"] for row in account["P"]] for account in told] == [["0.002"], [], ["0"]]
        else:
            told = [m for m in stage.content.messages if m.get("arg", {}).get("channel") == "positions" and "data" in m]
            assert [[row["pos"] for row in message["data"]] for message in told] == [[], ["0.2"], ["0"]]
        await ended(tasks)


async def test_money_is_told() -> None:
    async with staged(OkxTradingVenue) as stage:
        waiting = asyncio.ensure_future(stage.client.watch_balance())
        async with asyncio.timeout(WITHIN_S):
            assert (await waiting)["USDT"]["total"] == 1_660


@both
async def test_what_others_do_is_told_too(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        stage.venue.trade_by_hand("BTC", "buy", 0.004)
        stage.venue.deleverage("BTC", 0.5)
        stage.venue.liquidate("BTC")
        await stage.content.until(lambda: len(order_frames(stage)) == 6)
        if stage.on_binance:
            names = [name.split("-")[0] for name, state in order_frames(stage) if state == "FILLED"]
            assert names == ["web_0", "adl_autoclose", "autoclose"]
        else:
            rows = [row for m in stage.content.messages for row in m.get("data", []) if row.get("state") == "filled"]
            assert [row["category"] for row in rows] == ["normal", "adl", "full_liquidation"]
        assert stage.venue.positions == {}
        await ended(tasks)


@both
async def test_frames_can_be_lost_doubled_and_swapped(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        stream = stage.venue.user_stream
        stream.drop_next = 1
        resting = await stage.limit("buy", 0.002, 99_000, "lost")
        stream.repeat_next = 1
        await stage.limit("buy", 0.002, 98_000, "twice")
        stream.hold_next = 2
        await stage.limit("buy", 0.002, 97_000, "first")
        await stage.limit("buy", 0.002, 96_000, "second")
        await stage.content.until(lambda: len(order_frames(stage)) == 4)
        assert [name for name, _ in order_frames(stage)] == ["twice", "twice", "second", "first"]
        assert resting["id"] not in [order["id"] for order in stage.client.orders]
        await ended(tasks)


@both
async def test_frames_can_come_late_and_in_silence_not_at_all(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        stage.venue.user_stream.pause()
        stage.venue.user_stream.delay_s = 0.01
        await stage.market("buy", 0.002, "e1")
        assert order_frames(stage) == [], "the answer overtakes the stream"
        stage.venue.user_stream.resume()
        await stage.content.until(lambda: len(order_frames(stage)) == 2)
        stage.venue.user_stream.stalled = True
        await stage.market("buy", 0.002, "e2")
        stage.venue.user_stream.stalled = False
        await stage.market("buy", 0.002, "e3")
        await stage.content.until(lambda: len(order_frames(stage)) == 4)
        assert {name for name, _ in order_frames(stage)} == {"e1", "e3"}
        await ended(tasks)


@both
async def test_a_cut_stream_is_an_error_to_who_waits_and_comes_back_when_asked_again(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        stage.venue.user_stream.kill()
        with pytest.raises(ccxt.pro.NetworkError):
            async with asyncio.timeout(WITHIN_S):
                await tasks[0]
        await ended(tasks)
        await stage.market("buy", 0.002, "unseen")
        tasks = await stage.listen()
        await stage.market("buy", 0.002, "seen")
        await stage.content.until(lambda: len(order_frames(stage)) == 2)
        assert {name for name, _ in order_frames(stage)} == {"seen"}
        await ended(tasks)


async def test_an_expired_listen_key_is_one_word_and_then_silence() -> None:
    """The library keeps the key and the socket: only a look at the account finds out what happened since."""
    async with staged(BinanceTradingVenue) as stage:
        tasks = await stage.listen()
        stage.venue.expire_listen_key()
        await stage.content.until(lambda: [message["e"] for message in stage.content.messages] == ["listenKeyExpired"])
        await stage.market("buy", 0.002, "e1")
        assert stage.venue.private_sockets()
        assert stage.venue.user_stream.sent[-1]["e"] == "listenKeyExpired"
        assert (await stage.fetch_order("e1"))["status"] == "closed"
        with pytest.raises(ccxt.pro.ExchangeError, match="-1125"):
            await stage.client.fapiprivate_put_listenkey()
        await ended(tasks)


async def test_a_new_listen_key_brings_the_stream_back() -> None:
    async with staged(BinanceTradingVenue) as stage:
        await ended(await stage.listen())
        stage.venue.expire_listen_key()
        stage.client.options["linear"] = {}
        waiting = asyncio.ensure_future(stage.client.watch_orders(SYMBOL))
        key = stage.venue.symbol("listenkey2").removesuffix("USDT")
        async with asyncio.timeout(WITHIN_S):
            await stage.venue.until(
                lambda: any(f"user:{key}" in socket.topics for socket in stage.venue.private_sockets())
            )
        await stage.market("buy", 0.002, "e1")
        async with asyncio.timeout(WITHIN_S):
            assert [order["clientOrderId"] for order in await waiting] == ["e1"]


async def test_a_private_channel_wants_a_login_that_is_right() -> None:
    async with staged(OkxTradingVenue) as stage:
        stage.client.secret = "another"
        with pytest.raises(ccxt.pro.AuthenticationError):
            async with asyncio.timeout(WITHIN_S):
                await stage.client.watch_orders(SYMBOL)


@both
async def test_a_triggered_stop_that_the_venue_refuses_says_so(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        await stage.market("buy", 0.002, "e1")
        await stage.stop("sell", 0.002, 99_000, "s1")
        stage.venue.core.algos.rejects_triggered = "Reduce Only reject"
        stage.venue.set_price("BTC", 98_990, 98_991)
        last = "REJECTED" if stage.on_binance else "order_failed"
        await stage.content.until(lambda: last in stop_frames(stage))
        (algo,) = stage.venue.core.algos.all.values()
        assert algo.status is Status.REJECTED
        assert stage.venue.watch.naked_longer_than(0)
        await ended(tasks)


@both
async def test_a_stop_that_the_venue_takes_off_says_so(kind: type[Any]) -> None:
    async with staged(kind) as stage:
        tasks = await stage.listen()
        await stage.market("buy", 0.002, "e1")
        await stage.stop("sell", 0.002, 99_000, "s1")
        stage.venue.core.algos.expire(stage.venue.algo_orders[0])
        last = "EXPIRED" if stage.on_binance else "canceled"
        await stage.content.until(lambda: last in stop_frames(stage))
        assert await stage.open_stops() == []
        assert not stage.venue.watch.covered(stage.venue.symbol("BTC"))
        await ended(tasks)

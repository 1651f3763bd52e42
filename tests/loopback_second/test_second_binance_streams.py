"""The second Binance's sockets through the real client, and what a test may do to them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import ccxt
import pytest

from tests.loopback_second.binance_venue import BinanceVenue
from tests.loopback_second.clients import binance_client
from tests.patience import patient_s

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


async def until(condition: Any) -> None:
    async with asyncio.timeout(patient_s(10)):
        while not condition():
            await asyncio.sleep(0.01)


async def listening(venue: BinanceVenue, client: Any) -> asyncio.Task[Any]:
    """The user stream is open and its first message awaited."""
    await client.load_markets()
    waiting = asyncio.ensure_future(client.watch_orders())
    await until(lambda: venue.streams.private.lines)
    return waiting


async def test_the_user_stream_tells_the_order_its_trade_and_the_position(venue: BinanceVenue, client: Any) -> None:
    waiting = await listening(venue, client)
    await client.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "told"})
    rows = await asyncio.wait_for(waiting, patient_s(5))
    assert rows[-1]["clientOrderId"] == "told"
    events = [json.loads(message)["e"] for message in venue.streams.private.sent]
    assert events == ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE", "TRADE_LITE"]
    await until(lambda: client.orders is not None and client.orders[-1]["status"] == "closed")
    assert client.orders[-1]["filled"] == 0.01


async def test_a_trigger_tells_the_order_before_it_tells_that_it_fired(venue: BinanceVenue, client: Any) -> None:
    await client.fapiPrivatePostListenKey()
    await client.create_order(BTC, "market", "buy", 0.01)
    params = {"stopLossPrice": 59_000, "reduceOnly": True, "clientOrderId": "stop"}
    await client.create_order(BTC, "market", "sell", 0.01, None, params)
    venue.streams.private.sent.clear()
    venue.market.set_price(ID, 58_000)
    told = [json.loads(message) for message in venue.streams.private.sent]
    names = [(one["e"], one["o"]["X"]) for one in told if "o" in one]
    assert names == [
        ("ALGO_UPDATE", "TRIGGERING"),
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ALGO_UPDATE", "TRIGGERED"),
        ("ALGO_UPDATE", "FINISHED"),
    ]
    assert told[-1]["o"]["ai"] == str(told[1]["o"]["i"])


async def test_trades_books_marks_and_forced_orders_reach_the_client(venue: BinanceVenue, client: Any) -> None:
    await client.load_markets()
    waits = [
        asyncio.ensure_future(client.watch_trades_for_symbols([BTC], params={"name": "aggTrade"})),
        asyncio.ensure_future(client.watch_bids_asks([BTC])),
        asyncio.ensure_future(client.watch_mark_prices([BTC])),
        asyncio.ensure_future(client.watch_liquidations_for_symbols([BTC])),
    ]
    book = asyncio.ensure_future(client.watch_order_book_for_symbols([BTC]))
    await until(lambda: len({topic for line in venue.streams.public.lines for topic in line.topics}) == 5)
    price = 60_000.0
    while not all(one.done() for one in [*waits, book]):
        price += 0.1
        venue.market.set_price(ID, f"{price:.1f}")
        venue.streams.push_forced(ID, "SELL", "0.190", "59900")
        await asyncio.sleep(0.02)
    trades, tops, marks, forced = [await one for one in waits]
    assert trades[0]["amount"] == 0.01
    assert tops[BTC]["bid"] >= 60_000
    assert marks[BTC]["markPrice"] >= 60_000
    assert forced[0]["side"] == "sell"
    assert (await book)["bids"][0][0] >= 60_000


async def test_a_book_with_a_gap_is_an_error_to_the_client(venue: BinanceVenue, client: Any) -> None:
    await client.load_markets()
    waiting = asyncio.ensure_future(client.watch_order_book(BTC))
    await until(lambda: venue.streams.public.lines and venue.streams.public.lines[0].topics)
    while not waiting.done():
        venue.market.set_price(ID, 60_010)
        await asyncio.sleep(0.02)
    venue.streams.public.loses = lambda message: "depthUpdate" in message
    venue.market.set_price(ID, 60_020)
    venue.streams.public.calm()
    with pytest.raises(ccxt.ChecksumError):
        while True:
            again = asyncio.ensure_future(client.watch_order_book(BTC))
            await asyncio.sleep(0)
            venue.market.set_price(ID, 60_030)
            await asyncio.wait_for(again, patient_s(5))


async def test_a_mute_stream_loses_and_a_shuffled_one_turns_around(venue: BinanceVenue, client: Any) -> None:
    waiting = await listening(venue, client)
    venue.streams.private.is_mute = True
    await client.create_order(BTC, "market", "buy", 0.01)
    assert len(venue.streams.private.lost) == 4
    assert not waiting.done()
    venue.streams.private.calm()
    venue.streams.private.shuffle = 4
    await client.create_order(BTC, "market", "sell", 0.01, None, {"reduceOnly": True})
    told = [json.loads(message)["e"] for message in venue.streams.private.sent]
    assert told == ["TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    await asyncio.wait_for(waiting, patient_s(5))


async def test_doubled_and_late_messages(venue: BinanceVenue, client: Any) -> None:
    waiting = await listening(venue, client)
    venue.streams.private.copies, venue.streams.private.delay_s = 2, 0.1
    await client.create_order(BTC, "market", "buy", 0.01)
    assert not waiting.done()
    await asyncio.wait_for(waiting, patient_s(5))
    await until(lambda: len(venue.streams.private.sent) == 4)


async def test_a_lost_listen_key_ends_the_words_and_a_new_one_begins_them(venue: BinanceVenue, client: Any) -> None:
    waiting = await listening(venue, client)
    venue.streams.expire_listen_key()
    await client.create_order(BTC, "market", "buy", 0.01)
    await asyncio.sleep(0.1)
    assert not waiting.done()
    with pytest.raises(ccxt.ExchangeError, match="-1125"):
        await client.fapiPrivatePutListenKey()
    first = (await client.fapiPrivatePostListenKey())["listenKey"]
    assert (await client.fapiPrivatePostListenKey())["listenKey"] == first
    waiting.cancel()


async def test_a_broken_line_is_a_network_error(venue: BinanceVenue, client: Any) -> None:
    waiting = await listening(venue, client)
    await venue.streams.private.drop()
    with pytest.raises(ccxt.NetworkError):
        await asyncio.wait_for(waiting, patient_s(5))

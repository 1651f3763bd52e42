"""The second OKX's sockets, faults, limits and meter through the real client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import ccxt
import pytest

from tests.loopback_second import okx_codes
from tests.loopback_second.clients import okx_client
from tests.loopback_second.hands import Hands
from tests.loopback_second.okx_venue import OkxVenue
from tests.patience import patient_s

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
    await made.load_markets()
    yield made
    await made.close()


async def buys(client: Any, **params: Any) -> Any:
    return await client.create_order(BTC, "market", "buy", 1, None, {**ISOLATED, **params})


async def until(condition: Any) -> None:
    async with asyncio.timeout(patient_s(10)):
        while not condition():
            await asyncio.sleep(0.01)


def topics(venue: OkxVenue) -> set[str]:
    return {topic for line in venue.streams.private.lines + venue.streams.public.lines for topic in line.topics}


async def test_orders_algos_and_positions_are_told_after_a_login(venue: OkxVenue, client: Any) -> None:
    orders = asyncio.ensure_future(client.watch_orders())
    algos = asyncio.ensure_future(client.watch_orders(params={"trigger": True}))
    positions = asyncio.ensure_future(client.watch_positions())
    await until(lambda: topics(venue) >= {"orders:", "orders-algo:", "positions:"})
    assert await asyncio.wait_for(positions, patient_s(5)) == []
    positions = asyncio.ensure_future(client.watch_positions())
    await asyncio.sleep(0)
    await buys(client, clientOrderId="told")
    assert (await asyncio.wait_for(orders, patient_s(5)))[0]["clientOrderId"] == "told"
    (position,) = await asyncio.wait_for(positions, patient_s(5))
    assert (position["side"], position["contracts"]) == ("long", 1)
    params = {**ISOLATED, "stopLossPrice": 59_000, "reduceOnly": True, "algoClOrdId": "stop"}
    await client.create_order(BTC, "market", "sell", 1, None, params)
    (row,) = await asyncio.wait_for(algos, patient_s(5))
    assert (row["info"]["algoClOrdId"], row["info"]["state"]) == ("stop", "live")
    venue.market.set_price(ID, 58_900)
    states = [json.loads(one)["data"][0].get("state") for one in venue.streams.private.sent if "orders-algo" in one]
    assert states == ["live", "effective"]


@pytest.mark.parametrize(("attribute", "raised"), [("secret", "60007"), ("apiKey", "60005"), ("password", "60024")])
async def test_a_login_is_checked(venue: OkxVenue, client: Any, attribute: str, raised: str) -> None:
    setattr(client, attribute, "wrong")
    with pytest.raises(ccxt.AuthenticationError, match=raised):
        await asyncio.wait_for(client.watch_orders(), patient_s(5))


async def test_a_public_socket_speaks_of_trades_books_marks_and_forced_orders(venue: OkxVenue, client: Any) -> None:
    waits = [
        asyncio.ensure_future(client.watch_trades_for_symbols([BTC])),
        asyncio.ensure_future(client.watch_bids_asks([BTC])),
        asyncio.ensure_future(client.watch_mark_prices([BTC])),
        asyncio.ensure_future(client.watch_order_book_for_symbols([BTC])),
        asyncio.ensure_future(client.watch_liquidations_for_symbols([BTC])),
    ]
    await until(lambda: len(topics(venue)) == 5)
    price = 60_000.0
    while not all(one.done() for one in waits):
        price += 0.1
        venue.market.set_price(ID, f"{price:.1f}")
        venue.streams.push_forced(ID, "long", "8.55", "59900")
        await asyncio.sleep(0.02)
    trades, tops, marks, book, forced = [await one for one in waits]
    assert trades[0]["amount"] == pytest.approx(0.1)
    assert tops[BTC]["bid"] >= 60_000
    assert marks[BTC]["markPrice"] >= 60_000
    assert book["bids"][0][0] >= 60_000
    assert forced[0]["contracts"] == 8.55


async def test_a_lost_book_message_is_a_gap(venue: OkxVenue, client: Any) -> None:
    await client.watch_order_book(BTC)
    venue.streams.public.loses = lambda message: '"books"' in message
    venue.market.set_price(ID, 60_020)
    venue.streams.public.calm()
    again = asyncio.ensure_future(client.watch_order_book(BTC))
    await asyncio.sleep(0)
    venue.market.set_price(ID, 60_030)
    with pytest.raises(ccxt.InvalidNonce):
        await asyncio.wait_for(again, patient_s(5))


@pytest.mark.parametrize("executes", [True, False])
@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("time_out", ccxt.RequestTimeout),
        ("drop", ccxt.ExchangeNotAvailable),
        ("cut", ccxt.BaseError),
        ("html", ccxt.BaseError),
    ],
)
async def test_a_fault_says_apart_what_is_done_and_what_is_seen(
    venue: OkxVenue, client: Any, name: str, raised: type, executes: bool
) -> None:
    client.timeout = 400
    getattr(venue.faults, name)("trade/batch-orders", executes=executes)
    with pytest.raises(raised):
        await buys(client)
    assert bool(venue.ledger.open_positions()) is executes


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (okx_codes.TIMED_OUT, ccxt.RequestTimeout),
        (okx_codes.BUSY, ccxt.ExchangeNotAvailable),
        (okx_codes.SYSTEM_ERROR, ccxt.ExchangeNotAvailable),
        (okx_codes.ORDER_TIMED_OUT, ccxt.ExchangeError),
        (okx_codes.MAINTENANCE, ccxt.OnMaintenance),
    ],
)
async def test_any_answer_may_be_given_although_executed(
    venue: OkxVenue, client: Any, answer: Any, raised: type
) -> None:
    venue.faults.reply("trade/batch-orders", answer)
    with pytest.raises(raised):
        await buys(client)
    assert len(venue.ledger.fills) == 1


async def test_keys_time_and_signature_are_checked(venue: OkxVenue, client: Any) -> None:
    venue.clock.offset_ms = 60_000
    with pytest.raises(ccxt.InvalidNonce, match="50102"):
        await buys(client)
    venue.clock.offset_ms = 0
    venue.is_demo = True
    with pytest.raises(ccxt.AuthenticationError, match="50101"):
        await buys(client)
    venue.is_demo = None
    for attribute, code in (("password", "50105"), ("secret", "50113"), ("apiKey", "50111")):
        right = getattr(client, attribute)
        setattr(client, attribute, "wrong")
        with pytest.raises(ccxt.AuthenticationError, match=code):
            await buys(client)
        setattr(client, attribute, right)
    assert not venue.ledger.fills


async def test_each_endpoint_has_its_limit(venue: OkxVenue, client: Any) -> None:
    with pytest.raises(ccxt.RateLimitExceeded, match="50011"):
        for _ in range(25):
            await client.fetch_positions()
    assert venue.windows.refused
    await client.fetch_balance()


async def test_cancelled_algos_are_counted_one_by_one(venue: OkxVenue, client: Any) -> None:
    rows = [{"instId": ID, "algoId": "1"}] * 10
    with pytest.raises(ccxt.RateLimitExceeded):
        for _ in range(5):
            try:
                await client.private_post_trade_cancel_algos(rows)
            except ccxt.OrderNotFound:
                continue


async def test_hidden_positions_and_late_fills(venue: OkxVenue, client: Any) -> None:
    await buys(client)
    venue.list_faults.hide("positions", answers=2)
    assert await client.fetch_positions() == []
    assert await client.fetch_positions() == []
    assert len(await client.fetch_positions()) == 1
    venue.list_faults.lag("fills", 60)
    assert await client.fetch_my_trades(BTC) == []


async def test_the_meter_keeps_margin_modes_apart(venue: OkxVenue, client: Any) -> None:
    await buys(client)
    Hands(venue).market(ID, "sell", 1, mode="cross")
    params = {**ISOLATED, "stopLossPrice": 59_000, "reduceOnly": True}
    await client.create_order(BTC, "market", "sell", 1, None, params)
    bare = {position.key.mode: venue.bare.is_bare(position) for position in venue.ledger.open_positions()}
    assert bare == {"isolated": False, "cross": True}

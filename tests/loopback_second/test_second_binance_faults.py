"""The fault layer, the lists, the limits and the bare meter, seen through the real client at the second Binance."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.loopback_second import binance_codes
from tests.loopback_second.binance_venue import BinanceVenue
from tests.loopback_second.clients import binance_client
from tests.loopback_second.faults import answer_of
from tests.loopback_second.hands import Hands
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
    made.timeout = 400
    await made.load_markets()
    yield made
    await made.close()


async def buys(client: Any) -> Any:
    return await client.create_order(BTC, "market", "buy", 0.01)


@pytest.mark.parametrize("executes", [True, False])
@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("time_out", ccxt.RequestTimeout),
        ("drop", ccxt.ExchangeNotAvailable),
        ("cut", ccxt.BaseError),
        ("html", ccxt.ExchangeNotAvailable),
        ("empty", ccxt.BaseError),
    ],
)
async def test_a_fault_says_apart_what_is_done_and_what_is_seen(
    venue: BinanceVenue, client: Any, name: str, raised: type, executes: bool
) -> None:
    getattr(venue.faults, name)("/order", executes=executes, method="POST")
    if name == "empty":
        order = await _either(buys(client))
        assert isinstance(order, ccxt.BaseError) or order["id"] is None
    else:
        with pytest.raises(raised):
            await buys(client)
    assert bool(venue.ledger.open_positions()) is executes
    await buys(client)


async def _either(call: Any) -> Any:
    try:
        return await call
    except ccxt.BaseError as error:
        return error


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (binance_codes.UNKNOWN_503, ccxt.OperationFailed),
        (binance_codes.UNAVAILABLE_503, ccxt.OperationFailed),
        (binance_codes.UNEXPECTED, ccxt.OperationFailed),
        (binance_codes.TIMEOUT_408, ccxt.RequestTimeout),
        (binance_codes.THROTTLED_503, ccxt.OperationFailed),
        (answer_of(400, {"code": -5999, "msg": "Service Unavailable"}), ccxt.ExchangeError),
    ],
)
async def test_any_answer_may_be_given_although_executed(
    venue: BinanceVenue, client: Any, answer: Any, raised: type
) -> None:
    venue.faults.reply("/order", answer, method="POST", first=2)
    await buys(client)
    with pytest.raises(raised):
        await buys(client)
    assert len(venue.ledger.fills) == 2


async def test_a_late_execution_happens_though_nobody_waits(venue: BinanceVenue, client: Any) -> None:
    venue.faults.slow("/order", 0.8, before=True, method="POST")
    with pytest.raises(ccxt.RequestTimeout):
        await buys(client)
    assert not venue.ledger.fills
    async with asyncio.timeout(patient_s(5)):
        while not venue.ledger.fills:
            await asyncio.sleep(0.05)


async def test_positions_orders_and_fills_can_be_hidden_or_late(venue: BinanceVenue, client: Any) -> None:
    await buys(client)
    venue.list_faults.hide("positions", answers=1)
    assert await client.fetch_positions() == []
    assert len(await client.fetch_positions()) == 1
    venue.list_faults.lag("fills", 60)
    assert await client.fetch_my_trades(BTC) == []
    venue.list_faults.lag("order", 60)
    order = await buys(client)
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order(order["id"], BTC)
    venue.list_faults.lift()
    assert len(await client.fetch_my_trades(BTC)) == 2
    venue.list_faults.lag("positions", 60)
    assert await client.fetch_positions() == []


async def test_the_venues_clock_may_be_off(venue: BinanceVenue, client: Any) -> None:
    venue.clock.offset_ms = 120_000
    with pytest.raises(ccxt.InvalidNonce, match="outside of the recvWindow"):
        await buys(client)
    venue.clock.offset_ms = -120_000
    with pytest.raises(ccxt.InvalidNonce, match="1000ms ahead"):
        await buys(client)
    await client.load_time_difference()
    await buys(client)


async def test_signatures_and_keys_are_checked(venue: BinanceVenue, client: Any) -> None:
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        await buys(client)
    client.apiKey = "wrong"
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await buys(client)
    assert not venue.ledger.fills


async def test_weight_is_counted_told_and_ends_in_429_and_418(venue: BinanceVenue, client: Any) -> None:
    await client.fetch_positions()
    heard = {name.lower(): value for name, value in client.last_response_headers.items()}
    used = int(heard["x-mbx-used-weight-1m"])
    assert used >= 5
    venue.weights.add("weight", 2_400, 2_400)
    with pytest.raises(ccxt.DDoSProtection, match="429"):
        await client.fetch_positions()
    assert int(client.last_response_headers["Retry-After"]) <= 61
    with pytest.raises(ccxt.DDoSProtection, match="418"):
        for _ in range(40):
            try:
                await client.fetch_positions()
            except ccxt.DDoSProtection as error:
                if "418" in str(error):
                    raise


async def test_lot_and_tick_may_change_under_way(venue: BinanceVenue, client: Any) -> None:
    venue.market.instruments[ID].lot = Decimal("0.1")
    with pytest.raises(ccxt.BadRequest, match="-1111"):
        await buys(client)
    await client.load_markets(True)
    assert client.amount_to_precision(BTC, 0.15) == "0.1"


async def test_the_meter_counts_time_without_a_stop(venue: BinanceVenue, client: Any) -> None:
    await buys(client)
    await asyncio.sleep(0.3)
    params = {"stopLossPrice": 59_000, "reduceOnly": True}
    await client.create_order(BTC, "market", "sell", 0.005, None, params)
    await client.create_order(BTC, "market", "sell", 0.005, None, params)
    longest = venue.bare.longest_s()
    assert 0.3 <= longest < 2.0
    await asyncio.sleep(0.2)
    assert venue.bare.longest_s() == longest
    await client.cancel_all_orders(BTC, {"trigger": True})
    await asyncio.sleep(0.1)
    assert venue.bare.total_s() >= longest + 0.1


async def test_a_stop_that_hangs_in_triggering_covers_nothing(venue: BinanceVenue, client: Any) -> None:
    await buys(client)
    await client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 59_000, "reduceOnly": True})
    venue.triggers.is_stuck = lambda trigger: True
    venue.market.set_price(ID, 58_900)
    (position,) = venue.ledger.open_positions()
    assert venue.bare.is_bare(position)
    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []


async def test_an_operator_trades_by_hand(venue: BinanceVenue, client: Any) -> None:
    hands = Hands(venue)
    hands.market(ID, "buy", "0.02")
    hands.stop(ID, "sell", "0.02", 58_000)
    (position,) = await client.fetch_positions()
    assert position["contracts"] == 0.02
    hands.flip(ID)
    (position,) = await client.fetch_positions()
    assert position["side"] == "short"
    hands.close(ID)
    hands.cancel_all()
    hands.margin_mode(ID, "cross")
    hands.market(ID, "sell", "0.01")
    (position,) = await client.fetch_positions()
    assert position["marginMode"] == "cross"
    assert await client.fetch_open_orders(BTC, params={"trigger": True}) == []

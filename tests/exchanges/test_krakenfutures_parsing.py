"""Kraken Futures' bodies and frames as our own words: rows as the venue wrote them, recorded and documented."""

from decimal import Decimal
from typing import Any

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.events import Liquidation, MarkPrice, Top, Trade
from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import Ambiguous, CoinAmount, KeysLost, NotSent, RefusalKind, Refused
from cockpit.exchanges.base.contracts import Listings
from cockpit.exchanges.base.fees import CoinPrices, Fees
from cockpit.exchanges.base.frames import BadFrame
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.krakenfutures.client import against_order
from cockpit.exchanges.krakenfutures.frames import KrakenFrames
from cockpit.exchanges.krakenfutures.market import KrakenFutures
from cockpit.exchanges.krakenfutures.parsing import KrakenParser, asset_of, listing_of, stamp_ns
from cockpit.exchanges.krakenfutures.readings import KrakenReadings
from tests.loopback.exchange_krakenfutures import KrakenFuturesVenue

MS = 1_000_000
LOGGED_FUNDING = {
    "asset": "usd", "booking_uid": "72d0ea87-19b6-45c4-b7d0-1d69bc9f2c88", "contract": "pf_xrpusd",
    "date": "2026-08-10T16:00:00.000Z", "execution": None, "fee": None, "funding_rate": 5.44e-06, "id": 2,
    "info": "funding rate change", "margin_account": "flex", "mark_price": 1.01013, "new_balance": 1068.0355,
    "old_balance": 1068.0239, "realized_funding": 0.0116, "realized_pnl": None, "trade_price": None,
}  # fmt: skip
LOGGED_TRADE = {
    "asset": "usd", "booking_uid": "10ca244e-1b73-4467-8c3c-74539c7ae677", "contract": "pf_dogeusd",
    "date": "2026-08-11T19:55:24.251Z", "execution": "a59b8e24-89d8-4553-a084-b2de96dba5d3", "fee": 0.0035,
    "info": "futures trade", "margin_account": "flex", "realized_funding": None, "realized_pnl": -0.0042,
}  # fmt: skip
LOGGED_TRANSFER = {**LOGGED_FUNDING, "contract": None, "info": "cross-exchange transfer", "realized_funding": None}
STATUS = {
    "order": {
        "type": "ORDER", "orderId": "a111f276-95fd-47fc-b77b-709c5ab2e9e1", "cliOrdId": None, "symbol": "PF_LTCUSD",
        "side": "buy", "quantity": "0.1", "filled": "0", "limitPrice": "40", "reduceOnly": False,
        "timestamp": "2026-02-13T12:09:03.738Z", "lastUpdateTimestamp": "2026-02-13T12:09:03.738Z",
    },
    "status": "ENTERED_BOOK", "updateReason": None, "error": None,
}  # fmt: skip
PAST = {
    "uid": "85805e01-9eed-4395-8360-ed1a228237c9", "accountUid": "406142dd-7c5c-4a8b-acbc-5f16eca30009",
    "tradeable": "PF_LTCUSD", "direction": "Buy", "quantity": "0", "filled": "0.1", "timestamp": "1707258274849",
    "limitPrice": "69.2200000000", "orderType": "IoC", "clientId": "", "reduceOnly": False,
    "lastUpdateTimestamp": "1707258274849",
}  # fmt: skip
POSITION = {
    "side": "short", "symbol": "PF_XBTUSD", "price": 9392.749993345933, "fillTime": "2020-07-22T14:39:12.376Z",
    "size": 0.5, "unrealizedFunding": 0.00001045432180096817, "maxFixedLeverage": 5,
}  # fmt: skip
TRADE = {
    "feed": "trade", "product_id": "PF_XBTUSD", "uid": "05af78ac-a774-478c-a50c-8b9c234e071e", "side": "sell",
    "type": "fill", "seq": 653355, "time": 1612266317519, "qty": 0.25, "price": 34969.5,
}  # fmt: skip
TICKER = {
    "feed": "ticker", "product_id": "PF_XBTUSD", "time": 1612270825253, "bid": 34832.5, "ask": 34847.5,
    "bid_size": 4.2, "ask_size": 2.1, "index": 34803.45, "markPrice": 34844.25, "suspended": False,
}  # fmt: skip


async def _no_price(coin: str) -> float:
    raise AssertionError(coin)


@pytest.fixture
def parser() -> KrakenParser:
    return KrakenParser(Listings(asset_of), Fees(5.0, 2.0, CoinPrices(_no_price, Timing())))


async def test_what_is_booked_in_bitcoin_is_worth_its_mark_and_what_has_no_price_is_not_called_dollars() -> None:
    async def mark(coin: str) -> float:
        return {"BTC": 100_000.0}[coin]

    prices = CoinPrices(mark, Timing())
    parser = KrakenParser(Listings(asset_of), Fees(5.0, 2.0, prices))
    in_bitcoin = {**LOGGED_FUNDING, "asset": "xbt", "realized_funding": -0.00001}
    _, unpriced = parser.funding(in_bitcoin, prices) or ("", None)
    assert unpriced is not None and unpriced.amount_usd is None
    await prices.learn(["BTC"])
    _, paid = parser.funding(in_bitcoin, prices) or ("", None)
    assert paid is not None and paid.amount_usd == pytest.approx(-1.0)
    assert paid.booked == CoinAmount(-0.00001, "BTC")
    assert parser.booked_fee({**LOGGED_TRADE, "asset": "xbt"}) == (LOGGED_TRADE["execution"], CoinAmount(0.0035, "BTC"))


@pytest.mark.parametrize(
    ("market_id", "asset"),
    [("PF_XBTUSD", "BTC"), ("pf_ethusd", "ETH"), ("PF_XDGUSD", "DOGE"), ("PI_XBTUSD", "PI_XBTUSD")],
)
def test_only_a_perpetual_in_dollars_is_called_by_its_coin(market_id: str, asset: str) -> None:
    assert asset_of(market_id) == asset
    assert asset_of("FF_XBTUSD_251226") == "FF_XBTUSD_251226"


def test_a_contract_is_one_coin_on_its_own_grid() -> None:
    row = {
        "symbol": "PF_XBTUSD", "type": "flexible_futures", "tickSize": 1, "contractSize": 1,
        "contractValueTradePrecision": 4,
    }  # fmt: skip
    listing = listing_of(row)
    assert listing is not None
    assert (listing.asset, listing.unit, listing.lot, listing.tick) == ("BTC", 1, Decimal("0.0001"), 1)
    assert listing.contracts(0.01234) == "0.0123"
    coarse = listing_of({**row, "symbol": "PF_PEPEUSD", "contractValueTradePrecision": -3})
    assert coarse is not None and coarse.contracts(98_123.0) == "98000"
    assert listing_of({**row, "type": "futures_inverse"}) is None
    assert listing_of({**row, "contractValueTradePrecision": None}) is None


def test_the_accounts_log_says_funding_and_fees_and_nothing_else_is_taken_for_them(parser: KrakenParser) -> None:
    prices = CoinPrices(_no_price, Timing())
    found = parser.funding(LOGGED_FUNDING, prices)
    assert found is not None
    booking, paid = found
    assert (booking, paid.asset, paid.amount_usd) == (LOGGED_FUNDING["booking_uid"], "XRP", 0.0116)
    assert paid.ts_ns == 1_786_377_600_000 * MS
    assert parser.booked_fee(LOGGED_TRADE) == (LOGGED_TRADE["execution"], CoinAmount(0.0035, "USD"))
    for other in (LOGGED_TRADE, LOGGED_TRANSFER):
        assert parser.funding(other, prices) is None
    for other in (LOGGED_FUNDING, LOGGED_TRANSFER):
        assert parser.booked_fee(other) is None


def test_an_order_that_rests_and_one_that_is_past(parser: KrakenParser) -> None:
    resting = parser.order_status(STATUS)
    assert (resting.status, resting.side, resting.qty, resting.limit_price) == (OrderStatus.WORKING, Side.LONG, 0.1, 40)
    assert parser.order_status({**STATUS, "status": "A_NEW_WORD"}).status is OrderStatus.UNKNOWN
    past = parser.past_order(PAST, OrderStatus.UNKNOWN)
    assert (past.asset, past.qty, past.filled_qty, past.is_conditional) == ("LTC", 0.1, 0.1, False)


def test_a_position_with_a_fixed_leverage_is_isolated(parser: KrakenParser) -> None:
    held = parser.position(POSITION)
    assert held is not None
    assert (held.asset, held.qty, held.is_isolated, held.leverage, held.mark_price) == ("BTC", -0.5, True, 5.0, None)
    cross = parser.position({key: value for key, value in POSITION.items() if key != "maxFixedLeverage"})
    assert cross is not None and (cross.is_isolated, cross.leverage) == (False, None)


def test_a_fee_that_nobody_has_told_yet_is_the_configs_rate(parser: KrakenParser) -> None:
    row = {
        "fillTime": "2026-08-11T19:55:24.251Z", "order_id": "o", "fill_id": "f", "cliOrdId": "c", "symbol": "PF_XBTUSD",
        "side": "buy", "size": 0.01, "price": 100_000, "fillType": "taker",
    }  # fmt: skip
    assert parser.fill(row, {}).fee_usd == pytest.approx(0.01 * 100_000 * 5 / 10_000)
    assert parser.fill(row, {"f": CoinAmount(0.3, "USD")}).fee_usd == 0.3
    assert parser.fill({**row, "fillType": "liquidation"}, {}).forced == "liquidation"


def test_prints_tops_and_marks() -> None:
    frames = KrakenFrames({"PF_XBTUSD": "BTC"})
    (content,) = frames.read(TRADE, 7) or ()
    assert content.event == Trade(1612266317519 * MS, 7, "krakenfutures", "BTC", 34969.5, 0.25, False, 653355)
    top, mark = (content.event for content in frames.read(TICKER, 7) or ())
    assert isinstance(top, Top) and (top.bid, top.bid_qty, top.ask, top.ask_qty) == (34832.5, 4.2, 34847.5, 2.1)
    assert isinstance(mark, MarkPrice) and (mark.mark, mark.index) == (34844.25, 34803.45)
    _, forced = (content.event for content in frames.read({**TRADE, "type": "liquidation"}, 7) or ())
    assert isinstance(forced, Liquidation) and forced.long_liquidated
    assert frames.read({**TRADE, "product_id": "PI_XBTUSD"}, 7) == ()
    assert frames.read({"event": "subscribed", "feed": "trade", "product_ids": ["PF_XBTUSD"]}, 7) is None
    with pytest.raises(BadFrame, match="bid under the ask"):
        frames.read({**TICKER, "bid": 34850.0}, 7)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ('{"result":"error","error":"apiLimitExceeded","serverTime":"2026-08-11T13:08:44Z"}', NotSent),
        ('{"result":"error","error":"authenticationError"}', KeysLost),
        ('{"result":"error","error":"requiredArgumentMissing"}', Refused),
        ('{"errors":[{"code":92,"message":"INSUFFICIENT_MARGIN"}]}', Refused),
        ('{"result":"error","error":"Server Error"}', Ambiguous),
        ('{"result":"error","error":"unknownError"}', Ambiguous),
        ('{"result":"error","error":"marketUnavailable"}', Ambiguous),
        ('{"result":"error","error":"aNewError"}', Ambiguous),
    ],
)
def test_an_error_is_a_refusal_only_where_its_name_is_on_the_list(body: str, failure: type[Exception]) -> None:
    found = failure_of(RuntimeError(f"krakenfutures {body}"), "krakenfutures")
    assert type(found) is failure
    if "MARGIN" in body:
        assert isinstance(found, Refused) and found.kind is RefusalKind.MARGIN


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"orderType": "mkt", "symbol": "PF_XBTUSD", "side": "buy", "size": "1"}, ""),
        ({"orderType": "stp", "stopPrice": "1", "triggerSignal": "mark"}, ""),
        ({"orderType": "mkt", "trailingPercent": 1}, "trailingPercent"),
        ({"orderType": "trailing_stop"}, "trailing_stop"),
        ({"orderType": "stp", "stopPrice": "1", "triggerSignal": "last"}, "stp with last"),
        ({"orderType": "stp", "triggerSignal": "mark"}, "stp with mark"),
        ({"orderType": "mkt", "stopPrice": "1"}, "mkt with None"),
    ],
)
def test_an_order_is_fenced_by_its_fields(fields: dict[str, Any], wrong: str) -> None:
    said = against_order(fields)
    assert wrong in said and bool(wrong) is bool(said)


async def test_funding_an_hour_becomes_funding_over_eight() -> None:
    """The venue says dollars a contract and hour: a share of the mark is a rate."""
    now_ms = 1_760_875_200_000
    async with KrakenFuturesVenue(lambda: now_ms) as venue:
        venue.usd_an_hour["PF_XBTUSD"], venue.marks["PF_XBTUSD"] = 1.25, 100_000.0
        exchange = KrakenFutures(["BTC"], VenueUrls(venue.rest_url, venue.ws_url), LiveSection())
        try:
            rate = await KrakenReadings(exchange).funding("BTC")
            with pytest.raises(FeedTrouble, match="the venue tells none"):
                await KrakenReadings(exchange).positioning("BTC")
            with pytest.raises(FeedTrouble, match="expected a perpetual of DOGE against USD"):
                await KrakenReadings(exchange).funding("DOGE")
        finally:
            exchange.client.timeout_on_exit = 0
            await exchange.close()
    assert rate.rate_bps_8h == pytest.approx(1.25 / 100_000 * 10_000 * 8)
    assert (rate.interval_h, rate.next_ns) == (1.0, (now_ms // 3_600_000 + 1) * 3_600_000 * MS)


def test_a_time_is_read_to_the_millisecond() -> None:
    assert stamp_ns("2026-08-11T13:08:44.251Z") == 1_786_453_724_251 * MS

"""Bybit's bodies and frames as our own words: rows as the venue wrote them, recorded and documented."""

from decimal import Decimal

import pytest

from cockpit.domain.events import Liquidation, MarkPrice, Top, Trade
from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import CoinAmount
from cockpit.exchanges.base.contracts import Listings
from cockpit.exchanges.base.fees import CoinPrices, Fees
from cockpit.exchanges.base.frames import BadFrame
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.bybit.frames import BybitFrames
from cockpit.exchanges.bybit.parsing import (
    BybitParser,
    asset_of,
    can_trade,
    category_of,
    dangerous,
    funding_of,
    is_ip_restricted,
    listing_of,
    margin_in_use_usd,
    settled_in,
)

MS = 1_000_000
TICKER = {
    "topic": "tickers.BTCUSDT", "type": "snapshot", "cs": 760580211302, "ts": 1786540397684,
    "data": {
        "symbol": "BTCUSDT", "tickDirection": "ZeroMinusTick", "price24hPcnt": "-0.00506", "lastPrice": "63958.60",
        "markPrice": "63958.60", "indexPrice": "63986.67", "openInterest": "57798.137",
        "openInterestValue": "3696687925.13", "fundingIntervalHour": "8", "fundingCap": "0.005",
        "singleOpenInterest": "28899.069", "nextFundingTime": "1786550400000", "fundingRate": "0.0000544",
        "bid1Price": "63958.60", "bid1Size": "6.907", "ask1Price": "63958.70", "ask1Size": "2.750",
        "preOpenPrice": "", "preQty": "", "curPreListingPhase": "",
    },
}  # fmt: skip
TICKER_CHANGE = {
    "topic": "tickers.BTCUSDT", "type": "delta", "cs": 760580218857, "ts": 1786540397983,
    "data": {"symbol": "BTCUSDT", "indexPrice": "63986.66"},
}  # fmt: skip
TOP = {
    "topic": "orderbook.1.BTCUSDT", "type": "snapshot", "ts": 1709891679000,
    "data": {"s": "BTCUSDT", "b": [["27450.00", "0.500"]], "a": [["27451.00", "0.750"]], "u": 123456789, "seq": 1},
}  # fmt: skip
TOP_CHANGE = {
    "topic": "orderbook.1.BTCUSDT", "type": "delta", "ts": 1709891679500,
    "data": {"s": "BTCUSDT", "b": [["27450.00", "0.400"]], "a": [["27451.00", "0"]], "u": 123456790, "seq": 2},
}  # fmt: skip
PRINT = {
    "topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1672304486868,
    "data": [
        {
            "T": 1672304486865, "s": "BTCUSDT", "S": "Buy", "v": "0.001", "p": "16578.50", "L": "PlusTick",
            "i": "20f43950-d8dd-5b31-9112-a178eb6023af", "BT": False, "seq": 1783284617,
        }
    ],
}  # fmt: skip
FORCED = {
    "topic": "allLiquidation.ROSEUSDT", "type": "snapshot", "ts": 1739502303204,
    "data": [{"T": 1739502302929, "s": "ROSEUSDT", "S": "Sell", "v": "20000", "p": "0.04499"}],
}  # fmt: skip
INSTRUMENT = {
    "symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "BTC", "quoteCoin": "USDT",
    "launchTime": "1699990000000", "leverageFilter": {"minLeverage": "1", "maxLeverage": "100", "leverageStep": "1"},
    "priceFilter": {"minPrice": "1", "maxPrice": "1000000", "tickSize": "0.5"},
    "lotSizeFilter": {
        "maxOrderQty": "100.0", "minOrderQty": "0.001", "qtyStep": "0.001", "postOnlyMaxOrderQty": "100.0",
        "maxMktOrderQty": "50.0", "minNotionalValue": "5",
    },
    "unifiedMarginTrade": True, "fundingInterval": 8, "settleCoin": "USDT",
}  # fmt: skip
STOP = {
    "symbol": "BTCUSDT", "orderId": "test-stop-market-001", "side": "Sell", "orderType": "Market",
    "cancelType": "UNKNOWN", "price": "", "qty": "0.100", "timeInForce": "GTC", "orderStatus": "Untriggered",
    "orderLinkId": "test-client-stop-market-001", "reduceOnly": False, "leavesQty": "0.100", "cumExecQty": "0",
    "avgPrice": "", "positionIdx": 0, "createdTime": "1672364262444", "updatedTime": "1672364262457",
    "rejectReason": "", "stopOrderType": "Stop", "triggerPrice": "45000.00", "triggerDirection": 2,
    "triggerBy": "LastPrice", "closeOnTrigger": False, "category": "linear", "createType": "CreateByUser",
}  # fmt: skip
PARTLY_REJECTED = {
    "orderId": "5cf98598-39a7-459e-97bf-76ca765ee021", "orderLinkId": "O-20251001-164609-APEX-000-49",
    "symbol": "BTCUSDT", "price": "30000", "qty": "0.010", "side": "Buy", "positionIdx": 0, "orderStatus": "Rejected",
    "cancelType": "UNKNOWN", "rejectReason": "INSUFFICIENT_MARGIN", "avgPrice": "30000", "leavesQty": "0.005",
    "cumExecQty": "0.005", "orderType": "Limit", "stopOrderType": "", "triggerPrice": "0", "reduceOnly": False,
    "closeOnTrigger": False, "createdTime": "1672364262444", "updatedTime": "1672364262457",
}  # fmt: skip
EXECUTION = {
    "category": "linear", "symbol": "BTCUSDT", "closedSize": "0.5", "execFee": "26.3725275",
    "execId": "0ab1bdf7-4219-438b-b30a-32ec863018f7", "execPrice": "95900.1", "execQty": "0.5", "execType": "Trade",
    "execValue": "47950.05", "feeRate": "0.00055", "leavesQty": "0", "orderId": "9aac161b-8ed6-450d-9cab-c5cc67c21784",
    "orderLinkId": "test-order-link-001", "orderPrice": "94942.5", "orderQty": "0.5", "orderType": "Market",
    "stopOrderType": "UNKNOWN", "side": "Sell", "execTime": "1746270400353", "isMaker": False, "seq": 140612148849382,
}  # fmt: skip
POSITION = {
    "positionIdx": 0, "riskId": 1, "riskLimitValue": "100", "symbol": "ETHUSDT", "side": "Sell", "size": "5.0",
    "avgPrice": "3000.00", "positionValue": "15000", "tradeMode": 0, "positionStatus": "Normal", "leverage": "5",
    "markPrice": "2950.00", "liqPrice": "3500.00", "positionIM": "3000.00", "updatedTime": "1697673700112",
}  # fmt: skip
POSITION_ROW = {
    "positionIdx": 0, "symbol": "ETHUSDT", "side": "Sell", "size": "0.01", "entryPrice": "3641.075", "leverage": "30",
    "positionValue": "36.42075", "markPrice": "3641.33", "updatedTime": "1762199125472", "category": "linear",
}  # fmt: skip
SETTLEMENT = {
    "id": "592324_XRPUSDT_161440249321", "symbol": "XRPUSDT", "side": "Buy", "funding": "-0.003676", "fee": "0.0",
    "orderId": "1672128000-8-592324-1-2", "change": "-0.003676", "cashFlow": "0", "transactionTime": "1672128000000",
    "type": "SETTLEMENT", "feeRate": "0.0001", "size": "100", "qty": "100", "cashBalance": "5086.55825002",
    "currency": "USDT", "category": "linear", "tradePrice": "0.3676", "tradeId": "534c0003-4bf7-486f-aa02-78cee36825e4",
}  # fmt: skip
RIGHTS = {
    "readOnly": 1, "ips": ["18.181.170.164", "13.212.45.47", "13.212.45.48"],
    "permissions": {
        "ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"],
        "Wallet": ["AccountTransfer", "SubMemberTransfer"], "Options": [], "Derivatives": ["DerivativesTrade"],
        "CopyTrading": [], "BlockTrade": [],
        "Exchange": ["ExchangeHistory"], "NFT": [], "Affiliate": [], "Earn": ["Earn"],
        "FiatP2P": ["FiatP2POrder", "Advertising"], "FiatBybitPay": ["FaitPayOrder"], "FiatBitPay": ["FaitPayOrder"],
        "BitCard": ["BitCard"], "FiatGlobalPay": [],
    },
}  # fmt: skip


@pytest.fixture
def prices() -> CoinPrices:
    async def no_price(coin: str) -> float:
        raise AssertionError(coin)

    return CoinPrices(no_price, Timing())


@pytest.fixture
def parser(prices: CoinPrices) -> BybitParser:
    return BybitParser(Listings(asset_of), Fees(5.0, 2.0, prices))


@pytest.mark.parametrize(
    ("market_id", "asset", "category", "coin"),
    [
        ("BTCUSDT", "BTC", "linear", "USDT"),
        ("1000PEPEUSDT", "1000PEPE", "linear", "USDT"),
        ("BTCPERP", "BTCPERP", "linear", "USDC"),
        ("BTC-26DEC25", "BTC-26DEC25", "linear", "USDC"),
        ("BTCUSDT-26DEC25", "BTCUSDT-26DEC25", "linear", "USDT"),
        ("BTCUSD", "BTCUSD", "inverse", "BTC"),
        ("BTCUSDZ25", "BTCUSDZ25", "inverse", "BTC"),
        ("BTC-26DEC25-90000-C", "BTC-26DEC25-90000-C", "option", "USDC"),
        ("BTC-26DEC25-90000-P-USDT", "BTC-26DEC25-90000-P-USDT", "option", "USDT"),
    ],
)
def test_only_a_perpetual_in_dollars_is_called_by_its_coin(
    market_id: str, asset: str, category: str, coin: str
) -> None:
    assert (asset_of(market_id), category_of(market_id), settled_in(market_id)) == (asset, category, coin)


def test_a_contract_is_read_with_its_lot_and_its_most() -> None:
    listing = listing_of(INSTRUMENT)
    assert listing is not None
    assert (listing.asset, listing.unit, listing.lot, listing.tick) == ("BTC", 1, Decimal("0.001"), Decimal("0.5"))
    assert (listing.least, listing.most) == (Decimal("0.001"), Decimal("50.0"))
    assert listing_of({**INSTRUMENT, "status": "PreLaunch"}) is None
    assert listing_of({**INSTRUMENT, "contractType": "InversePerpetual"}) is None


def test_an_order_is_read_as_it_stands(parser: BybitParser) -> None:
    stop, rejected = parser.order(STOP), parser.order(PARTLY_REJECTED)
    assert (stop.status, stop.is_conditional, stop.trigger_price) == (OrderStatus.WORKING, True, 45_000.0)
    assert (stop.side, stop.qty, stop.limit_price, stop.detail) == (Side.SHORT, 0.1, None, "")
    assert (rejected.status, rejected.filled_qty, rejected.average_price) == (OrderStatus.REJECTED, 0.005, 30_000.0)
    assert (rejected.limit_price, rejected.trigger_price) == (30_000.0, None)
    assert rejected.detail == "INSUFFICIENT_MARGIN"


@pytest.mark.parametrize(
    ("word", "status", "is_conditional"),
    [
        ("Triggered", OrderStatus.WORKING, False),
        ("Filled", OrderStatus.FILLED, False),
        ("Deactivated", OrderStatus.CANCELLED, True),
        ("PartiallyFilledCanceled", OrderStatus.CANCELLED, False),
        ("SomethingNew", OrderStatus.UNKNOWN, False),
    ],
)
def test_what_became_of_a_stop(parser: BybitParser, word: str, status: OrderStatus, is_conditional: bool) -> None:
    order = parser.order({**STOP, "orderStatus": word})
    assert (order.status, order.is_conditional, order.trigger_price) == (status, is_conditional, 45_000.0)


def test_an_order_of_one_of_two_sides_is_not_of_ours(parser: BybitParser) -> None:
    assert parser.order(STOP).nets_with_ours and not parser.order({**STOP, "positionIdx": 2}).nets_with_ours


def test_an_execution_carries_its_fee_and_what_was_left(parser: BybitParser) -> None:
    fill = parser.fill(EXECUTION)
    assert fill is not None
    assert (fill.fill_id, fill.side, fill.qty, fill.price) == (f"BTC-{EXECUTION['execId']}", Side.SHORT, 0.5, 95_900.1)
    assert (fill.fee_usd, fill.unconverted_fee, fill.is_maker) == (26.3725275, None, False)
    assert (fill.client_id, fill.ts_ns, fill.forced) == ("test-order-link-001", 1_746_270_400_353 * MS, "")
    order = parser.order_of({**EXECUTION, "leavesQty": "0.2"}, fill, 95_900.1)
    assert (order.status, order.qty, order.filled_qty) == (OrderStatus.PARTLY_FILLED, 0.5, 0.3)


def test_a_fee_in_a_coin_of_no_known_price_is_said_to_be_one(parser: BybitParser) -> None:
    fill = parser.fill({**EXECUTION, "feeCurrency": "MNT", "execFee": "3"})
    assert fill is not None and fill.unconverted_fee == CoinAmount(3.0, "MNT")
    assert fill.fee_usd == pytest.approx(0.5 * 95_900.1 * 5 / 10_000)


def test_a_payment_of_funding_is_no_execution(parser: BybitParser) -> None:
    """The venue lists it among them, with a side and a quantity."""
    assert parser.fill({**EXECUTION, "execType": "Funding"}) is None
    assert parser.fill({**EXECUTION, "execType": "SessionSettlePnL"}) is None


@pytest.mark.parametrize(
    ("change", "forced"),
    [
        ({"execType": "AdlTrade"}, "auto-deleveraging"),
        ({"execType": "BustTrade"}, "liquidation"),
        ({"createType": "CreateByLiq"}, "liquidation"),
        ({"createType": "CreateByAdl_PassThrough"}, "auto-deleveraging"),
        ({"createType": "CreateByStopOrder"}, ""),
    ],
)
def test_what_nobody_ordered_is_told_as_such(parser: BybitParser, change: dict[str, str], forced: str) -> None:
    fill = parser.fill({**EXECUTION, **change})
    assert fill is not None and fill.forced == forced


def test_a_position_is_signed_by_its_side(parser: BybitParser) -> None:
    held, said = parser.position(POSITION), parser.position_update(POSITION_ROW)
    assert held is not None
    assert (held.asset, held.qty, held.entry_price) == ("ETH", -5.0, 3_000.0)
    assert (held.mark_price, held.leverage) == (2_950.0, 5.0)
    assert (held.contracts, held.hedge_side, held.nets_with_ours) == ("5.0", "", True)
    assert (said.asset, said.qty, said.entry_price) == ("ETH", -0.01, 3_641.075)
    assert parser.position({**POSITION, "size": "0", "side": ""}) is None


def test_a_position_on_one_of_two_sides_says_which(parser: BybitParser) -> None:
    held = parser.position({**POSITION, "positionIdx": 2})
    assert held is not None and (held.hedge_side, held.nets_with_ours) == ("Sell", False)


def test_an_inverse_position_is_worth_its_dollars_in_coins(parser: BybitParser) -> None:
    row = {**POSITION, "symbol": "BTCUSD", "side": "Buy", "size": "1000", "markPrice": "50000"}
    held = parser.position(row)
    assert held is not None
    assert (held.asset, held.qty, held.contracts) == ("BTCUSD", pytest.approx(0.02), "1000")


def test_funding_is_what_was_received(prices: CoinPrices) -> None:
    read = funding_of(SETTLEMENT, prices)
    assert read is not None
    payment_id, payment = read
    assert (payment_id, payment.asset, payment.amount_usd) == ("592324_XRPUSDT_161440249321", "XRP", -0.003676)
    assert payment.ts_ns == 1_672_128_000_000 * MS
    assert funding_of({**SETTLEMENT, "funding": ""}, prices) is None


def test_margin_is_added_up_by_coin_where_the_totals_are_empty() -> None:
    coins = [
        {"coin": "USDT", "equity": "1000", "usdValue": "1000", "totalPositionIM": "12.5"},
        {"coin": "BTC", "equity": "0.5", "usdValue": "50000", "totalPositionIM": "0.001"},
        {"coin": "ETH", "equity": "0", "usdValue": "0"},
    ]
    assert margin_in_use_usd({"totalInitialMargin": "", "coin": coins}) == pytest.approx(112.5)


def test_a_key_that_can_pay_is_as_dangerous_as_one_that_can_withdraw() -> None:
    assert not can_trade(RIGHTS) and can_trade({**RIGHTS, "readOnly": 0})
    named = ("AccountTransfer", "SubMemberTransfer", "FiatP2POrder", "Advertising", "FaitPayOrder", "BitCard")
    assert dangerous(RIGHTS) == named
    assert dangerous({"permissions": {"Wallet": ["SubMemberTransferList"]}}) == ()
    assert is_ip_restricted(RIGHTS) and not is_ip_restricted({"ips": ["*"]}) and not is_ip_restricted({})


# -- the public stream


@pytest.fixture
def frames() -> BybitFrames:
    return BybitFrames({"BTCUSDT": "BTC", "ROSEUSDT": "ROSE"})


def test_a_ticker_is_a_snapshot_and_then_what_has_changed(frames: BybitFrames) -> None:
    marks = [content.event for frame in (TICKER, TICKER_CHANGE) for content in frames.read(frame, 1) or ()]
    assert [(mark.mark, mark.index) for mark in marks if isinstance(mark, MarkPrice)] == [
        (63_958.6, 63_986.67),
        (63_958.6, 63_986.66),
    ]


def test_a_change_before_its_snapshot_says_nothing(frames: BybitFrames) -> None:
    (content,) = frames.read(TICKER_CHANGE, 1) or ()
    assert content.event is None
    with pytest.raises(BadFrame, match="expected a snapshot before its changes"):
        frames.read(TOP_CHANGE, 1)


def test_a_top_whose_side_is_gone_is_none(frames: BybitFrames) -> None:
    (first,) = frames.read(TOP, 1) or ()
    (second,) = frames.read(TOP_CHANGE, 1) or ()
    assert isinstance(first.event, Top) and second.event is None
    assert (first.event.bid, first.event.bid_qty, first.event.ask, first.event.ask_qty) == (27_450, 0.5, 27_451, 0.75)


def test_a_print_is_the_takers(frames: BybitFrames) -> None:
    (content,) = frames.read(PRINT, 1) or ()
    assert isinstance(content.event, Trade)
    assert (content.event.price, content.event.qty, content.event.taker_is_buyer) == (16_578.5, 0.001, True)
    assert content.event.ts_ns == 1_672_304_486_865 * MS


def test_a_forced_order_names_the_position(frames: BybitFrames) -> None:
    (content,) = frames.read(FORCED, 1) or ()
    assert isinstance(content.event, Liquidation)
    assert (content.event.price, content.event.qty, content.event.long_liquidated) == (0.04499, 20_000.0, False)

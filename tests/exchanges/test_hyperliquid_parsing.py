"""Hyperliquid's bodies and frames as our own words: rows as the venue wrote them, recorded and documented."""

from decimal import Decimal
from typing import Any

import pytest

from cockpit.config.endpoints import VenueUrls
from cockpit.config.live import LiveSection
from cockpit.domain.events import Liquidation, MarkPrice, Trade
from cockpit.domain.kinds import OrderStatus, Side
from cockpit.exchanges.base.account import Ambiguous, KeysLost, NotSent, RefusalKind, Refused
from cockpit.exchanges.base.contracts import Listings
from cockpit.exchanges.base.fees import CoinPrices, Fees
from cockpit.exchanges.base.frames import BadFrame
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.base.timing import Timing
from cockpit.exchanges.base.trouble import FeedTrouble
from cockpit.exchanges.hyperliquid.frames import HyperliquidFrames
from cockpit.exchanges.hyperliquid.market import Hyperliquid
from cockpit.exchanges.hyperliquid.parsing import HyperliquidParser, asset_of, listing_of, status_of
from cockpit.exchanges.hyperliquid.readings import HyperliquidReadings
from tests.loopback.exchange_hyperliquid import HyperliquidVenue

MS, NOW_NS = 1_000_000, 1_786_539_560_000_000_000
US = "0x193bd350ec838b1e22d6f302da5343b920aa1c2b"
PRINTS = {
    "channel": "trades",
    "data": [
        {
            "coin": "BTC", "side": "B", "px": "64097.0", "sz": "0.00033", "time": 1786539552700,
            "hash": "0x289c2bb40fdc2e512a15044201cee80202550099aadf4d23cc64d706ced0083b", "tid": "604438142537043",
            "users": [
                "0x3c7a9f4b7ec840b1879c28acb8b02371b8db7b2d", "0x01535f0ffbf18d084366c4dc846e58bb915fdd09",
            ],
        },
        {
            "coin": "BTC", "side": "A", "px": "64096.0", "sz": "0.00023", "time": 1786539553004,
            "hash": "0x0000000000000000000000000000000000000000000000000000000000000000", "tid": "153378402400855",
            "users": [
                "0xea0e878d5da1f786c035355cd7a8d381a6276766", "0x8d4aedc569f341b5f7d829332f1777cb9f38d366",
            ],
        },
    ],
}  # fmt: skip
CONTEXT = {
    "channel": "activeAssetCtx",
    "data": {
        "coin": "BTC",
        "ctx": {
            "funding": "0.0000125", "openInterest": "38485.06546", "prevDayPx": "64299.0",
            "dayNtlVlm": "1692146864.1761949062", "premium": "-0.0003293628", "oraclePx": "64063.1",
            "markPx": "64040.0", "midPx": "64041.5", "impactPxs": ["64041.0", "64042.0"],
            "dayBaseVlm": "26501.0297399999",
        },
    },
}  # fmt: skip
BOOK = {
    "channel": "l2Book",
    "data": {
        "coin": "BTC", "time": 1786539643751,
        "levels": [[{"px": "64094.0", "sz": "12.29409", "n": 30}], [{"px": "64095.0", "sz": "2.37411", "n": 13}]],
    },
}  # fmt: skip
LIQUIDATED = {
    "coin": "HYPE", "px": "21.147", "sz": "5.2", "side": "A", "time": "1768931202995", "startPosition": "5.2",
    "dir": "Close Long", "closedPnl": "-46.0356",
    "hash": "0xc0de326d5c05d659c2570433b86b0f02040d0052f708f52b64a6ddc01b09b044", "oid": "298509207410",
    "crossed": True, "fee": "0.047504", "tid": "345752513742025",
    "liquidation": {"liquidatedUser": US, "markPx": "21.193", "method": "market"}, "feeToken": "USDC", "twapId": None,
}  # fmt: skip
FILL = {
    "coin": "HYPE", "px": "33.209", "sz": "0.73", "side": "B", "time": "1770458548926", "startPosition": "0.0",
    "dir": "Open Long", "closedPnl": "0.0",
    "hash": "0x53542a9ac057af8454cd0434d851d202028b00805b5ace56f71cd5ed7f5b896e", "oid": "314848230306",
    "crossed": True, "fee": "0.012896", "builderFee": "0.002424", "tid": "882779857052503", "feeToken": "USDC",
    "twapId": None,
}  # fmt: skip
ORDER = {
    "coin": "ETH", "side": "B", "limitPx": "1100.0", "sz": "0.0", "oid": "6463065738", "timestamp": "1709141516884",
    "triggerCondition": "N/A", "isTrigger": False, "triggerPx": "0.0", "children": [], "isPositionTpsl": False,
    "reduceOnly": False, "orderType": "Limit", "origSz": "0.2", "tif": "Gtc", "cloid": None,
}  # fmt: skip
FRAMES_COINS = {"BTC": "BTC", "HYPE": "HYPE"}


def frames() -> HyperliquidFrames:
    return HyperliquidFrames(FRAMES_COINS, lambda: NOW_NS)


def parser() -> HyperliquidParser:
    listings = Listings(asset_of)
    rows = ({"szDecimals": 5, "name": "BTC"}, {"szDecimals": 4, "name": "ETH"}, {"szDecimals": 2, "name": "HYPE"})
    listings.take(listing for row in rows if (listing := listing_of(row)) is not None)

    async def unasked(coin: str) -> float:
        raise AssertionError(coin)

    return HyperliquidParser(listings, Fees(4.5, 1.5, CoinPrices(unasked, Timing())), US)


def test_recorded_prints_are_counted_as_they_come_and_known_again() -> None:
    reader = frames()
    first, second = reader.read(PRINTS, 7) or ()
    assert first.event == Trade(1786539552700 * MS, 7, "hyperliquid", "BTC", 64097.0, 0.00033, True, 1786539552700_001)
    assert isinstance(second.event, Trade) and not second.event.taker_is_buyer
    assert second.event.trade_id == 1786539552700_002
    assert [one.event.trade_id for one in reader.read(PRINTS, 8) or () if isinstance(one.event, Trade)] == [
        1786539552700_001,
        1786539552700_002,
    ]


def test_a_recorded_mark_is_as_old_as_its_arrival() -> None:
    (content,) = frames().read(CONTEXT, 7) or ()
    assert content.event == MarkPrice(NOW_NS, 7, "hyperliquid", "BTC", 64040.0, 64063.1)


def test_a_recorded_book_is_numbered_by_its_time() -> None:
    assert frames().depth_of(BOOK) == ("BTC", 1786539643751, 1786539643751 * MS)
    assert frames().read(BOOK, 7) is None


def test_a_recorded_liquidation_is_of_the_position_that_was_closed() -> None:
    """Whether it is the fill of who was liquidated, or that of the other side."""
    for user, row in ((US, LIQUIDATED), ("0x" + "ab" * 20, LIQUIDATED | {"side": "B"})):
        (content,) = frames().read({"channel": "userFills", "data": {"user": user, "fills": [row, FILL]}}, 7) or ()
        assert content.event == Liquidation(1768931202995 * MS, 7, "hyperliquid", "HYPE", 21.147, 5.2, True)


def test_fills_of_before_a_subscription_are_history() -> None:
    message = {"channel": "userFills", "data": {"isSnapshot": True, "user": US, "fills": [LIQUIDATED]}}
    assert frames().read(message, 7) == ()


def test_a_subscription_that_stands_already_is_no_trouble() -> None:
    assert frames().read({"channel": "error", "data": "Already subscribed: {}"}, 7) == ()
    assert frames().read({"channel": "error", "data": "Error parsing JSON"}, 7) is None


def test_a_print_without_a_price_is_refused() -> None:
    with pytest.raises(BadFrame, match="px: expected a number, was None"):
        frames().read({"channel": "trades", "data": [PRINTS["data"][0] | {"px": None}]}, 7)  # type: ignore[index]


def test_a_recorded_execution_costs_what_was_booked() -> None:
    fill = parser().fill(FILL)
    assert (fill.fill_id, fill.side, fill.qty, fill.price) == ("HYPE-882779857052503", Side.LONG, 0.73, 33.209)
    assert (fill.fee_usd, fill.is_maker, fill.forced, fill.venue_order_id) == (0.012896, False, "", "314848230306")
    assert fill.ts_ns == 1770458548926 * MS


def test_who_is_liquidated_is_forced_and_who_took_it_over_is_not() -> None:
    assert parser().fill(LIQUIDATED).forced == "liquidation"
    somebody = LIQUIDATED | {"liquidation": {"liquidatedUser": "0x" + "ab" * 20, "markPx": "1", "method": "market"}}
    assert parser().fill(somebody).forced == ""
    assert parser().fill(FILL | {"dir": "Auto-Deleveraging"}).forced == "auto-deleveraging"


def test_a_fee_in_a_coin_of_no_known_price_is_estimated_and_says_so() -> None:
    fill = parser().fill(FILL | {"feeToken": "USDH"})
    assert fill.fee_usd == pytest.approx(0.73 * 33.209 * 4.5 / 10_000)
    assert fill.unconverted_fee is not None and fill.unconverted_fee.coin == "USDH"


@pytest.mark.parametrize(
    ("name", "changes", "status", "filled"),
    [
        ("filled", {}, OrderStatus.FILLED, 0.2),
        ("open", {"sz": "0.2"}, OrderStatus.WORKING, 0.0),
        ("open", {"sz": "0.05"}, OrderStatus.PARTLY_FILLED, 0.15),
        ("canceled", {"sz": "0.2"}, OrderStatus.CANCELLED, 0.0),
        ("marginCanceled", {"sz": "0.1"}, OrderStatus.CANCELLED, 0.1),
        ("reduceOnlyCanceled", {"sz": "0.2"}, OrderStatus.CANCELLED, 0.0),
        ("scheduledCancel", {"sz": "0.2"}, OrderStatus.CANCELLED, 0.0),
        ("perpMarginRejected", {"sz": "0.2"}, OrderStatus.REJECTED, 0.0),
        ("filled", {"sz": "0.1", "tif": "Ioc"}, OrderStatus.CANCELLED, 0.1),
        ("somethingNew", {"sz": "0.2"}, OrderStatus.UNKNOWN, 0.0),
    ],
)
def test_an_order_is_what_its_status_says(name: str, changes: Any, status: OrderStatus, filled: float) -> None:
    order = parser().order(ORDER | changes, name)
    assert (order.status, order.filled_qty, order.qty) == (status, filled, 0.2)
    assert (order.client_id, order.venue_order_id, order.limit_price, order.trigger_price) == (
        "", "6463065738", 1100.0, None,
    )  # fmt: skip
    assert status_of(name) is (OrderStatus.WORKING if name == "open" else order.status) or name == "filled"


def test_a_stop_is_conditional_until_it_is_triggered() -> None:
    stop = ORDER | {"isTrigger": True, "triggerPx": "1000.0", "sz": "0.2", "reduceOnly": True, "tif": None}
    waiting, triggered = parser().order(stop), parser().order(stop, "triggered")
    assert waiting.is_conditional and waiting.reduce_only and waiting.trigger_price == 1000.0
    assert waiting.limit_price is None, "its worst price is no limit of its own"
    assert not triggered.is_conditional and triggered.status is OrderStatus.WORKING


def test_a_position_says_its_mark_by_its_worth() -> None:
    row = {
        "type": "oneWay",
        "position": {
            "coin": "ETH", "szi": "-0.5", "leverage": {"type": "isolated", "value": 5, "rawUsd": "1.0"},
            "entryPx": "2370.5", "positionValue": "1184.8", "unrealizedPnl": "0.4", "liquidationPx": "2800.1",
            "marginUsed": "237.05", "maxLeverage": 25,
        },
    }  # fmt: skip
    held = parser().position(row)
    assert held is not None
    assert (held.asset, held.qty, held.entry_price, held.mark_price) == ("ETH", -0.5, 2370.5, 2369.6)
    assert (held.leverage, held.is_isolated, held.contracts) == (5.0, True, "0.5")
    assert parser().position({"position": {**row["position"], "szi": "0.0"}}) is None  # type: ignore[dict-item]


def test_a_coin_of_another_dex_keeps_its_name_and_does_not_net_with_ours() -> None:
    fill = parser().fill(FILL | {"coin": "flx:CRCL"})
    assert (fill.asset, fill.qty) == ("flx:CRCL", 0.73)


@pytest.mark.parametrize(
    ("decimals", "price", "written"),
    [
        (5, 99_000.04, "99000"),
        (5, 108_402.35, "108402"),
        (5, 12_345.67, "12346"),
        (5, 9_876.54, "9876.5"),
        (4, 2_369.456, "2369.5"),
        (2, 33.20949, "33.209"),
        (0, 2.345678, "2.3457"),
        (0, 0.0123456, "0.012346"),
        (0, 0.00001234, "0.000012"),
    ],
)
def test_a_price_has_five_figures_and_as_many_decimals_as_its_size_leaves(
    decimals: int, price: float, written: str
) -> None:
    listing = listing_of({"szDecimals": decimals, "name": "X"})
    assert listing is not None and listing.price(price) == written
    assert listing.lot == listing.least == Decimal(1).scaleb(-decimals)


def test_what_is_delisted_is_not_listed() -> None:
    assert listing_of({"szDecimals": 1, "name": "OLD", "isDelisted": True}) is None


def answered(sentence: str, whole: bool = False) -> Exception:
    """An error as the client library writes it: the venue's name and its answer."""
    if whole:
        return RuntimeError(f'hyperliquid {{"status":"err","response":"{sentence}"}}')
    data = f'{{"statuses":[{{"error":"{sentence}"}}]}}'
    return RuntimeError(f'hyperliquid {{"status":"ok","response":{{"type":"order","data":{data}}}}}')


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Insufficient margin to place order. asset=4", RefusalKind.MARGIN),
        ("Reduce only order would increase position. asset=0", RefusalKind.NOTHING_TO_REDUCE),
        ("Order must have minimum value of $10. asset=0", RefusalKind.TOO_SMALL),
        ("Price must be divisible by tick size. asset=0", RefusalKind.OFF_GRID),
        ("Invalid TP/SL price. asset=0", RefusalKind.WOULD_TRIGGER),
        ("Order could not immediately match against any resting orders. asset=0", RefusalKind.OTHER),
    ],
)
def test_a_sentence_on_the_list_is_a_refusal(sentence: str, kind: RefusalKind) -> None:
    failure = failure_of(answered(sentence), "hyperliquid")
    assert isinstance(failure, Refused) and failure.kind is kind and sentence.split(" asset")[0] in str(failure)


@pytest.mark.parametrize("sentence", ["Invalid nonce: duplicate nonce 1", "Action expired", "Something new", ""])
def test_any_other_sentence_proves_nothing(sentence: str) -> None:
    assert isinstance(failure_of(answered(sentence, whole=True), "hyperliquid"), Ambiguous)
    assert isinstance(failure_of(answered(sentence), "hyperliquid"), Ambiguous)


def test_keys_and_allowance_are_told_by_their_sentences() -> None:
    lost = answered("User or API Wallet 0xb8a6f8b26223de27c31938d56e470a5b832703a5 does not exist.", whole=True)
    assert isinstance(failure_of(lost, "hyperliquid"), KeysLost)
    over = "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92."
    assert isinstance(failure_of(answered(over, whole=True), "hyperliquid"), NotSent)


async def test_funding_is_the_hours_rate_over_8_h_and_the_rest_is_said_to_be_unsaid() -> None:
    now_ms = NOW_NS // MS
    async with HyperliquidVenue(lambda: now_ms) as venue:
        venue.hourly_rates["ETH"] = -0.00002
        exchange = Hyperliquid(["ETH"], VenueUrls(venue.rest_url, venue.ws_url), LiveSection())
        readings = HyperliquidReadings(exchange)
        try:
            funding = await readings.funding("ETH")
            assert funding.rate_bps_8h == pytest.approx(-0.00002 * 10_000 * 8) and funding.interval_h == 1.0
            assert funding.next_ns is not None and 0 < funding.next_ns - funding.ts_ns <= 3_600_000_000_000
            with pytest.raises(FeedTrouble, match="expected positioning of ETH, the venue tells none"):
                await readings.positioning("ETH")
            with pytest.raises(FeedTrouble, match="expected open interest of ETH a day ago, the venue tells none"):
                await readings.open_interest("ETH")
            with pytest.raises(FeedTrouble, match="expected a perpetual of DOGE against USDC, was none listed"):
                await readings.funding("DOGE")
        finally:
            await exchange.close()

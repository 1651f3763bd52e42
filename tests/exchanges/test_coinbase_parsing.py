"""Coinbase's frames and bodies as recorded, read as ours."""

from decimal import Decimal

import pytest

from cockpit.domain.events import Top, Trade
from cockpit.exchanges.base.contracts import Listings
from cockpit.exchanges.base.outcomes import failure_of
from cockpit.exchanges.coinbase.frames import CoinbaseFrames
from cockpit.exchanges.coinbase.parsing import asset_of, coin_of, listing_of
from cockpit.exchanges.coinbase.stamps import stamp_ns

TRADES = {
    "channel": "market_trades",
    "timestamp": "2026-08-12T19:27:48.364886251Z",
    "sequence_num": 2,
    "events": [
        {
            "type": "update",
            "trades": [
                {"product_id": "BTC-USD", "trade_id": "1069726293", "price": "63310.25", "size": "0.00000012",
                 "time": "2026-08-12T19:27:48.298771Z", "side": "BUY"},
                {"product_id": "BTC-USD", "trade_id": "1069726292", "price": "63310.25", "size": "0.00000012",
                 "time": "2026-08-12T19:27:48.266642Z", "side": "BUY"},
            ],
        }
    ],
}  # fmt: skip
TICKER = {
    "channel": "ticker",
    "timestamp": "2026-08-12T19:27:33.829058895Z",
    "sequence_num": 2,
    "events": [
        {
            "type": "update",
            "tickers": [
                {"type": "ticker", "product_id": "BTC-USD", "price": "63320.73", "volume_24_h": "6629.927726",
                 "best_bid": "63318.86", "best_ask": "63318.87", "best_bid_quantity": "0.2275291",
                 "best_ask_quantity": "0.49990114"}
            ],
        }
    ],
}  # fmt: skip
STANDS = {
    "channel": "subscriptions",
    "timestamp": "2026-08-12T19:27:48.098899106Z",
    "sequence_num": 1,
    "events": [{"subscriptions": {"market_trades": ["BTC-USD"]}}],
}
PERPETUAL = {
    "product_id": "BIP-20DEC30-CDE", "product_type": "FUTURE", "quote_currency_id": "USD", "display_name": "BTC PERP",
    "base_increment": "1", "base_min_size": "1", "base_max_size": "5000", "price_increment": "5", "is_disabled": False,
    "trading_disabled": False,
    "future_product_details": {"contract_size": "0.01", "contract_root_unit": "BTC", "funding_interval": "3600s"},
}  # fmt: skip
DATED = {
    **PERPETUAL,
    "product_id": "BIT-24APR26-CDE",
    "display_name": "BTC 24 APR 26",
    "future_product_details": {"contract_size": "0.01", "contract_root_unit": "BTC"},
}


def test_recorded_prints_come_in_order_with_their_own_times() -> None:
    found = CoinbaseFrames({"BTC-USD": "BTC"}, {"BTC": 1.0}).read(TRADES, 1)
    assert found is not None
    trades = [one.event for one in found]
    assert [(one.trade_id, one.price, one.qty, one.taker_is_buyer) for one in trades if isinstance(one, Trade)] == [
        (1069726292, 63310.25, 1.2e-07, True),
        (1069726293, 63310.25, 1.2e-07, True),
    ]
    assert trades[0] is not None and trades[0].ts_ns == 1_786_562_868_266_642_000


def test_a_recorded_top_and_what_is_no_data() -> None:
    frames = CoinbaseFrames({"BTC-USD": "BTC"}, {"BTC": 1.0})
    (content,) = frames.read(TICKER, 1) or ()
    top = content.event
    assert isinstance(top, Top) and (top.bid, top.bid_qty, top.ask, top.ask_qty) == (
        63318.86,
        0.2275291,
        63318.87,
        0.49990114,
    )
    assert frames.read(STANDS, 1) is None


def test_a_contract_is_a_hundredth_of_a_coin() -> None:
    listing = listing_of(PERPETUAL)
    assert listing is not None and (listing.asset, listing.unit, listing.tick) == ("BTC", Decimal("0.01"), Decimal(5))
    assert listing.coins("3") == 0.03 and listing.contracts(0.03) == "3" and listing.most == 5000


def test_a_dated_future_is_no_perpetual_and_keeps_its_own_name() -> None:
    assert coin_of(DATED) == "" and listing_of(DATED) is None
    assert asset_of("BIT-24APR26-CDE", {}) == "BIT-24APR26-CDE"
    assert asset_of("BIP-20DEC30-CDE", {}) == "BTC", "without the venue's list too"
    listings = Listings(lambda market_id: asset_of(market_id, {}))
    assert listings.of("BIP-20DEC30-CDE").asset == "BTC"


@pytest.mark.parametrize("text", ["2026-08-12T19:27:48.098821666Z", "2026-08-12T19:27:48.098821666+00:00"])
def test_a_time_is_read_to_the_nanosecond(text: str) -> None:
    assert stamp_ns(text) == 1_786_562_868_098_821_666


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ('{"success": false, "error_response": {"error": "UNKNOWN_FAILURE_REASON", "preview_failure_reason": '
         '"PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"}}', "Refused"),
        ('{"success": false, "error_response": {"error": "INSUFFICIENT_FUND", "message": "Insufficient balance"}}',
         "Refused"),
        ('{"success": false, "error_response": {"error": "COMMANDER_REJECTED_NEW_ORDER"}}', "Ambiguous"),
        ('{"success": false, "error_response": {"error": "UNKNOWN_FAILURE_REASON"}}', "Ambiguous"),
        ('{"error": "unknown", "error_details": "proto: (line 1:192): unknown field reduceOnly"}', "Ambiguous"),
        ('{"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]}', "NotSent"),
        ('{"error": "PERMISSION_DENIED", "error_details": "Missing required scopes"}', "KeysLost"),
    ],
)  # fmt: skip
def test_an_error_is_a_refusal_only_where_its_name_is_on_the_list(answer: str, kind: str) -> None:
    assert type(failure_of(RuntimeError(f"coinbase {answer}"), "coinbase")).__name__ == kind

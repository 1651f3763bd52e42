"""Base coins and contracts: converted in one place, and back again they are the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchanges.base.account import RefusalKind, Refused
from cockpit.exchanges.base.contracts import Listing, Listings
from cockpit.exchanges.base.rows import read_rows
from cockpit.exchanges.binance.parsing import listing_of as binance_listing
from cockpit.exchanges.okx.parsing import listing_of as okx_listing

BTC_ON_BINANCE = Listing("BTC", "BTCUSDT", Decimal(1), Decimal("0.001"), Decimal("0.001"), Decimal("0.1"))
BTC_ON_OKX = Listing("BTC", "BTC-USDT-SWAP", Decimal("0.01"), Decimal("0.01"), Decimal("0.01"), Decimal("0.1"))
XRP_ON_OKX = Listing("XRP", "XRP-USDT-SWAP", Decimal(100), Decimal("0.01"), Decimal("0.01"), Decimal("0.0001"))
ALL = (BTC_ON_BINANCE, BTC_ON_OKX, XRP_ON_OKX)


@pytest.mark.parametrize(
    ("listing", "qty", "contracts"),
    [
        (BTC_ON_BINANCE, 0.002, "0.002"),
        (BTC_ON_BINANCE, 0.0029999, "0.002"),
        (BTC_ON_BINANCE, 0.1 + 0.2, "0.3"),
        (BTC_ON_BINANCE, 12.0, "12"),
        (BTC_ON_OKX, 0.0001, "0.01"),
        (BTC_ON_OKX, 0.01, "1"),
        (BTC_ON_OKX, 0.00029999, "0.02"),
        (BTC_ON_OKX, 1.0, "100"),
        (XRP_ON_OKX, 1.0, "0.01"),
        (XRP_ON_OKX, 250.0, "2.5"),
    ],
)
def test_coins_become_contracts_down_to_the_lot(listing: Listing, qty: float, contracts: str) -> None:
    assert listing.contracts(qty) == contracts


@pytest.mark.parametrize(("listing", "qty"), [(BTC_ON_BINANCE, 0.0009), (BTC_ON_OKX, 0.00009), (XRP_ON_OKX, 0.99)])
def test_less_than_the_venue_takes_is_refused_with_its_numbers(listing: Listing, qty: float) -> None:
    with pytest.raises(Refused, match=f"was {qty:g}") as refused:
        listing.contracts(qty)
    assert refused.value.kind is RefusalKind.TOO_SMALL


def test_an_entry_off_the_grid_is_refused_with_its_numbers_and_an_exit_is_cut_down() -> None:
    with pytest.raises(Refused, match=r"expected a multiple of 0\.001, was 0\.0105") as refused:
        BTC_ON_BINANCE.contracts(0.0105, may_shrink=False)
    assert refused.value.kind is RefusalKind.OTHER
    assert BTC_ON_BINANCE.contracts(0.0105) == "0.01"
    assert BTC_ON_BINANCE.contracts(0.1 + 0.2, may_shrink=False) == "0.3"


@given(st.sampled_from(ALL), st.integers(1, 10_000_000))
def test_a_whole_number_of_lots_survives_the_way_there_and_back(listing: Listing, lots: int) -> None:
    qty = float(listing.lot * listing.unit * lots)
    assert listing.coins(listing.contracts(qty)) == pytest.approx(qty, abs=1e-10)
    assert Decimal(listing.contracts(qty)) == listing.lot * lots


@given(st.sampled_from(ALL), st.floats(1.0, 1e5))
def test_an_order_is_never_larger_than_what_was_asked_for(listing: Listing, qty: float) -> None:
    assert listing.coins(listing.contracts(qty)) <= qty + 1e-9


@pytest.mark.parametrize(
    ("listing", "price", "text"),
    [(BTC_ON_BINANCE, 109_640.04, "109640"), (BTC_ON_OKX, 109_640.06, "109640.1"), (XRP_ON_OKX, 0.52345, "0.5234")],
)
def test_a_price_is_written_on_the_grid_without_an_exponent(listing: Listing, price: float, text: str) -> None:
    assert listing.price(price) == text


def test_positions_keep_their_sign_and_nothing_is_nothing() -> None:
    assert (BTC_ON_OKX.coins("-20"), BTC_ON_OKX.coins(""), BTC_ON_OKX.coins(None)) == (-0.2, 0.0, 0.0)


def asset_of(market_id: str) -> str:
    return market_id.removesuffix("USDT")


def test_what_is_not_listed_has_a_name_and_takes_no_order() -> None:
    listings = Listings(asset_of)
    found = listings.of("BTCUSDC")
    assert (found.asset, found.market_id, found.is_listed) == ("BTCUSDC", "BTCUSDC", False)
    assert listings.of_asset("BTCUSDC") == found and listings.of_asset("ETH") is None
    with pytest.raises(Refused, match="expected BTCUSDC listed, was not") as refused:
        found.contracts(1.0)
    assert refused.value.kind is RefusalKind.UNSUPPORTED


def test_a_list_of_today_keeps_the_names_of_what_it_has_left_out() -> None:
    listings = Listings(asset_of)
    listings.take([BTC_ON_BINANCE])
    assert "BTCUSDT" in listings and listings.of_asset("BTC") == BTC_ON_BINANCE
    listings.take([])
    gone = listings.of_asset("BTC")
    assert "BTCUSDT" not in listings and gone is not None
    assert (gone.market_id, gone.is_listed) == ("BTCUSDT", False)


BINANCE_ROW = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "maxQty": "120"},
    ],
}
OKX_ROW = {
    "instId": "BTC-USDT-SWAP", "ctType": "linear", "state": "live", "ctVal": "0.01", "ctMult": "1", "lotSz": "0.01",
    "minSz": "0.01", "tickSz": "0.1", "maxMktSz": "12000",
}  # fmt: skip


def test_the_venues_own_rows_are_read() -> None:
    assert binance_listing(BINANCE_ROW, "BTC") == BTC_ON_BINANCE._replace(most=Decimal(120))
    assert okx_listing(OKX_ROW, "BTC") == BTC_ON_OKX._replace(most=Decimal(12_000))


def test_what_is_announced_and_has_no_sizes_is_passed_over_and_what_trades_without_them_is_odd() -> None:
    assert okx_listing({**OKX_ROW, "state": "preopen", "lotSz": "", "tickSz": ""}, "X") is None
    assert okx_listing({**OKX_ROW, "ctType": "inverse"}, "X") is None
    assert binance_listing({**BINANCE_ROW, "status": "PENDING_TRADING", "filters": []}, "X") is None
    odd = {**OKX_ROW, "instId": "ODD-USDT-SWAP", "lotSz": ""}
    found, unreadable = read_rows("okx contracts", [odd, None, OKX_ROW, 7], lambda row: okx_listing(row, "BTC"))
    assert [listing.market_id for listing in found] == ["BTC-USDT-SWAP"]
    assert len(unreadable) == 3 and "ODD-USDT-SWAP" in unreadable[0]

"""Layer 1 of the rules: notional, stop, the day's loss, open trades, loss budget, venue minimum, test mode's limits."""

import re
from collections.abc import Callable

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import Instrument, Venue
from cockpit.domain.kinds import Layer, Mode, Outcome
from cockpit.domain.verdict import Check

FindCheck = Callable[..., Check]
UNKNOWN = {"open_trades": 1, "open_pnl_usd": None}


@pytest.mark.parametrize(
    ("requested_usd", "outcome"),
    [(414.99, Outcome.PASS), (415.0, Outcome.PASS), (415.01, Outcome.BLOCK), (float("nan"), Outcome.BLOCK)],
)
def test_notional_is_at_most_415(check: FindCheck, requested_usd: float, outcome: Outcome) -> None:
    assert check("max_notional", requested_usd=requested_usd).outcome is outcome


def test_the_notional_limit_holds_after_the_factors(check: FindCheck) -> None:
    assert check("max_notional", requested_usd=500.0, open_interest_pct=5.0).outcome is Outcome.PASS
    blocked = check("max_notional", requested_usd=520.0, open_interest_pct=5.0)
    assert blocked.outcome is Outcome.BLOCK
    assert "416.00 USD over 415.00" in blocked.sentence


@pytest.mark.parametrize(
    ("stop_bps", "outcome"),
    [
        (499.9, Outcome.PASS),
        (500.0, Outcome.PASS),
        (500.1, Outcome.BLOCK),
        (0.0, Outcome.BLOCK),
        (-28.0, Outcome.BLOCK),
        (float("nan"), Outcome.BLOCK),
    ],
)
def test_stop_is_above_0_and_at_most_500_bps(check: FindCheck, stop_bps: float, outcome: Outcome) -> None:
    assert check("max_stop", stop_bps=stop_bps).outcome is outcome


def test_stop_says_how_far_it_is_and_whether_it_was_widened(check: FindCheck) -> None:
    guard = Check(Layer.TACTICAL, "thin_book", Outcome.REDUCE, "1", "2", "1 against 2", 28 / 35, 35.0)
    assert check("max_stop").observed == "28.0 bps"
    assert check("max_stop", guards=(guard,)).observed == "35.0 bps, widened from 28.0"
    assert check("max_stop", stop_bps=600.0).sentence == "stop 600.0 bps over 500.0: too far to risk money on"
    assert check("max_stop", stop_bps=0.0).sentence == "stop 0.0 bps not above 0"


@pytest.mark.parametrize(
    ("realised_usd", "open_pnl_usd", "day_open_usd", "outcome", "shown"),
    [
        (-99.99, 0.0, 0.0, Outcome.PASS, "99.99 USD"),
        (-100.0, 0.0, 0.0, Outcome.BLOCK, "100.00 USD"),
        (-60.0, -40.0, 0.0, Outcome.BLOCK, "100.00 USD"),
        (-60.0, -40.01, 0.0, Outcome.BLOCK, "100.01 USD"),
        (-130.0, 31.0, 0.0, Outcome.PASS, "99.00 USD"),
        (-90.0, -30.0, -21.0, Outcome.PASS, "99.00 USD"),  # 21 of the open loss is yesterday's
        (-90.0, 10.0, 21.0, Outcome.BLOCK, "101.00 USD"),  # an open profit of yesterday melted away today
        (250.0, 0.0, 0.0, Outcome.PASS, "0.00 USD"),
        (float("nan"), 0.0, 0.0, Outcome.BLOCK, "nan USD"),
    ],
)
def test_daily_loss_is_realised_and_open_since_the_day_began(
    check: FindCheck, realised_usd: float, open_pnl_usd: float, day_open_usd: float, outcome: Outcome, shown: str
) -> None:
    found = check(
        "daily_loss", realised_usd=realised_usd, open_pnl_usd=open_pnl_usd, day_open_usd=day_open_usd, open_trades=1
    )
    assert (found.outcome, found.observed) == (outcome, shown)


@pytest.mark.parametrize("name", ["daily_loss", "loss_budget", "test_session_loss"])
def test_an_unknown_open_pnl_is_no_data_while_trades_are_open(check: FindCheck, name: str) -> None:
    found = check(name, mode=Mode.TEST, **UNKNOWN)
    assert found.outcome is Outcome.NO_DATA
    assert "of 1 open trade:" in found.sentence


@pytest.mark.parametrize("name", ["daily_loss", "loss_budget", "test_session_loss"])
def test_without_an_open_trade_there_is_no_open_pnl_to_know(check: FindCheck, name: str) -> None:
    assert check(name, mode=Mode.TEST, open_trades=0, open_pnl_usd=None).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("open_trades", "outcome"), [(0, Outcome.PASS), (2, Outcome.PASS), (3, Outcome.BLOCK), (4, Outcome.BLOCK)]
)
def test_three_trades_open_at_once(check: FindCheck, open_trades: int, outcome: Outcome) -> None:
    assert check("open_trades", open_trades=open_trades).outcome is outcome


# 400 USD at 240 bps and 10 bps of fees loses 10.00 USD at the stop.
@pytest.mark.parametrize(
    ("lost_usd", "outcome"),
    [
        (0.0, Outcome.PASS),
        (79.99, Outcome.PASS),
        (80.0, Outcome.PASS),  # half of the 20 left is exactly the 10 at risk
        (80.01, Outcome.REDUCE),
        (99.99, Outcome.REDUCE),
    ],
)
def test_a_worst_loss_over_half_of_what_is_left_halves_the_size(
    check: FindCheck, lost_usd: float, outcome: Outcome
) -> None:
    found = check("loss_budget", requested_usd=400.0, stop_bps=240.0, realised_usd=-lost_usd)
    assert found.outcome is outcome
    assert found.size_factor == (0.5 if outcome is Outcome.REDUCE else 1.0)


def test_the_loss_budget_counts_what_the_other_factors_leave(check: FindCheck) -> None:
    wide = {"requested_usd": 400.0, "stop_bps": 240.0, "realised_usd": -83.0}
    assert check("loss_budget", **wide).outcome is Outcome.REDUCE
    assert check("loss_budget", **wide, open_interest_pct=5.0).outcome is Outcome.PASS


BTC_PRICE = 108_402.0


@pytest.mark.parametrize(
    ("venue", "requested_usd", "outcome"),
    [
        ("binance", 20.75, Outcome.BLOCK),
        ("binance", 29.05, Outcome.BLOCK),
        ("binance", 108.40, Outcome.BLOCK),
        ("binance", 108.402, Outcome.PASS),
        ("okx", 10.84, Outcome.BLOCK),
        ("okx", 10.8402, Outcome.PASS),
        ("okx", 20.75, Outcome.PASS),
        ("okx", 29.05, Outcome.PASS),
        ("okx", 0.0, Outcome.BLOCK),
        ("okx", -29.05, Outcome.BLOCK),
        ("okx", float("nan"), Outcome.BLOCK),
        ("okx", float("inf"), Outcome.BLOCK),
    ],
)
def test_btc_on_okx_fits_the_base_unit_and_on_binance_does_not(
    check: FindCheck, venue: str, requested_usd: float, outcome: Outcome
) -> None:
    assert check("venue_minimum", venue=venue, requested_usd=requested_usd).outcome is outcome


@pytest.mark.parametrize(
    ("venue", "requested_usd", "price", "sentence"),
    [
        (
            "binance",
            20.7,
            BTC_PRICE,
            "20.70 USD is 0.000 BTC after rounding down to lots of 0.001: under binance's minimum of 100 USD for BTC"
            "; least order 0.001 BTC, 108.41 USD; okx takes 0.0001 BTC",
        ),
        (
            "binance",  # 105 USD would do, but not one whole lot fits in it
            105.0,
            BTC_PRICE,
            "105.00 USD is 0.000 BTC after rounding down to lots of 0.001: under binance's minimum of 0.001 BTC"
            "; least order 0.001 BTC, 108.41 USD; okx takes 0.0009 BTC",
        ),
        (
            "binance",  # a lot fits, and its notional does not
            95.0,
            90_000.0,
            "95.00 USD is 0.001 BTC after rounding down to lots of 0.001: under binance's minimum of 100 USD for BTC"
            "; least order 0.002 BTC, 180.00 USD; okx takes 0.0010 BTC",
        ),
        (
            "binance",  # just enough USD, still not one whole lot
            100.0,
            BTC_PRICE,
            "100.00 USD is 0.000 BTC after rounding down to lots of 0.001: under binance's minimum of 0.001 BTC"
            "; least order 0.001 BTC, 108.41 USD; okx takes 0.0009 BTC",
        ),
        (
            "binance",  # enough USD before rounding, one lot of it is not
            105.0,
            90_000.0,
            "105.00 USD is 0.001 BTC after rounding down to lots of 0.001: under binance's minimum of 100 USD for BTC"
            "; least order 0.002 BTC, 180.00 USD; okx takes 0.0011 BTC",
        ),
        (
            "okx",
            8.0,
            BTC_PRICE,
            "8.00 USD is 0.0000 BTC after rounding down to lots of 0.0001: under okx's minimum of 0.0001 BTC"
            "; least order 0.0001 BTC, 10.85 USD",
        ),
    ],
)
def test_a_size_under_the_minimum_is_denied_with_both_numbers(
    check: FindCheck, venue: str, requested_usd: float, price: float, sentence: str
) -> None:
    found = check("venue_minimum", venue=venue, requested_usd=requested_usd, decision_price=price)
    assert (found.outcome, found.sentence) == (Outcome.BLOCK, sentence)


def test_a_venue_whose_lots_are_too_large_says_so_and_who_takes_the_size(
    check: FindCheck, bare_config: CockpitConfig
) -> None:
    large = Venue(
        taker_fee_bps=5.0,
        maker_fee_bps=2.0,
        instruments={"BTC": Instrument(lot=0.01, min_qty=0.01, tick_usd=5.0, min_notional_usd=0.0)},
    )
    config = bare_config.model_copy(update={"venues": {**bare_config.venues, "coinbase": large}})
    found = check("venue_minimum", config=config, venue="coinbase", requested_usd=415.0)
    assert (found.outcome, found.sentence) == (
        Outcome.BLOCK,
        "415.00 USD is 0.00 BTC after rounding down to lots of 0.01: under coinbase's minimum of 0.01 BTC"
        "; least order 0.01 BTC, 1084.02 USD, over the 415.00 of any position: no size fits"
        "; binance takes 0.003 BTC; okx takes 0.0038 BTC",
    )


@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_the_least_order_that_is_named_is_one_that_the_venue_takes(check: FindCheck, venue: str) -> None:
    denied = check("venue_minimum", venue=venue, requested_usd=5.0)
    named = re.search(r"least order [0-9.]+ BTC, ([0-9.]+) USD", denied.sentence)
    assert named is not None
    least_usd = float(named[1])
    assert check("venue_minimum", venue=venue, requested_usd=least_usd).outcome is Outcome.PASS
    assert check("venue_minimum", venue=venue, requested_usd=least_usd - 0.02).outcome is Outcome.BLOCK


def test_factors_can_push_a_size_under_the_minimum(check: FindCheck) -> None:
    assert check("venue_minimum", requested_usd=12.0).outcome is Outcome.PASS
    assert check("venue_minimum", requested_usd=12.0, open_interest_pct=5.0).outcome is Outcome.BLOCK


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan")])
def test_without_a_price_there_is_no_quantity(check: FindCheck, price: float) -> None:
    assert check("venue_minimum", decision_price=price).outcome is Outcome.NO_DATA


def test_an_asset_the_venue_does_not_list(check: FindCheck, bare_config: CockpitConfig) -> None:
    okx = bare_config.venues["okx"]
    without = okx.model_copy(update={"instruments": {"ETH": okx.instruments["ETH"]}})
    config = bare_config.model_copy(update={"venues": {**bare_config.venues, "okx": without}})
    found = check("venue_minimum", config=config)
    assert (found.outcome, found.sentence) == (Outcome.BLOCK, "BTC is not listed on okx: 0 lots can be traded there")


@pytest.mark.parametrize(
    ("exposure_usd", "requested_usd", "outcome"),
    [
        (0.0, 100.0, Outcome.PASS),
        (0.0, 100.01, Outcome.BLOCK),
        (70.95, 29.05, Outcome.PASS),
        (70.96, 29.05, Outcome.BLOCK),
    ],
)
def test_test_mode_exposes_at_most_100(
    check: FindCheck, exposure_usd: float, requested_usd: float, outcome: Outcome
) -> None:
    found = check("test_exposure", mode=Mode.TEST, exposure_usd=exposure_usd, requested_usd=requested_usd)
    assert found.outcome is outcome


@pytest.mark.parametrize(("done", "outcome"), [(2, Outcome.PASS), (3, Outcome.BLOCK), (4, Outcome.BLOCK)])
def test_test_mode_takes_three_trades_a_session(check: FindCheck, done: int, outcome: Outcome) -> None:
    assert check("test_trades", mode=Mode.TEST, trades_today=done).outcome is outcome


@pytest.mark.parametrize(
    ("realised_usd", "open_pnl_usd", "outcome"),
    [
        (-19.99, 0.0, Outcome.PASS),
        (-20.0, 0.0, Outcome.BLOCK),
        (-15.0, -5.0, Outcome.BLOCK),
        (-25.0, 5.01, Outcome.PASS),
        (50.0, 0.0, Outcome.PASS),
    ],
)
def test_test_mode_loses_under_20_a_session(
    check: FindCheck, realised_usd: float, open_pnl_usd: float, outcome: Outcome
) -> None:
    found = check("test_session_loss", mode=Mode.TEST, realised_usd=realised_usd, open_pnl_usd=open_pnl_usd)
    assert found.outcome is outcome

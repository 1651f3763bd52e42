"""What the shipped numbers come to, as the checklist prints them."""

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.gate.arithmetic import SetupArithmetic, break_even_win_rate_pct, setup_arithmetic


@pytest.fixture(scope="module")
def shipped(shipped_config: CockpitConfig) -> dict[str, SetupArithmetic]:
    return {entry.setup: entry for entry in setup_arithmetic(shipped_config)}


def test_one_entry_for_each_machine_in_the_configs_order(shipped: dict[str, SetupArithmetic]) -> None:
    assert list(shipped) == [
        "btc_lower_band_long",
        "btc_upper_band_short",
        "sol_fee_fade",
        "squeeze_guard.XRP",
        "squeeze_guard.ETH",
    ]


def test_29_usd_at_28_bps_risks_11_cents_with_fees(shipped: dict[str, SetupArithmetic]) -> None:
    long = shipped["btc_lower_band_long"]
    assert long.notional_usd == pytest.approx(29.05)
    assert long.fees_usd == pytest.approx(0.02905)
    assert round(long.loss_at_stop_usd, 2) == 0.11
    assert long.lots_usd == pytest.approx(0.0002 * 108_402)


def test_how_many_full_stops_each_limit_allows(shipped: dict[str, SetupArithmetic]) -> None:
    long = shipped["btc_lower_band_long"]
    assert long.full_stops_drawdown == 180
    assert long.full_stops_daily_loss == 905


def test_fees_as_a_share_of_each_target(shipped: dict[str, SetupArithmetic]) -> None:
    rungs = shipped["btc_lower_band_long"].targets
    assert [rung.fee_share_pct for rung in rungs] == pytest.approx([40.0, 20.0, 100 / 9])
    assert [rung.net_usd for rung in rungs] == pytest.approx(
        [29.05 * 0.45 * 0.0015, 29.05 * 0.35 * 0.0040, 29.05 * 0.20 * 0.0080]
    )


def test_the_win_rate_that_breaks_even_leaves_nothing_over(shipped: dict[str, SetupArithmetic]) -> None:
    for entry in shipped.values():
        rate = entry.break_even_win_rate_pct
        assert rate is not None
        won_usd = sum(rung.net_usd for rung in entry.targets)
        assert rate / 100 * won_usd - (1 - rate / 100) * entry.loss_at_stop_usd == pytest.approx(0.0)
    # Ladder 46.75 bps - 10 of fees against 28 + 10.
    assert shipped["btc_lower_band_long"].break_even_win_rate_pct == pytest.approx(100 * 38 / (38 + 36.75))


def test_a_ladder_that_does_not_pay_its_fees_never_breaks_even(shipped_config: CockpitConfig) -> None:
    targets = shipped_config.setups["btc_lower_band_long"].targets
    assert break_even_win_rate_pct(28.0, targets, 46.74) is not None
    assert break_even_win_rate_pct(28.0, targets, 46.75) is None


def test_no_price_no_lots(shipped: dict[str, SetupArithmetic]) -> None:
    assert shipped["sol_fee_fade"].lots_usd is None


def test_a_size_under_the_venues_minimum_is_zero_lots(shipped_config: CockpitConfig) -> None:
    where = shipped_config.assets["BTC"].model_copy(update={"trade_on": "binance"})
    moved = shipped_config.model_copy(update={"assets": {**shipped_config.assets, "BTC": where}})
    entries = {entry.setup: entry for entry in setup_arithmetic(moved, {"BTC": 108_402.0, "SOL": 186.0})}
    assert entries["btc_lower_band_long"].lots_usd == 0.0
    assert entries["sol_fee_fade"].lots_usd == pytest.approx(0.13 * 186.0)


@pytest.mark.parametrize(
    ("min_qty", "min_notional_usd", "fits"),
    [
        (0.0002, 0.0, True),
        (0.0003, 0.0, False),
        (0.0001, 21.6, True),
        (0.0001, 21.7, False),
    ],
)
def test_a_setup_fits_its_venue_by_quantity_and_by_notional(
    shipped_config: CockpitConfig, min_qty: float, min_notional_usd: float, fits: bool
) -> None:
    okx = shipped_config.venues["okx"]
    btc = okx.instruments["BTC"].model_copy(update={"min_qty": min_qty, "min_notional_usd": min_notional_usd})
    listed = okx.model_copy(update={"instruments": {**okx.instruments, "BTC": btc}})
    config = shipped_config.model_copy(update={"venues": {**shipped_config.venues, "okx": listed}})
    long = setup_arithmetic(config)[0]
    assert long.lots_usd == (pytest.approx(0.0002 * 108_402) if fits else 0.0)

"""What the shipped numbers come to, as the checklist prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import Instrument
from cockpit.domain.kinds import Mode, Side
from cockpit.domain.verdict import Target
from cockpit.engine.ladder import rungs
from cockpit.gate.arithmetic import SetupArithmetic, setup_arithmetic, trade_arithmetic, traded_rungs
from cockpit.gate.sizing import lots_down
from cockpit.gate.unreached import unreached_limits


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


def test_what_is_traded_is_shown_and_not_what_was_asked(shipped: dict[str, SetupArithmetic]) -> None:
    """29.05 USD of BTC at 108,402 are two lots of OKX, and two rungs; 20.75 are one lot, and one rung."""
    long, short = shipped["btc_lower_band_long"], shipped["btc_upper_band_short"]
    assert (long.asked_usd, long.lots, long.qty) == (pytest.approx(29.05), 2, 0.0002)
    assert long.traded.notional_usd == pytest.approx(0.0002 * 108_402)
    assert long.traded.loss_at_stop_usd == pytest.approx(21.6804 * 38e-4)
    assert long.traded.fees_usd == pytest.approx(0.02168, abs=1e-5)
    assert [(rung.distance_bps, rung.share_pct) for rung in long.traded.rungs] == [(25.0, 50.0), (50.0, 50.0)]
    assert (short.lots, [rung.distance_bps for rung in short.traded.rungs]) == (1, [45.0])
    assert short.traded.notional_usd == pytest.approx(10.8402)


@pytest.mark.parametrize(
    ("setup", "all_pct", "first_pct"),
    [
        ("btc_lower_band_long", 58.0, 83.5),
        ("btc_upper_band_short", 53.3, 53.3),
        ("sol_fee_fade", 49.2, 83.3),
        ("squeeze_guard.XRP", 53.3, 87.7),
    ],
)
def test_the_two_rates_that_break_even(
    shipped: dict[str, SetupArithmetic], setup: str, all_pct: float, first_pct: float
) -> None:
    traded = shipped[setup].traded
    assert traded.break_even_all_pct == pytest.approx(all_pct, abs=0.05)
    assert traded.break_even_first_pct == pytest.approx(first_pct, abs=0.05)
    won_usd = sum(rung.net_usd for rung in traded.rungs)
    for rate, gain_usd in (
        (traded.break_even_all_pct, won_usd),
        (traded.break_even_first_pct, traded.rungs[0].net_usd),
    ):
        assert rate is not None
        assert rate / 100 * gain_usd - (1 - rate / 100) * traded.loss_at_stop_usd == pytest.approx(0.0)


def test_how_many_full_stops_each_limit_allows(shipped: dict[str, SetupArithmetic]) -> None:
    long = shipped["btc_lower_band_long"]
    assert (long.full_stops_daily_loss, long.full_stops_drawdown) == (1_213, 241)


def test_fees_as_a_share_of_each_target(shipped: dict[str, SetupArithmetic]) -> None:
    rungs = shipped["btc_lower_band_long"].traded.rungs
    assert [rung.fee_share_pct for rung in rungs] == pytest.approx([40.0, 20.0])
    assert [rung.net_usd for rung in rungs] == pytest.approx([10.8402 * 0.0015, 10.8402 * 0.0040])


@pytest.mark.parametrize(
    ("fee_bps", "all_none", "first_none"), [(24.9, False, False), (25.0, False, True), (46.76, True, True)]
)
def test_a_ladder_that_does_not_pay_its_fees_never_breaks_even(
    fee_bps: float, all_none: bool, first_none: bool
) -> None:
    ladder = (Target(25.0, 45.0), Target(50.0, 35.0), Target(90.0, 20.0))
    found = trade_arithmetic(29.05, 28.0, ladder, fee_bps)
    assert (found.break_even_all_pct is None, found.break_even_first_pct is None) == (all_none, first_none)


def test_without_a_price_nothing_is_rounded_and_that_is_known(shipped: dict[str, SetupArithmetic]) -> None:
    fade = shipped["sol_fee_fade"]
    assert (fade.lots, fade.qty, fade.price) == (None, None, None)
    assert fade.traded.notional_usd == pytest.approx(24.9)
    assert [rung.share_pct for rung in fade.traded.rungs] == [45.0, 35.0, 20.0]


def test_todays_price_goes_before_the_configs(shipped_config: CockpitConfig) -> None:
    entries = {entry.setup: entry for entry in setup_arithmetic(shipped_config, {"BTC": 140_000.0, "SOL": 186.0})}
    assert entries["btc_lower_band_long"].traded.notional_usd == pytest.approx(28.0)
    assert (entries["sol_fee_fade"].lots, entries["sol_fee_fade"].price) == (13, 186.0)


def test_what_the_gates_factors_leave_of_the_lots(shipped: dict[str, SetupArithmetic]) -> None:
    assert shipped["btc_lower_band_long"].reduced == ((0.8, 2), (0.5, 1))
    assert shipped["btc_upper_band_short"].reduced == ((0.8, 1), (0.5, 0))


@pytest.mark.parametrize(
    ("min_qty", "min_notional_usd", "fits"),
    [(0.0002, 0.0, True), (0.0003, 0.0, False), (0.0001, 21.6, True), (0.0001, 21.7, False)],
)
def test_a_setup_fits_its_venue_by_quantity_and_by_notional(
    shipped_config: CockpitConfig, min_qty: float, min_notional_usd: float, fits: bool
) -> None:
    okx = shipped_config.venues["okx"]
    btc = okx.instruments["BTC"].model_copy(update={"min_qty": min_qty, "min_notional_usd": min_notional_usd})
    listed = okx.model_copy(update={"instruments": {**okx.instruments, "BTC": btc}})
    config = shipped_config.model_copy(update={"venues": {**shipped_config.venues, "okx": listed}})
    long = setup_arithmetic(config)[0]
    assert (long.lots, long.is_denied) == ((2, False) if fits else (0, True))


@given(
    notional_usd=st.floats(5, 415),
    price=st.floats(0.5, 200_000),
    lot=st.sampled_from([0.0001, 0.001, 0.01, 1.0]),
)
def test_the_ladder_shown_is_the_ladder_the_engine_places(notional_usd: float, price: float, lot: float) -> None:
    instrument = Instrument(lot=lot, min_qty=lot, tick_usd=0.0001, min_notional_usd=0.0)
    ladder = (Target(25.0, 45.0), Target(50.0, 35.0), Target(90.0, 20.0))
    qty = lots_down(notional_usd / price, instrument)
    placed = rungs(qty, price, Side.LONG, ladder, instrument)
    shown = traded_rungs(qty, ladder, instrument) if qty else ()
    assert [(rung.distance_bps, rung.qty) for rung in placed] == [
        (rung.distance_bps, pytest.approx(rung.share_pct / 100 * qty)) for rung in shown
    ]


class TestUnreached:
    def sentences(self, config: CockpitConfig, mode: Mode = Mode.PAPER) -> str:
        return "; ".join(unreached_limits(config, setup_arithmetic(config), mode))

    def test_the_shipped_limits_that_cannot_bind(self, shipped_config: CockpitConfig) -> None:
        sentences = self.sentences(shipped_config)
        assert "100 USD daily loss: the 19.92 drawdown comes first" in sentences
        assert (
            "19.92 USD drawdown: the 6 trades of a day, all of them full stops, lose 0.67, of outside signals"
            in sentences
        )
        assert "415 USD a position: the largest setup trades 24.90" in sentences
        assert "+1 R ends the day at about +0.04 to +0.11 USD, by the setup" in sentences
        assert "test" not in sentences

    def test_in_test_its_own_are_said_too(self, shipped_config: CockpitConfig) -> None:
        sentences = self.sentences(shipped_config, Mode.TEST)
        assert "20 USD test session loss: 3 trades, all of them full stops, lose 0.34" in sentences
        assert "100 USD test exposure: all that can be open at once is 74.70" in sentences

    def test_a_limit_that_can_bind_is_not_said(self, shipped_config: CockpitConfig) -> None:
        limits = shipped_config.limits.model_copy(update={"daily_loss_usd": 0.3, "session_drawdown_pct": 0.02})
        sentences = self.sentences(shipped_config.model_copy(update={"limits": limits}))
        assert "daily loss" not in sentences and "drawdown" not in sentences

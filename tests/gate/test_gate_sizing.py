"""Size: factors multiply, stops widen to 500 at the most, lots round down, never up."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import Instrument
from cockpit.domain.kinds import Layer, Outcome
from cockpit.domain.verdict import Check, Verdict
from cockpit.gate.sizing import loss_at_stop_usd, lot_decimals, lots_down, round_trip_fee_bps

Judge = Callable[..., Verdict]


def instrument(lot: float) -> Instrument:
    return Instrument(lot=lot, min_qty=lot, tick_usd=0.1, min_notional_usd=0.0)


def guard(factor: float, stop_bps: float | None = None, outcome: Outcome = Outcome.REDUCE) -> Check:
    return Check(Layer.TACTICAL, "guard", outcome, "1", "2", "1 against 2", factor, stop_bps)


@pytest.mark.parametrize(
    ("qty", "lot", "expected"),
    [
        (0.00026798, 0.0001, 0.0002),
        (0.0002, 0.0001, 0.0002),
        (0.3, 0.1, 0.3),  # as floats 0.3 / 0.1 is 2.9999999999999996
        (0.7, 0.1, 0.7),
        (0.00019999, 0.0001, 0.0001),
        (17.9, 1.0, 17.0),
        (0.99, 1.0, 0.0),
        (-3.0, 1.0, 0.0),
        (float("nan"), 1.0, 0.0),
        (float("inf"), 1.0, 0.0),
    ],
)
def test_lots_round_down(qty: float, lot: float, expected: float) -> None:
    assert lots_down(qty, instrument(lot)) == expected


@pytest.mark.parametrize(("lot", "decimals"), [(0.0001, 4), (0.001, 3), (0.1, 1), (1.0, 0), (10.0, 0), (1e-8, 8)])
def test_a_quantity_has_the_decimals_of_its_lot(lot: float, decimals: int) -> None:
    assert lot_decimals(lot) == decimals


@given(lots=st.integers(0, 10_000_000), lot=st.sampled_from([1e-8, 0.0001, 0.001, 0.01, 0.1, 0.5, 1.0]))
def test_whole_lots_stay_what_they_are(lots: int, lot: float) -> None:
    qty = round(lots * lot, lot_decimals(lot))
    assert lots_down(qty, instrument(lot)) == qty


@given(qty=st.floats(0, 1e6), lot=st.sampled_from([0.0001, 0.001, 0.01, 0.1, 1.0]))
def test_rounding_gives_whole_lots_and_takes_less_than_one(qty: float, lot: float) -> None:
    down = lots_down(qty, instrument(lot))
    assert down == round(round(down / lot) * lot, lot_decimals(lot))
    assert -1e-6 * lot <= qty - down < lot * (1 + 1e-6)


def test_the_loss_at_the_stop_has_both_fees_in_it(bare_config: CockpitConfig) -> None:
    fee_bps = round_trip_fee_bps(bare_config, "okx")
    assert fee_bps == 10.0
    assert loss_at_stop_usd(29.0, 28.0, fee_bps) == pytest.approx(0.1102)


def test_factors_multiply_across_layers(verdict: Judge) -> None:
    judged = verdict(requested_usd=100.0, open_interest_pct=5.0, guards=(guard(0.5), guard(0.9)))
    assert judged.size_factor == pytest.approx(0.8 * 0.5 * 0.9)
    assert judged.qty == 0.0003
    assert judged.notional_usd == pytest.approx(0.0003 * 108_402.0)


def test_only_a_reduction_reduces(verdict: Judge) -> None:
    for outcome in (Outcome.PASS, Outcome.WARN):
        judged = verdict(guards=(guard(0.5, 60.0, outcome),))
        assert (judged.size_factor, judged.stop_bps) == (1.0, 28.0)


def test_no_factor_makes_a_trade_larger(verdict: Judge) -> None:
    assert verdict(guards=(guard(3.0),)).size_factor == 1.0


def test_the_widest_stop_counts(verdict: Judge) -> None:
    judged = verdict(requested_usd=100.0, guards=(guard(28 / 35, 35.0), guard(28 / 45, 45.0)))
    assert judged.stop_bps == 45.0


def test_a_stop_is_never_made_tighter(verdict: Judge) -> None:
    assert verdict(guards=(guard(0.9, 20.0),)).stop_bps == 28.0


def test_a_wider_stop_loses_no_more_even_if_its_guard_forgets_the_size(verdict: Judge) -> None:
    judged = verdict(guards=(guard(1.0, 56.0),))
    assert (judged.stop_bps, judged.size_factor) == (56.0, 0.5)


def test_widening_ends_at_500(verdict: Judge) -> None:
    judged = verdict(requested_usd=400.0, stop_bps=400.0, guards=(guard(0.5, 800.0),))
    assert judged.approved
    assert judged.stop_bps == 500.0


def test_a_stop_asked_beyond_500_is_blocked_and_not_pulled_in(verdict: Judge) -> None:
    judged = verdict(stop_bps=501.0)
    assert (judged.reason_check, judged.stop_bps) == ("max_stop", 501.0)


def test_the_loss_budget_comes_last_and_halves(verdict: Judge) -> None:
    # 400 x 0.9 at 240 bps + 10 bps of fees loses 9.00 USD; 15 are left of the day, 7.50 is half of it.
    judged = verdict(requested_usd=400.0, stop_bps=240.0, realised_usd=-85.0, guards=(guard(0.9),))
    assert judged.size_factor == pytest.approx(0.45)
    assert judged.approved


def test_a_denied_verdict_has_no_size_and_still_says_factor_and_stop(verdict: Judge) -> None:
    judged = verdict(short_pct=None, open_interest_pct=5.0, guards=(guard(28 / 35, 35.0),))
    assert not judged.approved
    assert (judged.notional_usd, judged.qty) == (0.0, 0.0)
    assert judged.size_factor == pytest.approx(0.8 * 28 / 35)
    assert judged.stop_bps == 35.0

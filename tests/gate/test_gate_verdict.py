"""The verdict: every check of every layer in order, the first denial as the reason, the rules' own scenarios."""

from collections.abc import Callable

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.kinds import Layer, Mode, Outcome, Side
from cockpit.domain.verdict import Verdict

Judge = Callable[..., Verdict]

GLOBAL = ["max_notional", "max_stop", "daily_loss", "open_trades", "loss_budget", "venue_minimum"]
OF_TEST_MODE = ["test_exposure", "test_trades", "test_session_loss"]
TACTICAL = ["short_pct", "funding_spread", "open_interest"]
MARKET = ["health_factor", "trades_today", "loss_review", "profit_stop", "price_stream"]
KILL_SWITCH = ["enabled", "setup_enabled", "halted", "drawdown", "losses_kill", "health_kill"]

EVERYTHING_WRONG = {
    "requested_usd": 900.0,
    "stop_bps": 600.0,
    "realised_usd": -200.0,
    "open_trades": 9,
    "short_pct": None,
    "okx_bps": None,
    "health": 1.5,
    "trades_today": 9,
    "setup_enabled": False,
    "drawdown_usd": None,
}


def test_a_calm_market_approves_without_a_warning(verdict: Judge) -> None:
    judged = verdict()
    assert judged.approved
    assert (judged.reason, judged.reason_check, judged.warnings) == ("", "", ())
    assert (judged.qty, judged.stop_bps, judged.size_factor) == (0.0002, 28.0, 1.0)
    assert judged.notional_usd == pytest.approx(21.6804)


@pytest.mark.parametrize(
    ("mode", "layer1"), [(Mode.PAPER, GLOBAL), (Mode.TEST, GLOBAL + OF_TEST_MODE), (Mode.LIVE, GLOBAL)]
)
@pytest.mark.parametrize("changes", [{}, EVERYTHING_WRONG], ids=["calm", "everything wrong"])
def test_every_check_is_listed_in_layer_order_whatever_it_says(
    verdict: Judge, mode: Mode, layer1: list[str], changes: dict[str, object]
) -> None:
    checks = verdict(mode=mode, **changes).checks
    assert [check.name for check in checks] == layer1 + TACTICAL + MARKET + KILL_SWITCH
    assert [check.layer.number for check in checks] == sorted(check.layer.number for check in checks)


@pytest.mark.parametrize(
    ("changes", "reason_check"),
    [
        (EVERYTHING_WRONG, "max_notional"),
        ({"short_pct": None, "health": 1.5}, "short_pct"),
        ({"health": 1.5, "setup_enabled": False}, "health_factor"),
        ({"setup_enabled": False, "drawdown_usd": 30.0}, "setup_enabled"),
        ({"drawdown_usd": 30.0}, "drawdown"),
    ],
)
def test_the_first_denying_check_is_the_reason(verdict: Judge, changes: dict[str, object], reason_check: str) -> None:
    judged = verdict(**changes)
    assert judged.reason_check == reason_check
    assert judged.reason == next(check.sentence for check in judged.checks if check.name == reason_check)


def test_a_short_into_heavy_shorts_is_denied(verdict: Judge, shipped_config: CockpitConfig) -> None:
    """19 October 2025: 56.2 % short, funding spread +3.6."""
    as_written = {"short_pct": 56.2, "binance_bps": 2.9, "okx_bps": -0.7, "open_interest_pct": 3.0}
    short = verdict(config=shipped_config, side=Side.SHORT, setup="btc_upper_band_short", **as_written)
    assert short.reason == "short % 56.2 at or above 54.0 (BTC): no shorts into heavy shorts"
    assert [check.name for check in short.checks if check.outcome.denies] == ["short_pct", "funding_spread"]
    assert verdict(config=shipped_config, side=Side.LONG, **as_written).approved


def test_open_interest_up_five_percent_takes_a_fifth(verdict: Judge) -> None:
    judged = verdict(open_interest_pct=5.0)
    assert judged.approved
    assert judged.size_factor == 0.8
    assert judged.warnings == ("open interest +5.0 % in 24 h (BTC) above +3.0 %: size x 0.8",)


def test_a_health_factor_of_2_15_denies_entries_and_kills_nothing(verdict: Judge) -> None:
    judged = verdict(health=2.15)
    assert judged.reason == "health factor 2.15 under 2.20: no entries"
    killing = [check.name for check in judged.checks if check.layer is Layer.KILL_SWITCH and check.outcome.denies]
    assert killing == []


def test_a_held_health_factor_of_2_15_denies_too(verdict: Judge, shipped_config: CockpitConfig) -> None:
    context = shipped_config.market_context.model_copy(update={"aave_health_factor": 2.15})
    held = shipped_config.model_copy(update={"market_context": context})
    judged = verdict(config=held, hold_context=True, health=None)
    assert judged.reason_check == "health_factor"
    assert next(check.observed for check in judged.checks if check.name == "health_factor") == "2.15 (held)"


def test_a_factor_that_leaves_less_than_the_minimum_denies(verdict: Judge) -> None:
    judged = verdict(requested_usd=12.0, open_interest_pct=5.0)
    assert judged.reason_check == "venue_minimum"
    assert judged.reason.startswith("9.60 USD is 0.0000 BTC after rounding down to lots of 0.0001")


def test_the_same_question_gets_the_same_answer(verdict: Judge) -> None:
    assert verdict(open_interest_pct=5.0) == verdict(open_interest_pct=5.0)


def test_a_verdict_repeats_what_was_asked(verdict: Judge) -> None:
    judged = verdict(verdict_id="v42", mode=Mode.TEST, venue="okx")
    assert (judged.verdict_id, judged.mode, judged.venue) == ("v42", Mode.TEST, "okx")
    assert not judged.sent
    assert all(check.outcome is not Outcome.NO_DATA for check in judged.checks)

"""Layer 3 of the rules: health factor, trades today, losses since the review, the profit stop, a living price."""

from collections.abc import Callable

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import HealthFactor
from cockpit.domain.kinds import Mode, Origin, Outcome
from cockpit.domain.verdict import Check

FindCheck = Callable[..., Check]
Tune = Callable[..., CockpitConfig]
NOW_NS = 1_760_875_200_000_000_000
ADDRESS = "0x" + "ab" * 20


def outside(value: float) -> HealthFactor:
    return HealthFactor(NOW_NS, "webhook", value, origin=Origin.EXTERNAL)


@pytest.mark.parametrize(
    ("health", "outcome"),
    [
        (2.1999, Outcome.BLOCK),
        (2.20, Outcome.WARN),
        (2.2001, Outcome.WARN),
        (2.4999, Outcome.WARN),
        (2.50, Outcome.PASS),
        (9.0, Outcome.PASS),
    ],
)
def test_health_factor_steps(check: FindCheck, health: float, outcome: Outcome) -> None:
    assert check("health_factor", health=health).outcome is outcome


def test_health_factor_says_its_numbers(check: FindCheck) -> None:
    assert check("health_factor", health=2.15).sentence == "health factor 2.15 under 2.20: no entries"
    assert check("health_factor", health=2.1999).sentence == "health factor 2.1999 under 2.20: no entries"
    assert check("health_factor", health=2.499).sentence == "health factor 2.499 under 2.50: entries end under 2.20"


@pytest.mark.parametrize("name", ["health_factor", "health_kill"])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_watched_but_unknown_health_factor_is_no_data(check: FindCheck, tuned: Tune, name: str, mode: Mode) -> None:
    watched = tuned("aave", address=ADDRESS)
    assert check(name, health=None, config=watched, mode=mode).outcome is Outcome.NO_DATA
    stale = check(name, ages_s={"health_factor": 301.0}, mode=mode)
    assert stale.outcome is Outcome.NO_DATA
    assert "last read 301 s ago, stale after 300 s" in stale.sentence


@pytest.mark.parametrize("name", ["health_factor", "health_kill"])
def test_no_number_is_no_data(check: FindCheck, name: str) -> None:
    assert check(name, health=float("nan")).outcome is Outcome.NO_DATA


def test_a_late_health_factor_warns(check: FindCheck) -> None:
    assert check("health_factor", ages_s={"health_factor": 120.0}).outcome is Outcome.PASS
    assert check("health_factor", ages_s={"health_factor": 121.0}).outcome is Outcome.WARN


@pytest.mark.parametrize("name", ["health_factor", "health_kill"])
@pytest.mark.parametrize("mode", list(Mode))
def test_no_debt_passes(check: FindCheck, name: str, mode: Mode) -> None:
    found = check(name, no_debt=True, mode=mode)
    assert (found.outcome, found.observed) == (Outcome.PASS, "no debt")


@pytest.mark.parametrize(
    ("mode", "required", "layer3", "layer4"),
    [
        (Mode.PAPER, True, Outcome.WARN, Outcome.WARN),
        (Mode.PAPER, False, Outcome.WARN, Outcome.WARN),
        (Mode.TEST, True, Outcome.BLOCK, Outcome.WARN),
        (Mode.LIVE, True, Outcome.BLOCK, Outcome.WARN),
        (Mode.TEST, False, Outcome.WARN, Outcome.WARN),
        (Mode.LIVE, False, Outcome.WARN, Outcome.WARN),
    ],
)
def test_an_unwatched_wallet_warns_in_paper_and_blocks_real_money(
    check: FindCheck, tuned: Tune, mode: Mode, required: bool, layer3: Outcome, layer4: Outcome
) -> None:
    config = tuned("aave", required=required)
    found = check("health_factor", health=None, config=config, mode=mode)
    assert (found.outcome, found.observed) == (layer3, "not watched")
    assert check("health_kill", health=None, config=config, mode=mode).outcome is layer4


def test_an_outside_reading_never_stands_in_for_watching(check: FindCheck) -> None:
    found = check("health_factor", health=None, mode=Mode.LIVE, extra_readings=(outside(9.0),))
    assert (found.outcome, found.observed) == (Outcome.BLOCK, "not watched")


@pytest.mark.parametrize(
    ("value", "layer3", "layer4"),
    [
        (1.99, (Outcome.BLOCK, "1.99 (external)"), (Outcome.BLOCK, "1.99 (external)")),
        (2.19, (Outcome.BLOCK, "2.19 (external)"), (Outcome.WARN, "not watched")),
        (2.20, (Outcome.WARN, "not watched"), (Outcome.WARN, "not watched")),
    ],
)
def test_an_outside_reading_blocks_even_an_unwatched_wallet(
    check: FindCheck, value: float, layer3: tuple[Outcome, str], layer4: tuple[Outcome, str]
) -> None:
    for name, expected in (("health_factor", layer3), ("health_kill", layer4)):
        found = check(name, health=None, extra_readings=(outside(value),))
        assert (found.outcome, found.observed) == expected


def test_the_lower_of_our_own_and_an_outside_health_factor_counts(check: FindCheck) -> None:
    assert check("health_factor", health=2.1, extra_readings=(outside(9.0),)).outcome is Outcome.BLOCK
    lower = check("health_factor", health=9.0, extra_readings=(outside(2.1),))
    assert (lower.outcome, lower.observed) == (Outcome.BLOCK, "2.10 (external)")


@pytest.mark.parametrize(("done", "outcome"), [(0, Outcome.PASS), (5, Outcome.PASS), (6, Outcome.BLOCK)])
def test_six_trades_a_day(check: FindCheck, done: int, outcome: Outcome) -> None:
    assert check("trades_today", trades_today=done).outcome is outcome


@pytest.mark.parametrize(("losses", "outcome"), [(0, Outcome.PASS), (1, Outcome.PASS), (2, Outcome.BLOCK)])
def test_two_losses_call_for_a_review(check: FindCheck, losses: int, outcome: Outcome) -> None:
    assert check("loss_review", losses_since_review=losses, consecutive_losses=losses).outcome is outcome


def test_reviewed_losses_do_not_call_again(check: FindCheck) -> None:
    assert check("loss_review", losses_since_review=0, consecutive_losses=4).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("session_r", "outcome"),
    [(-3.0, Outcome.PASS), (0.999, Outcome.PASS), (1.0, Outcome.BLOCK), (1.001, Outcome.BLOCK)],
)
def test_one_r_of_profit_stops_the_day(check: FindCheck, session_r: float, outcome: Outcome) -> None:
    assert check("profit_stop", session_r=session_r).outcome is outcome


@pytest.mark.parametrize(
    ("age_s", "outcome"),
    [(5.0, Outcome.PASS), (5.1, Outcome.WARN), (15.0, Outcome.WARN), (15.1, Outcome.NO_DATA)],
)
def test_the_price_stream_is_alive(check: FindCheck, age_s: float, outcome: Outcome) -> None:
    assert check("price_stream", ages_s={"stream": age_s}).outcome is outcome


def test_a_stream_never_heard_is_no_data(check: FindCheck) -> None:
    assert check("price_stream", price=None).outcome is Outcome.NO_DATA

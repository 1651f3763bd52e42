"""Layer 2 of the rules: short %, funding spread, open interest, the setup's own guards."""

from collections.abc import Callable

import pytest

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import FeedHealth, Positioning
from cockpit.domain.kinds import FeedState, Layer, Origin, Outcome, Reading, Side
from cockpit.domain.verdict import Check, Verdict

FindCheck = Callable[..., Check]
NOW_NS = 1_760_875_200_000_000_000


@pytest.mark.parametrize(
    ("asset", "short_pct", "side", "outcome"),
    [
        ("BTC", 53.99, Side.SHORT, Outcome.PASS),
        ("BTC", 54.0, Side.SHORT, Outcome.BLOCK),
        ("BTC", 54.01, Side.SHORT, Outcome.BLOCK),
        ("BTC", 54.01, Side.LONG, Outcome.PASS),
        ("SOL", 52.99, Side.SHORT, Outcome.PASS),
        ("SOL", 53.0, Side.SHORT, Outcome.BLOCK),
        ("XRP", 52.99, Side.SHORT, Outcome.PASS),
        ("XRP", 53.0, Side.SHORT, Outcome.BLOCK),
        ("ETH", 52.99, Side.SHORT, Outcome.PASS),
        ("ETH", 53.0, Side.SHORT, Outcome.BLOCK),
        ("ETH", 53.01, Side.LONG, Outcome.PASS),
    ],
)
def test_short_pct_at_or_above_the_assets_limit_blocks_shorts_only(
    check: FindCheck, asset: str, short_pct: float, side: Side, outcome: Outcome
) -> None:
    assert check("short_pct", asset=asset, short_pct=short_pct, side=side).outcome is outcome


def test_short_pct_says_its_numbers(check: FindCheck) -> None:
    blocked = check("short_pct", short_pct=56.2, side=Side.SHORT)
    assert blocked.sentence == "short % 56.2 at or above 54.0 (BTC): no shorts into heavy shorts"
    assert blocked.observed == "56.2"
    assert "56.2" in check("short_pct", short_pct=56.2, side=Side.LONG).sentence


def test_short_pct_just_under_its_limit_does_not_read_like_the_limit(check: FindCheck) -> None:
    assert check("short_pct", short_pct=53.96, side=Side.SHORT).sentence == "short % 53.96 under 54.0 (BTC)"


@pytest.mark.parametrize(
    ("binance_bps", "okx_bps", "side", "outcome"),
    [
        (0.5, 0.251, Side.SHORT, Outcome.PASS),
        (0.5, 0.25, Side.SHORT, Outcome.PASS),
        (0.55, 0.3, Side.SHORT, Outcome.PASS),  # as floats 0.55 - 0.3 is 0.25000000000000006
        (0.5, 0.249, Side.SHORT, Outcome.BLOCK),
        (0.5, 0.249, Side.LONG, Outcome.PASS),
        (0.0, 0.249, Side.LONG, Outcome.PASS),
        (0.0, 0.25, Side.LONG, Outcome.PASS),
        (0.0, 0.251, Side.LONG, Outcome.WARN),
        (0.0, 0.251, Side.SHORT, Outcome.WARN),
    ],
)
def test_funding_spread_above_the_limit_is_longs_only_and_far_below_warns(
    check: FindCheck, binance_bps: float, okx_bps: float, side: Side, outcome: Outcome
) -> None:
    assert check("funding_spread", binance_bps=binance_bps, okx_bps=okx_bps, side=side).outcome is outcome


def test_funding_spread_says_both_rates(check: FindCheck) -> None:
    blocked = check("funding_spread", binance_bps=2.9, okx_bps=-0.7, side=Side.SHORT)
    assert blocked.sentence == "funding spread +3.6 bps (binance +2.9, okx -0.7) above +0.25: longs only"
    warned = check("funding_spread", binance_bps=-0.7, okx_bps=2.9)
    assert warned.sentence.startswith("funding spread -3.6 bps (binance -0.7, okx +2.9) below -0.25")


@pytest.mark.parametrize(
    ("change_pct", "outcome", "factor"),
    [
        (-9.0, Outcome.PASS, 1.0),
        (2.99, Outcome.PASS, 1.0),
        (3.0, Outcome.PASS, 1.0),
        (3.01, Outcome.REDUCE, 0.8),
        (5.0, Outcome.REDUCE, 0.8),
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_open_interest_up_more_than_three_percent_shrinks_either_side(
    check: FindCheck, change_pct: float, outcome: Outcome, factor: float, side: Side
) -> None:
    found = check("open_interest", open_interest_pct=change_pct, side=side)
    assert (found.outcome, found.size_factor) == (outcome, factor)


MISSING = [
    ("short_pct", {"short_pct": None}, "short % (BTC)"),
    ("funding_spread", {"binance_bps": None}, "binance"),
    ("funding_spread", {"okx_bps": None}, "okx"),
    ("open_interest", {"open_interest_pct": None}, "open interest (BTC)"),
    ("short_pct", {"short_pct": float("nan")}, "short % (BTC)"),
    ("open_interest", {"open_interest_pct": float("nan")}, "open interest (BTC)"),
]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(("name", "gone", "named"), MISSING)
def test_no_data_never_passes_whichever_side(
    check: FindCheck, name: str, gone: dict[str, float | None], named: str, side: Side
) -> None:
    found = check(name, side=side, **gone)
    assert found.outcome is Outcome.NO_DATA
    assert named in found.sentence


@pytest.mark.parametrize(
    ("name", "reading", "late_s", "stale_s"),
    [
        ("short_pct", "positioning", 120.0, 600.0),
        ("funding_spread", "funding", 300.0, 600.0),
        ("open_interest", "open_interest", 300.0, 900.0),
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_a_reading_warns_past_one_age_and_denies_past_the_other(
    check: FindCheck, name: str, reading: str, late_s: float, stale_s: float, side: Side
) -> None:
    def at(age_s: float) -> Check:
        return check(name, side=side, ages_s={reading: age_s})

    assert at(late_s).outcome is Outcome.PASS
    assert at(late_s + 0.1).outcome is Outcome.WARN
    assert at(stale_s).outcome is Outcome.WARN
    stale = at(stale_s + 1)
    assert stale.outcome is Outcome.NO_DATA
    assert f"last read {stale_s + 1:.0f} s ago, stale after {stale_s:.0f} s" in stale.sentence


def test_a_reading_hardly_stale_does_not_read_as_if_it_were_not(check: FindCheck) -> None:
    found = check("short_pct", ages_s={"positioning": 600.25})
    assert "last read 600.2 s ago, stale after 600 s" in found.sentence


def test_a_late_block_stays_a_block(check: FindCheck) -> None:
    found = check("short_pct", short_pct=56.2, side=Side.SHORT, ages_s={"positioning": 130.0})
    assert found.outcome is Outcome.BLOCK


def test_a_missing_reading_says_what_its_worker_says(check: FindCheck) -> None:
    word = FeedHealth(NOW_NS, Reading.POSITIONING, "binance", FeedState.DOWN, "HTTP 451")
    assert "HTTP 451" in check("short_pct", short_pct=None, extra_readings=(word,)).sentence


def test_an_outside_short_pct_tightens_and_says_so(check: FindCheck) -> None:
    outside = Positioning(NOW_NS, "BTC", "webhook", 40.0, 60.0, Origin.EXTERNAL)
    found = check("short_pct", short_pct=50.0, side=Side.SHORT, extra_readings=(outside,))
    assert (found.outcome, found.observed) == (Outcome.BLOCK, "60.0 (external)")


def test_an_outside_short_pct_does_not_stand_in_for_our_own(check: FindCheck) -> None:
    outside = Positioning(NOW_NS, "BTC", "webhook", 60.0, 40.0, Origin.EXTERNAL)
    found = check("short_pct", short_pct=None, extra_readings=(outside,))
    assert found.outcome is Outcome.NO_DATA


def test_held_readings_say_held(check: FindCheck, shipped_config: CockpitConfig) -> None:
    nothing_live = {"short_pct": None, "binance_bps": None, "okx_bps": None, "open_interest_pct": None}
    shown = {
        name: check(name, config=shipped_config, hold_context=True, **nothing_live).observed
        for name in ("short_pct", "funding_spread", "open_interest")
    }
    assert shown == {
        "short_pct": "56.2 (held)",
        "funding_spread": "+3.6 bps (held)",
        "open_interest": "+3.0 % (held)",
    }


def test_the_setups_guards_close_the_layer(verdict: Callable[..., Verdict]) -> None:
    guard = Check(Layer.TACTICAL, "squeeze", Outcome.BLOCK, "70", "< 60", "rose 70 bps in 60 min, limit 60")
    judged = verdict(guards=(guard,))
    tactical = [check.name for check in judged.checks if check.layer is Layer.TACTICAL]
    assert tactical == ["short_pct", "funding_spread", "open_interest", "squeeze"]
    assert (judged.reason, judged.reason_check) == (guard.sentence, "squeeze")

"""A number beside its limit never rounds onto or across it, and a reading that cannot be is refused with its value."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.kinds import Outcome
from cockpit.domain.numbers import apart
from cockpit.domain.verdict import Check, Verdict

Find = Callable[..., Check]
Judge = Callable[..., Verdict]


@pytest.mark.parametrize(
    ("health", "outcome", "shown"),
    [
        (1.999, Outcome.BLOCK, "1.999"),
        (2.0, Outcome.BLOCK, "2.00"),
        (2.1999, Outcome.BLOCK, "2.1999"),
        (2.199999999999, Outcome.BLOCK, "2.199999999999"),
        (2.2, Outcome.WARN, "2.20"),
        (2.4999, Outcome.WARN, "2.4999"),
        (2.5, Outcome.PASS, "2.50"),
        (2.5001, Outcome.PASS, "2.5001"),
        (2.6, Outcome.PASS, "2.60"),
    ],
)
def test_a_health_factor_reads_like_no_limit_that_it_is_not(
    check: Find, health: float, outcome: Outcome, shown: str
) -> None:
    found = check("health_factor", health=health)
    assert (found.outcome, found.observed) == (outcome, shown)
    assert f"health factor {shown} " in found.sentence
    assert check("health_kill", health=health).observed == shown


@pytest.mark.parametrize(
    ("short_pct", "shown"), [(53.96, "53.96"), (53.9999999999, "53.9999999999"), (54.0, "54.0"), (54.04, "54.04")]
)
def test_a_short_share_reads_like_no_limit_that_it_is_not(check: Find, short_pct: float, shown: str) -> None:
    assert check("short_pct", short_pct=short_pct).observed == shown


@given(
    value=st.floats(-1e3, 1e3),
    limits=st.lists(st.integers(-100_000, 100_000).map(lambda cents: cents / 100), min_size=1, max_size=3),
    spec=st.sampled_from([".1f", ".2f", "+.2f", "+.1f"]),
)
def test_whatever_the_number_it_stays_on_its_side(value: float, limits: list[float], spec: str) -> None:
    written = float(apart(value, limits[0], spec, *limits[1:]))
    for limit in limits:
        assert (written > limit) - (written < limit) == (value > limit) - (value < limit)


@pytest.mark.parametrize(
    ("name", "scene", "said"),
    [
        ("short_pct", {"short_pct": -1.0}, "positioning of BTC refused: expected 0 to 100, was -1 from "),
        ("short_pct", {"short_pct": 101.0}, "positioning of BTC refused: expected 0 to 100, was 101 from "),
        ("short_pct", {"short_pct": math.nan}, "positioning of BTC refused: expected 0 to 100, was nan from "),
        ("funding_spread", {"binance_bps": math.inf}, "funding of BTC on binance refused: expected a number, was inf"),
        (
            "open_interest",
            {"open_interest_pct": -101.0},
            "open interest of BTC refused: expected -100 or more, was -101",
        ),
        ("health_factor", {"health": math.nan}, "health factor refused: expected 0 or more, was nan from "),
        ("health_kill", {"health": -0.5}, "health factor refused: expected 0 or more, was -0.5 from "),
    ],
)
def test_a_reading_that_cannot_be_is_refused_with_its_value(
    check: Find, name: str, scene: dict[str, Any], said: str
) -> None:
    found = check(name, **scene)
    assert found.outcome is Outcome.NO_DATA
    assert said in found.sentence
    assert "never read" in found.sentence

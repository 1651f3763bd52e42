"""Leverages fitted to forced orders: those that were really used are found, and too little evidence changes nothing."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.sources import LeverageShare, LiquidationMapSection
from cockpit.domain.units import NS_PER_S
from cockpit.market.leverage_fit import fitted, nonnegative_least_squares
from cockpit.market.leverage_map import Forced, InterestBar, LeverageMap

BAR_NS = 300 * NS_PER_S
RULES = LiquidationMapSection(fit_leverages=True, fit_min_bars=5, fit_prior_weight=0.001)


def waves(count: int = 400) -> list[InterestBar]:
    """Open interest grows while the price swings ever wider: positions of every leverage get crossed."""
    bars = []
    for nth in range(count):
        swing = 0.12 * np.sin(nth / 17.0) * min(1.0, nth / 200.0)
        price = 100_000.0 * (1.0 + swing)
        bars.append(InterestBar(nth * BAR_NS, 10_000.0 + 20.0 * nth, price, price * 0.997, price * 1.003))
    return bars


def happened(bars: Sequence[InterestBar], shares: dict[float, float], seen: float = 1.0) -> dict[int, Forced]:
    """What would be forced if positions had these leverages; of it only a part is pushed."""
    leverages = [LeverageShare(leverage=leverage, share=share) for leverage, share in shares.items()]
    drawn = LeverageMap(RULES.model_copy(update={"leverages": leverages}))
    return {bar.start_ns: Forced(*(usd * seen for usd in drawn.add(bar))) for bar in bars}


def shares_of(fit: object) -> dict[float, float]:
    assert fit is not None
    return {one.leverage: one.share for one in fit.leverages}  # type: ignore[attr-defined]


@pytest.mark.parametrize("seen", [1.0, 0.05], ids=["all pushed", "one in twenty pushed"])
def test_the_leverages_that_were_used_are_found_whatever_the_level(seen: float) -> None:
    bars, used = waves(), {100.0: 0.05, 50.0: 0.10, 25.0: 0.60, 10.0: 0.25}
    found = shares_of(fitted(bars, happened(bars, used, seen), 0, RULES))
    for leverage, share in used.items():
        assert found.get(leverage, 0.0) == pytest.approx(share, abs=0.08)
    assert sum(found.values()) == pytest.approx(1.0)


def test_what_was_never_crossed_stays_near_what_is_assumed() -> None:
    """A calm market crosses only the highest leverages; of the others nothing is learnt."""
    bars = [
        InterestBar(nth * BAR_NS, 10_000.0 + 50.0 * nth, 100_000.0 + 900.0 * (-1) ** nth, 98_500.0, 101_500.0)
        for nth in range(60)
    ]
    found = shares_of(
        fitted(bars, happened(bars, {100.0: 0.5, 50.0: 0.5}), 0, RULES.model_copy(update={"fit_prior_weight": 1.0}))
    )
    assert found[5.0] > 0.0 and found[10.0] > 0.0


def test_too_few_bars_with_forced_orders_change_nothing() -> None:
    bars = waves(40)
    start_ns = bars[20].start_ns
    forced = {bar.start_ns: Forced(1e6, 0.0) for bar in bars[20:24]}
    assert fitted(bars, forced, start_ns, RULES) is None
    assert fitted(bars, {}, 0, RULES) is None


def test_bars_before_the_first_forced_order_could_be_heard_do_not_count() -> None:
    bars, used = waves(), {25.0: 1.0}
    whole = happened(bars, used)
    half_ns = bars[200].start_ns
    heard = {start_ns: one for start_ns, one in whole.items() if start_ns >= half_ns}
    fit = fitted(bars, heard, half_ns, RULES)
    assert fit is not None and fit.bars <= 200
    assert shares_of(fit)[25.0] > 0.9


def test_forced_orders_where_the_map_had_nothing_are_no_ground_for_a_fit() -> None:
    flat = [InterestBar(nth * BAR_NS, 10_000.0, 100_000.0, 99_990.0, 100_010.0) for nth in range(30)]
    assert fitted(flat, {bar.start_ns: Forced(1e6, 1e6) for bar in flat}, 0, RULES) is None


@given(
    columns=st.integers(1, 6),
    rows=st.integers(1, 12),
    numbers=st.lists(st.floats(-10, 10), min_size=84, max_size=84),
)
def test_least_squares_without_negatives_is_the_best_there_is(columns: int, rows: int, numbers: list[float]) -> None:
    """At the minimum no coordinate above 0 wants to move, and none at 0 wants to grow."""
    data = np.array(numbers[: rows * columns]).reshape(rows, columns)
    matrix = data.T @ data + 0.5 * np.eye(columns)
    target = data.T @ np.array(numbers[72 : 72 + rows])
    found = np.array(nonnegative_least_squares(matrix.tolist(), target.tolist()))
    slope = matrix @ found - target
    scale = 1e-6 * (1.0 + np.abs(target).max())
    assert (found >= 0.0).all()
    assert (slope >= -scale).all()
    assert np.abs(slope[found > 0.0]).max(initial=0.0) <= scale

"""The statistics against values of the literature, cases worked by hand, and what must hold of them."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.research import statistics as stats

DAYS = 250.0


def test_deflated_sharpe_of_the_paper() -> None:
    """Bailey and López de Prado (2014): 2.5 a year over 1,250 days, skew -3, kurtosis 10, 100 trials, variance 1/2."""
    above = stats.expected_max_sharpe(100, 0.5 / DAYS)
    assert above == pytest.approx(0.1132, abs=5e-5)
    daily = 2.5 / math.sqrt(DAYS)
    assert stats.probabilistic_sharpe(daily, 1250, -3.0, 10.0, above) == pytest.approx(0.9004, abs=5e-4)


def test_the_same_result_found_in_46_trials_is_just_significant() -> None:
    above = stats.expected_max_sharpe(46, 0.5 / DAYS)
    assert stats.probabilistic_sharpe(2.5 / math.sqrt(DAYS), 1250, -3.0, 10.0, above) == pytest.approx(0.9505, abs=1e-3)


def test_expected_maximum_is_that_of_many_draws() -> None:
    draws = np.random.default_rng(1).normal(0.0, 2.0, (20_000, 50)).max(axis=1)
    assert stats.expected_max_sharpe(50, 4.0) == pytest.approx(draws.mean(), rel=0.02)


def test_deflated_sharpe_of_one_trial_is_the_probability_that_the_ratio_is_above_zero() -> None:
    results = np.random.default_rng(2).normal(0.1, 1.0, 400)
    skew, kurtosis = stats.moments(results)
    alone = stats.probabilistic_sharpe(stats.sharpe(results), 400, skew, kurtosis)
    assert stats.deflated_sharpe(results, [stats.sharpe(results)]) == alone
    assert stats.deflated_sharpe(results, np.random.default_rng(3).normal(0, 0.1, 200).tolist()) < alone


def test_normal_results_have_kurtosis_three() -> None:
    skew, kurtosis = stats.moments(np.random.default_rng(4).normal(0, 5, 200_000))
    assert skew == pytest.approx(0.0, abs=0.03) and kurtosis == pytest.approx(3.0, abs=0.06)


def test_overfitting_of_noise_is_a_coin_and_of_a_true_edge_none() -> None:
    numbers = np.random.default_rng(5)
    noise = [stats.overfitting_probability(numbers.normal(0, 1, (200, 20)), 8) for _ in range(30)]
    assert 0.35 < float(np.mean([one for one in noise if one is not None])) < 0.65
    edge = numbers.normal(0, 1, (200, 20))
    edge[:, 7] += 1.0
    assert stats.overfitting_probability(edge, 8) == 0.0


def test_overfitting_by_hand() -> None:
    """Two settings that are good in opposite halves: the best inside is always the worst outside."""
    results = np.array([[2.0, -1.0], [1.0, -2.0], [-1.0, 2.0], [-2.0, 1.0]])
    assert stats.overfitting_probability(results, 2) == 1.0
    assert stats.overfitting_probability(results[:1], 2) is None
    assert stats.overfitting_probability(results[:, :1], 2) is None


def test_expectancy_of_independent_results_is_as_wide_as_the_normal_interval() -> None:
    results = np.random.default_rng(6).normal(0.2, 1.0, 1_000)
    found = stats.expectancy(results.tolist())
    assert found is not None
    half = NormalDist().inv_cdf(0.975) * results.std(ddof=1) / math.sqrt(1_000)
    assert found.mean == pytest.approx(results.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.15)


def test_streaks_make_the_interval_wider() -> None:
    numbers, value = np.random.default_rng(7), 0.0
    streaks = [value := 0.8 * value + shock for shock in numbers.normal(0, 1, 1_000)]
    mixed = numbers.permutation(streaks).tolist()
    with_streaks, without = stats.expectancy(streaks), stats.expectancy(mixed)
    assert with_streaks is not None and without is not None
    assert with_streaks.high - with_streaks.low > 1.5 * (without.high - without.low)


def test_significance_counts_the_result_itself() -> None:
    assert stats.significance(1.0, [0.0] * 99) == pytest.approx(0.01)
    assert stats.significance(0.0, [1.0] * 99) == 1.0


def test_drawdown_by_hand_and_over_other_orders() -> None:
    assert stats.max_drawdown([1.0, -2.0, 0.5, -1.0, 3.0]) == 2.5
    assert stats.max_drawdown([-1.0, -1.0]) == 2.0
    best_first = [1.0] * 20 + [-1.0] * 20
    found = stats.order_drawdowns(best_first)
    assert found is not None and found.seen == 20.0 and found.median < found.worst_5_pct < 20.0


def test_trades_needed_is_the_textbook_sample_size() -> None:
    """An effect of a tenth of a deviation: (1.95996 + 0.84162)^2 / 0.01 = 784.9."""
    results = [1.1, -0.9] * 500
    ratio = float(np.mean(results)) / float(np.std(results, ddof=1))
    assert stats.trades_needed(results) == math.ceil(7.8489 / ratio**2)
    assert stats.trades_needed([0.5, 0.5]) is None


def test_sentences() -> None:
    def sentence(results: list[float]) -> str:
        return stats.verdict_sentence(results, stats.expectancy(results))

    assert sentence([]) == "no trade: nothing can be said"
    assert sentence([0.5]) == "+0.50 R a trade over 1 trade: no evidence, fewer than 5 trades say nothing"
    some = sentence(np.random.default_rng(8).normal(-0.05, 0.9, 41).tolist())
    assert "over 41 trades: no evidence that it earns; about " in some and some.endswith(" more trades would tell")
    assert sentence(np.random.default_rng(9).normal(-0.5, 0.5, 100).tolist()).endswith("it loses")
    assert "it earned" in sentence(np.random.default_rng(9).normal(0.5, 0.5, 100).tolist())


@given(st.lists(st.floats(-5, 5), min_size=stats.FEWEST, max_size=60), st.integers(0, 99))
def test_an_interval_holds_its_mean_and_comes_out_the_same_again(results: list[float], seed: int) -> None:
    found = stats.expectancy(results, seed, 200)
    assert found == stats.expectancy(results, seed, 200)
    assert found is not None and found.low <= found.high
    assert min(results) - 1e-9 <= found.low and found.high <= max(results) + 1e-9

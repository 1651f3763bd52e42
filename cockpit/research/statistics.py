"""What a list of results proves, and what it does not. Pure: every random draw comes from a seed that is handed in.

Sharpe ratios are per observation (a trade, a day), never annualised. After Bailey and López de Prado, "The Sharpe Ratio
Efficient Frontier" (2012) and "The Deflated Sharpe Ratio" (2014); Bailey, Borwein, López de Prado and Zhu, "The
Probability of Backtest Overfitting" (2017); Politis and Romano, "The Stationary Bootstrap" (1994).
"""

from collections.abc import Sequence
from itertools import combinations
from math import cbrt, ceil, e, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NORMAL = NormalDist()
EULER_MASCHERONI = 0.5772156649015329
RESAMPLES = 2_000
CONFIDENCE = 0.95
POWER = 0.8
FEWEST = 5
"""Under so many results nothing is said of an interval."""


class Interval(NamedTuple):
    """A mean and where it lies with `CONFIDENCE`."""

    mean: float
    low: float
    high: float


class Drawdowns(NamedTuple):
    """The largest drawdown as it came, and what other orders of the same results would have shown."""

    seen: float
    median: float
    worst_5_pct: float


def expectancy(results: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> Interval | None:
    """The mean by stationary bootstrap: blocks of results stay together, so streaks count. None for too few of them."""
    values = np.asarray(results, float)
    if len(values) < FEWEST:
        return None
    means = bootstrap_means(values, mean_block(len(values)), seed, resamples)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(means, (tail, 1.0 - tail))
    return Interval(float(values.mean()), float(low), float(high))


def expectancy_members(results: Sequence[float], interval: Interval | None) -> dict[str, float | None]:
    """The mean and its interval as scripts read them; what so few results do not say is None."""
    mean = float(np.mean(results)) if len(results) else None
    if interval is None:
        return {"mean": mean, "low95": None, "high95": None}
    return {"mean": mean, "low95": interval.low, "high95": interval.high}


def mean_block(count: int) -> float:
    """How long blocks are on average: they grow with the cube root of the number of results."""
    return max(1.0, float(round(cbrt(count))))


def bootstrap_means(values: Floats, block: float, seed: int, resamples: int) -> Floats:
    """The means of resamples: blocks of geometric length begin anywhere, and wrap around."""
    numbers, count = np.random.default_rng(seed), len(values)
    means = np.empty(resamples)
    for number in range(resamples):
        begins = numbers.random(count) < 1.0 / block
        begins[0] = True
        starts = numbers.integers(0, count, count)
        place = np.arange(count)
        begun_at = np.maximum.accumulate(np.where(begins, place, 0))
        means[number] = values[(starts[begun_at] + place - begun_at) % count].mean()
    return means


def sharpe(results: Sequence[float] | Floats) -> float:
    """Mean over standard deviation; 0 where nothing varies."""
    values = np.asarray(results, float)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return float(values.mean()) / deviation if deviation > 0.0 else 0.0


def probabilistic_sharpe(ratio: float, count: int, skew: float, kurtosis: float, above: float = 0.0) -> float:
    """How probable it is that the true ratio lies above `above`; `kurtosis` is 3 for a normal distribution."""
    variance = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if count < 2 or variance <= 0.0:
        return 0.5
    return NORMAL.cdf((ratio - above) * sqrt(count - 1) / sqrt(variance))


def expected_max_sharpe(trials: int, variance: float) -> float:
    """The best ratio that so many trials without any skill would show; `variance` is that of the trials' ratios."""
    if trials < 2:
        return 0.0
    quantiles = (NORMAL.inv_cdf(1.0 - 1.0 / trials), NORMAL.inv_cdf(1.0 - 1.0 / (trials * e)))
    return sqrt(variance) * ((1.0 - EULER_MASCHERONI) * quantiles[0] + EULER_MASCHERONI * quantiles[1])


def deflated_sharpe(results: Sequence[float] | Floats, trial_sharpes: Sequence[float]) -> float:
    """How probable it is that the chosen one of these trials has any skill, given how many were tried."""
    values = np.asarray(results, float)
    skew, kurtosis = moments(values)
    variance = float(np.var(trial_sharpes, ddof=1)) if len(trial_sharpes) > 1 else 0.0
    above = expected_max_sharpe(len(trial_sharpes), variance)
    return probabilistic_sharpe(sharpe(values), len(values), skew, kurtosis, above)


def moments(values: Floats) -> tuple[float, float]:
    """Skewness and kurtosis (3 for a normal distribution)."""
    deviation = float(values.std())
    if deviation == 0.0:
        return 0.0, 3.0
    scaled = (values - values.mean()) / deviation
    return float((scaled**3).mean()), float((scaled**4).mean())


def overfitting_probability(results: Floats, parts: int = 10) -> float | None:
    """By combinatorially symmetric cross-validation: how often the best setting of one half of the time is under the
    median in the other half. `results` has a row a period and a column a setting. None where there is too little.
    """
    periods, trials = results.shape
    parts = min(parts, periods // 2 * 2)
    if parts < 2 or trials < 2:
        return None
    blocks = np.array_split(np.arange(periods), parts)
    under, cases = 0.0, 0
    for chosen in combinations(range(parts), parts // 2):
        inside = np.concatenate([blocks[part] for part in chosen])
        outside = np.concatenate([blocks[part] for part in range(parts) if part not in chosen])
        best = int(np.argmax(_column_sharpes(results[inside])))
        others = _column_sharpes(results[outside])
        lower = float((others < others[best]).sum()) + 0.5 * (float((others == others[best]).sum()) - 1.0)
        rank = (lower + 1.0) / (trials + 1.0)
        under += log(rank / (1.0 - rank)) <= 0.0
        cases += 1
    return under / cases


def _column_sharpes(results: Floats) -> Floats:
    deviations = results.std(axis=0, ddof=1) if len(results) > 1 else np.zeros(results.shape[1])
    means: Floats = results.mean(axis=0)
    safe = np.where(deviations > 0.0, deviations, 1.0)
    return np.where(deviations > 0.0, means / safe, np.sign(means) * (means != 0.0))


def significance(result: float, by_chance: Sequence[float] | Floats) -> float:
    """The share of chance results at least as good, the result itself counted among them: a p-value is never 0."""
    values = np.asarray(by_chance, float)
    return (1.0 + float((values >= result).sum())) / (1.0 + len(values))


def order_drawdowns(results: Sequence[float], seed: int = 0, orders: int = RESAMPLES) -> Drawdowns | None:
    """The largest drawdown over other orders of the same results."""
    values = np.asarray(results, float)
    if len(values) < FEWEST:
        return None
    numbers = np.random.default_rng(seed)
    found = [max_drawdown(numbers.permutation(values)) for _ in range(orders)]
    return Drawdowns(max_drawdown(values), float(np.median(found)), float(np.quantile(found, 0.95)))


def max_drawdown(results: Sequence[float] | Floats) -> float:
    """How far the sum fell under its highest, the beginning included."""
    curve = np.concatenate(([0.0], np.cumsum(np.asarray(results, float))))
    return float((np.maximum.accumulate(curve) - curve).max())


def trades_needed(results: Sequence[float]) -> int | None:
    """How many results it takes until a mean like this one would be told from zero in four cases of five.

    None where nothing varies or the mean is nothing: no number of trades would tell then.
    """
    values = np.asarray(results, float)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    mean = float(values.mean()) if len(values) else 0.0
    if deviation == 0.0 or mean == 0.0:
        return None
    reach = NORMAL.inv_cdf(0.5 + CONFIDENCE / 2.0) + NORMAL.inv_cdf(POWER)
    return ceil((reach * deviation / mean) ** 2)


def verdict_sentence(results: Sequence[float], interval: Interval | None) -> str:
    """What these results in R prove, in one sentence."""
    count = len(results)
    if not count:
        return "no trade: nothing can be said"
    mean = f"{float(np.mean(results)):+.2f} R a trade"
    trades = f"{count} trade{'s' if count > 1 else ''}"
    if interval is None:
        return f"{mean} over {trades}: no evidence, fewer than {FEWEST} trades say nothing"
    sentence = f"{mean} (95 %: {interval.low:+.2f} to {interval.high:+.2f}) over {trades}"
    if interval.low > 0.0:
        return f"{sentence}: it earned; whether that was chance among what was tried, the lines below say"
    if interval.high < 0.0:
        return f"{sentence}: it loses"
    needed = trades_needed(results)
    if needed is None:
        return f"{sentence}: no evidence that it earns; no number of trades would tell"
    return f"{sentence}: no evidence that it earns; about {max(needed - count, 1):,} more trades would tell"

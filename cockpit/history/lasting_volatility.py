"""Whether volatility stays high for hours, from the autocorrelation of realised volatility.

The logarithm of the variance of ten minutes is twice the state of volatility and noise that knows nothing of other ten
minutes, jumps among it. So what such logarithms have in common with later ones is the state's alone; it fades by half
after each half-life.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cockpit.feeds.simulated.profile import VolatilityState

Floats = npt.NDArray[np.float64]

BUCKET_S = 600
LEAST_RETURNS_SHARE = 0.5
"""Ten minutes with fewer of their returns say nothing."""
LEAST_HOURS = 48.0
HALF_LIVES_NEEDED = 20.0
"""In so many half-lives size and half-life come back within a third or so."""
BEYOND_CHANCE = 4.0
"""An autocorrelation of fewer than so many of its own standard errors is none."""
SHORTEST_HALF_LIFE_S = 300.0
LAGS_IN_HALF_LIVES = 3.0
FEWEST_LAGS = 6
CANDIDATES = 400
JUMP_IN_MEANS = 4.0


class Lasting(NamedTuple):
    """The state, None without one, over how many hours of prints it was looked for, and how many it would take."""

    state: VolatilityState | None
    hours: float
    hours_needed: float


def lasting_volatility(returns: dict[int, float], step_s: float) -> Lasting:
    """From returns over `step_s` by the numbers of their steps since the epoch."""
    logs = _log_variances(returns, step_s)
    seen = int(np.isfinite(logs).sum())
    hours = seen * BUCKET_S / 3_600.0
    if hours < LEAST_HOURS:
        return Lasting(None, hours, LEAST_HOURS)
    together = _autocovariances(logs, seen // 4)
    if together[1] <= BEYOND_CHANCE * together[0] / math.sqrt(seen):
        return Lasting(None, hours, LEAST_HOURS)
    state = _fitted(together, seen)
    needed = max(LEAST_HOURS, HALF_LIVES_NEEDED * state.half_life_s / 3_600.0)
    return Lasting(state if hours >= needed else None, hours, needed)


def _log_variances(returns: dict[int, float], step_s: float) -> Floats:
    """Of every ten minutes from the first to the last, not a number where too little is known of them."""
    steps = round(BUCKET_S / step_s)
    at = np.fromiter(returns.keys(), np.int64, len(returns)) // steps
    squares = np.fromiter(returns.values(), np.float64, len(returns)) ** 2
    if not len(at):
        return np.empty(0)
    at -= at.min()
    counts, sums = np.bincount(at), np.bincount(at, squares)
    is_known = (counts >= LEAST_RETURNS_SHARE * steps) & (sums > 0.0)
    found = np.full(len(counts), np.nan)
    found[is_known] = np.log(sums[is_known] / counts[is_known])
    return found


def _autocovariances(values: Floats, lags: int) -> Floats:
    """From none to `lags` steps apart, over the pairs of which both are known."""
    off = values - np.nanmean(values)
    return np.array([np.nanmean(off[lag:] * off[: len(off) - lag]) for lag in range(lags + 1)])


def _fitted(together: Floats, seen: int) -> VolatilityState:
    """The half-life and size whose autocovariances are nearest to these, over the lags at which they say anything."""
    lags = min(36, len(together) - 1)
    state = VolatilityState(SHORTEST_HALF_LIFE_S, 0.0)
    for _ in range(3):
        state = _nearest(together[1 : lags + 1], seen)
        wanted = math.ceil(LAGS_IN_HALF_LIVES * state.half_life_s / BUCKET_S)
        lags = min(max(FEWEST_LAGS, wanted), len(together) - 1)
    return state


def _nearest(together: Floats, seen: int) -> VolatilityState:
    """By least squares; for each half-life the size follows."""
    longest_s = seen * BUCKET_S / 2.0
    half_lives_s = np.geomspace(SHORTEST_HALF_LIFE_S, longest_s, CANDIDATES)[:, None]
    lags = np.arange(1, len(together) + 1)
    faded = math.log(2.0) * BUCKET_S / half_lives_s
    over_bucket = (-np.expm1(-faded) / faded) ** 2
    # A mean that is taken from the same hours makes all that is left look less alike.
    span = seen * faded
    of_the_mean = 2.0 / span * (1.0 + np.expm1(-span) / span)
    shape = np.exp(-faded * (lags - 1)) * over_bucket - of_the_mean
    scale = np.maximum(0.0, (shape * together).sum(1) / (shape**2).sum(1))
    best = int(((together - scale[:, None] * shape) ** 2).sum(1).argmin())
    return VolatilityState(float(half_lives_s[best, 0]), math.sqrt(float(scale[best])) / 2.0)


class Evened(NamedTuple):
    """Returns without the state: each over how far the ten minutes about it went, as large as before on the whole.

    `left` is the deviation of the state within ten minutes, which nothing takes out.
    """

    returns: Floats
    left: float


def evened(returns: dict[int, float], step_s: float, state: VolatilityState | None) -> Evened:
    """How far ten minutes went is told by their mean absolute return without what went so far that it may be a jump."""
    at, moves = np.array(list(returns.keys())), np.array(list(returns.values()))
    if state is None:
        return Evened(moves, 0.0)
    buckets = at // round(BUCKET_S / step_s)
    buckets -= buckets.min()
    sizes, is_plain = np.abs(moves), np.full(len(moves), True)
    for _ in range(2):
        counts = np.bincount(buckets, is_plain)
        usual = (np.bincount(buckets, sizes * is_plain) / np.maximum(counts, 1))[buckets]
        is_plain = sizes <= JUMP_IN_MEANS * usual
    is_known = (counts[buckets] >= LEAST_RETURNS_SHARE * BUCKET_S / step_s) & (usual > 0.0)
    alike = moves[is_known] / usual[is_known]
    faded = math.log(2.0) * BUCKET_S / state.half_life_s
    within = 1.0 - 2.0 / faded * (1.0 + math.expm1(-faded) / faded)
    return Evened(alike * (moves.std() / alike.std()), state.size * math.sqrt(max(0.0, within)))

"""The leverages that best explain the forced orders which happened, in place of those assumed.

For each bar and side: what the map with one leverage alone says was crossed, against what was forced in that bar. The
shares are the non-negative ones that fit best. Forced orders are a lower bound (a venue pushes one a second and
symbol), so only the shape is fitted, never the level, and what few bars say is held to the assumed shares.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cockpit.config.sources import LeverageShare, LiquidationMapSection
from cockpit.market.leverage_map import Forced, InterestBar, LeverageMap

Vector = npt.NDArray[np.float64]

MOST_SWEEPS = 2_000
SETTLED = 1e-12
LEAST_SHARE = 1e-6
"""A share smaller than this is none; the config takes none that are 0."""


class Fit(NamedTuple):
    """The fitted shares, adding up to 1, and how many bars with forced orders they rest on."""

    leverages: tuple[LeverageShare, ...]
    bars: int


def fitted(
    bars: Sequence[InterestBar], forced: Mapping[int, Forced], since_ns: int, section: LiquidationMapSection
) -> Fit | None:
    """Fit the shares to `forced` (by a bar's start), of bars that began at or after `since_ns`.

    None where fewer than `fit_min_bars` bars had forced orders, or none of them where the map had anything to cross.
    """
    ordered = sorted(bars)
    heard = [at for at, bar in enumerate(ordered) if bar.start_ns >= since_ns]
    told = [forced.get(ordered[at].start_ns, Forced(0.0, 0.0)) for at in heard]
    bars_told = sum(1 for one in told if one.longs_usd + one.shorts_usd > 0.0)
    if bars_told < section.fit_min_bars:
        return None
    crossed = [_crossed(ordered, assumed, section) for assumed in section.leverages]
    predicted = np.array([[usd for at in heard for usd in column[at]] for column in crossed]).T
    happened = np.array([usd for one in told for usd in one])
    assumed = np.array([one.share for one in section.leverages])
    shares = _shares(predicted, happened, assumed, section.fit_prior_weight)
    if shares is None:
        return None
    kept = [
        LeverageShare(leverage=one.leverage, share=float(share))
        for one, share in zip(section.leverages, shares, strict=True)
        if share > LEAST_SHARE
    ]
    total = sum(one.share for one in kept)
    return Fit(tuple(one.model_copy(update={"share": one.share / total}) for one in kept), bars_told)


def nonnegative_least_squares(matrix: Vector, target: Vector) -> Vector:
    """The x >= 0 that minimises |matrix x - target|, for a square positive definite system: x' matrix x / 2 - target x.

    Coordinate by coordinate (Hildreth); for the handful of leverages there are it settles at once.
    """
    found = np.zeros(len(target))
    for _ in range(MOST_SWEEPS):
        before = found.copy()
        for at in range(len(found)):
            pull = target[at] - matrix[at] @ found + matrix[at, at] * found[at]
            found[at] = max(0.0, pull / matrix[at, at])
        if np.abs(found - before).max() <= SETTLED * max(1.0, np.abs(found).max()):
            break
    return found


def _shares(predicted: Vector, happened: Vector, assumed: Vector, prior_weight: float) -> Vector | None:
    as_assumed = predicted @ assumed
    size = float(as_assumed @ as_assumed)
    if size <= 0.0:
        return None
    level = float(as_assumed @ happened) / size
    if level <= 0.0:
        return None
    normal = predicted.T @ predicted
    hold = prior_weight * float(np.trace(normal)) / len(assumed)
    matrix = normal + hold * np.eye(len(assumed))
    found = nonnegative_least_squares(matrix, predicted.T @ happened / level + hold * assumed)
    total = float(found.sum())
    return found / total if total > 0.0 else None


def _crossed(bars: Sequence[InterestBar], assumed: LeverageShare, section: LiquidationMapSection) -> list[Forced]:
    """What each bar crosses, in USD by side, if all positions had this leverage."""
    alone = section.model_copy(update={"leverages": [LeverageShare(leverage=assumed.leverage, share=1.0)]})
    drawn = LeverageMap(alone)
    return [drawn.add(bar) for bar in bars]

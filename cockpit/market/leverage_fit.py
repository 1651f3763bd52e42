"""The leverages that best explain the forced orders which happened, in place of those assumed.

For each bar and side: what the map with one leverage alone says was crossed, against what was forced in that bar. The
shares are the non-negative ones that fit best. Forced orders are a lower bound (a venue pushes one a second and
symbol), so only the shape is fitted, never the level, and what few bars say is held to the assumed shares.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cockpit.config.sources import LeverageShare, LiquidationMapSection
from cockpit.market.leverage_map import Forced, InterestBar, LeverageMap

Vector = Sequence[float]
Matrix = Sequence[Vector]
"""By rows."""

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
    forced_bars = sum(1 for one in told if one.longs_usd + one.shorts_usd > 0.0)
    if forced_bars < section.fit_min_bars:
        return None
    crossed = [_crossed(ordered, assumed, section) for assumed in section.leverages]
    predicted = [[usd for at in heard for usd in column[at]] for column in crossed]
    happened = [usd for one in told for usd in one]
    assumed = [one.share for one in section.leverages]
    shares = _shares(predicted, happened, assumed, section.fit_prior_weight)
    if shares is None:
        return None
    kept = [
        LeverageShare(leverage=one.leverage, share=share)
        for one, share in zip(section.leverages, shares, strict=True)
        if share > LEAST_SHARE
    ]
    total = sum(one.share for one in kept)
    return Fit(tuple(one.model_copy(update={"share": one.share / total}) for one in kept), forced_bars)


def nonnegative_least_squares(matrix: Matrix, target: Vector) -> list[float]:
    """The x >= 0 that minimises |matrix x - target|, for a square positive definite system: x' matrix x / 2 - target x.

    Coordinate by coordinate (Hildreth); for the handful of leverages there are it settles at once.
    """
    found = [0.0] * len(target)
    for _ in range(MOST_SWEEPS):
        moved = 0.0
        for at, row in enumerate(matrix):
            pull = target[at] - sumprod(row, found) + row[at] * found[at]
            value = max(0.0, pull / row[at])
            moved, found[at] = max(moved, abs(value - found[at])), value
        if moved <= SETTLED * max(1.0, *found):
            break
    return found


def sumprod(one: Vector, other: Vector) -> float:
    """The scalar product."""
    return sum(a * b for a, b in zip(one, other, strict=True))


def _shares(predicted: Matrix, happened: Vector, assumed: Vector, prior_weight: float) -> list[float] | None:
    """`predicted` has a row for each leverage."""
    as_assumed = [sumprod(assumed, bar) for bar in zip(*predicted, strict=True)]
    size = sumprod(as_assumed, as_assumed)
    if size <= 0.0:
        return None
    level = sumprod(as_assumed, happened) / size
    if level <= 0.0:
        return None
    normal = [[sumprod(one, other) for other in predicted] for one in predicted]
    hold = prior_weight * sum(row[at] for at, row in enumerate(normal)) / len(assumed)
    matrix = [[value + hold * (at == to) for to, value in enumerate(row)] for at, row in enumerate(normal)]
    target = [sumprod(one, happened) / level + hold * share for one, share in zip(predicted, assumed, strict=True)]
    found = nonnegative_least_squares(matrix, target)
    total = sum(found)
    return [share / total for share in found] if total > 0.0 else None


def _crossed(bars: Sequence[InterestBar], assumed: LeverageShare, section: LiquidationMapSection) -> list[Forced]:
    """What each bar crosses, in USD by side, if all positions had this leverage."""
    alone = section.model_copy(update={"leverages": [LeverageShare(leverage=assumed.leverage, share=1.0)]})
    drawn = LeverageMap(alone)
    return [drawn.add(bar) for bar in bars]

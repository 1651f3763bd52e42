"""Liquidations on a price axis: bins of a fixed width in bps, and the clusters they make."""

from collections.abc import Mapping
from math import exp, floor, log, log1p
from typing import NamedTuple

from cockpit.domain.events import LiquidationCluster
from cockpit.domain.units import BPS

OBSERVED = "observed"
ESTIMATED = "estimated"
KERNEL_SIGMAS = 3.0


class Mass(NamedTuple):
    """What lies in one bin: USD, how many orders, and the prices it spans."""

    notional_usd: float
    orders: int
    price_low: float
    price_high: float

    def plus(self, other: "Mass") -> "Mass":
        """Both together."""
        return Mass(
            self.notional_usd + other.notional_usd,
            self.orders + other.orders,
            min(self.price_low, other.price_low),
            max(self.price_high, other.price_high),
        )


class PriceBins:
    """Bins whose edges lie `bin_bps` apart: the same relative width at every price."""

    __slots__ = ("_step",)

    def __init__(self, bin_bps: float) -> None:
        self._step = log1p(bin_bps / BPS)

    def index(self, price: float) -> int:
        """The bin that holds this price. Raises ValueError for a price that is not above 0."""
        if price <= 0.0:
            raise ValueError(f"expected a price above 0, was {price:g}")
        return floor(log(price) / self._step)

    def low(self, index: int) -> float:
        """The bin's lower edge; its upper edge is the next bin's lower."""
        return exp(index * self._step)


def clusters_of(
    bins: Mapping[int, Mass], kind: str, longs: bool, sigma_bins: float, most: int
) -> list[LiquidationCluster]:
    """The `most` largest clusters of one side, in order of price: runs of bins between the valleys of their density.

    `sigma_bins` is how far a bin's mass is blurred to find the valleys; a cluster's notional is what really lies in it.
    """
    if not bins:
        return []
    found = []
    for low, high in _hills(bins, sigma_bins):
        inside = [mass for index, mass in bins.items() if low <= index <= high]
        if not inside:
            continue
        total = inside[0]
        for mass in inside[1:]:
            total = total.plus(mass)
        found.append(
            LiquidationCluster(total.price_low, total.price_high, total.notional_usd, kind, total.orders, longs)
        )
    found.sort(key=lambda cluster: (-cluster.notional_usd, cluster.price_low))
    return sorted(found[:most], key=lambda cluster: cluster.price_low)


def _hills(bins: Mapping[int, Mass], sigma_bins: float) -> list[tuple[int, int]]:
    """The index ranges between the valleys of the blurred density, both ends inclusive."""
    kernel = _kernel(sigma_bins)
    density: dict[int, float] = {}
    for index, mass in bins.items():
        for offset, weight in kernel:
            density[index + offset] = density.get(index + offset, 0.0) + mass.notional_usd * weight
    hills: list[tuple[int, int]] = []
    start, before, falling = min(density), 0.0, False
    for index in range(min(density), max(density) + 2):
        here = density.get(index, 0.0)
        if here > before and falling:
            hills.append((start, index - 2))
            start, falling = index - 1, False
        elif here < before:
            falling = True
        before = here
    hills.append((start, max(density)))
    return hills


def _kernel(sigma_bins: float) -> list[tuple[int, float]]:
    if sigma_bins <= 0.0:
        return [(0, 1.0)]
    reach = max(1, round(KERNEL_SIGMAS * sigma_bins))
    weights = [(offset, exp(-0.5 * (offset / sigma_bins) ** 2)) for offset in range(-reach, reach + 1)]
    total = sum(weight for _, weight in weights)
    return [(offset, weight / total) for offset, weight in weights]

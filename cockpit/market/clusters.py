"""Liquidations on a price axis: bins of a fixed width in bps, and the clusters they make."""

from collections.abc import Iterable, Mapping
from math import exp, floor, log, log1p
from typing import NamedTuple

from cockpit.config.model import CockpitConfig
from cockpit.config.sources import LiquidationMapSection
from cockpit.domain.events import Liquidation, LiquidationCluster, LiquidationMap
from cockpit.domain.kinds import Reading
from cockpit.domain.units import BPS, NS_PER_S
from cockpit.market.freshness import age_s
from cockpit.market.reading_store import ReadingStore

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


# Liquidations of every asset, those that happened and those estimated to wait, as a ladder shows them.

# Where liquidations happened: forced orders by price, their notional halving with time.
#
# A venue may push only one forced order a second and symbol, so what is shown is a lower bound.

FORGOTTEN_AFTER_HALF_LIVES = 10.0
MOST_BINS = 4_096
KEPT_FOR_NS = 5 * NS_PER_S
"""How long clusters once drawn stay good: in this time nothing fades that a screen could show."""


class ForcedOrders:
    """One asset's forced orders of all venues."""

    __slots__ = ("_bins", "_drawn", "_half_life_ns", "_masses", "_most", "_sigma_bins")

    def __init__(self, section: LiquidationMapSection) -> None:
        self._half_life_ns = section.half_life_s * NS_PER_S
        self._bins = PriceBins(section.bin_bps)
        self._sigma_bins = section.smoothing_pct * BPS / 100.0 / section.bin_bps
        self._most = section.max_clusters
        self._masses: dict[tuple[bool, int], tuple[int, Mass]] = {}
        self._drawn: tuple[int, tuple[LiquidationCluster, ...]] | None = None

    def add(self, order: Liquidation) -> None:
        """Count one forced order; one without a price or a size is none."""
        if not (order.price > 0.0 and order.qty > 0.0):
            return
        if len(self._masses) >= MOST_BINS:
            self._masses = self._remembered(order.ts_ns)
        key = (order.long_liquidated, self._bins.index(order.price))
        new = Mass(order.price * order.qty, 1, order.price, order.price)
        known = self._masses.get(key)
        if known is not None:
            latest_ns = max(known[0], order.ts_ns)
            new = self._faded(*known, latest_ns).plus(self._faded(order.ts_ns, new, latest_ns))
            self._masses[key] = (latest_ns, new)
        else:
            self._masses[key] = (order.ts_ns, new)
        self._drawn = None

    def clusters(self, now_ns: int) -> tuple[LiquidationCluster, ...]:
        """The largest clusters of each side, in order of price; `longs` tells whose positions were closed."""
        if self._drawn is None or not 0 <= now_ns - self._drawn[0] < KEPT_FOR_NS:
            self._drawn = (now_ns, self.drawn(now_ns))
        return self._drawn[1]

    def drawn(self, now_ns: int) -> tuple[LiquidationCluster, ...]:
        """The same, drawn anew: asking changes nothing, whenever it is done."""
        masses = self._remembered(now_ns)
        found: list[LiquidationCluster] = []
        for longs in (True, False):
            side = {
                index: self._faded(ts_ns, mass, now_ns)
                for (is_long, index), (ts_ns, mass) in masses.items()
                if is_long is longs
            }
            found += clusters_of(side, OBSERVED, longs, self._sigma_bins, self._most)
        return tuple(sorted(found, key=lambda cluster: cluster.price_low))

    def _remembered(self, now_ns: int) -> dict[tuple[bool, int], tuple[int, Mass]]:
        forget_ns = now_ns - FORGOTTEN_AFTER_HALF_LIVES * self._half_life_ns
        return {key: known for key, known in self._masses.items() if known[0] >= forget_ns}

    def _faded(self, ts_ns: int, mass: Mass, now_ns: int) -> Mass:
        share = 0.5 ** (max(0, now_ns - ts_ns) / self._half_life_ns)
        return mass._replace(notional_usd=mass.notional_usd * share)


class Liquidations:
    """What was observed and what is estimated, by asset. Events of other assets than these are ignored."""

    def __init__(self, config: CockpitConfig, assets: Iterable[str], readings: ReadingStore) -> None:
        self._within = config.liquidation_map.within_pct / 100.0
        self._map_valid_s = config.feeds.liquidation_map.stand_down_after_s
        self._forced = {asset: ForcedOrders(config.liquidation_map) for asset in assets}
        self._readings = readings

    def on_forced_order(self, order: Liquidation) -> None:
        if order.asset in self._forced:
            self._forced[order.asset].add(order)

    def clusters(
        self, asset: str, price: float | None, now_ns: int, *, redraw: bool = False
    ) -> tuple[LiquidationCluster, ...]:
        """The clusters around the price (all of them where it is unknown), in order of price.

        A screen is content with those drawn a few seconds ago; who decides on them has them drawn anew.
        """
        forced = self._forced[asset]
        found = list(forced.drawn(now_ns) if redraw else forced.clusters(now_ns))
        estimated = self._estimate(asset, now_ns)
        if estimated is not None:
            found += estimated.clusters
        if price is not None:
            low, high = price * (1.0 - self._within), price * (1.0 + self._within)
            found = [cluster for cluster in found if cluster.price_high >= low and cluster.price_low <= high]
        return tuple(sorted(found, key=lambda cluster: (cluster.price_low, cluster.kind)))

    def explained_pct(self, asset: str, now_ns: int) -> float | None:
        """The share of open interest the estimate rests on; None without one, or past its age."""
        estimated = self._estimate(asset, now_ns)
        return estimated.explained_pct if estimated is not None else None

    def map_source(self, asset: str) -> str:
        """Where the newest estimate is from; empty without one."""
        own = self._map(asset)
        return own.source if own is not None else ""

    def _estimate(self, asset: str, now_ns: int) -> LiquidationMap | None:
        own = self._map(asset)
        if own is None or age_s(own.ts_ns, now_ns, own.origin) > self._map_valid_s:
            return None
        return own

    def _map(self, asset: str) -> LiquidationMap | None:
        newest: LiquidationMap | None = self._readings.own(Reading.LIQUIDATION_MAP, asset)
        return newest

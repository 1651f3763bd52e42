"""Where liquidations may wait: an estimate from changes of open interest and assumed leverages. Never a stop's ground.

What it cannot know: the true leverages, cross margin, positions that net out within a bar, other venues.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cockpit.config.sources import LiquidationMapSection
from cockpit.domain.events import LiquidationCluster
from cockpit.domain.units import BPS
from cockpit.market.clusters import ESTIMATED, Mass, PriceBins, clusters_of


class InterestBar(NamedTuple):
    """A bar of prices with the open interest (base coins) at its end."""

    start_ns: int
    open_interest: float
    vwap: float
    low: float
    high: float


class Forced(NamedTuple):
    """What was forced in one bar, or would be by a map, in USD by side."""

    longs_usd: float
    shorts_usd: float


class Estimate(NamedTuple):
    """The estimated clusters, and which share of today's open interest they rest on."""

    clusters: tuple[LiquidationCluster, ...]
    explained_pct: float


def liquidation_price(entry: float, leverage: float, maintenance_pct: float, is_long: bool) -> float:
    """Where an isolated position of that leverage is liquidated; the bracket's maintenance amount is left out."""
    kept = maintenance_pct / 100.0
    if is_long:
        return entry * (1.0 - 1.0 / leverage) / (1.0 - kept)
    return entry * (1.0 + 1.0 / leverage) / (1.0 + kept)


class LeverageMap:
    """Replays bars in order. `longs` and `shorts` hold base coins by the price bin of their liquidation."""

    def __init__(self, section: LiquidationMapSection) -> None:
        self._section = section
        self._bins = PriceBins(section.bin_bps)
        self._open_interest: float | None = None
        self.longs: dict[int, float] = {}
        self.shorts: dict[int, float] = {}

    def add(self, bar: InterestBar) -> Forced:
        """What a bar does: its range liquidates, a fall of open interest thins everything, a rise opens positions.

        Returns what it liquidates by the map. A bar without a usable open interest or price changes nothing.
        """
        if not (bar.open_interest > 0.0 and 0.0 < bar.low <= bar.high and bar.vwap > 0.0):
            return Forced(0.0, 0.0)
        before, self._open_interest = self._open_interest, bar.open_interest
        gone_longs = {index: qty for index, qty in self.longs.items() if self._bins.low(index + 1) > bar.low}
        gone_shorts = {index: qty for index, qty in self.shorts.items() if self._bins.low(index) < bar.high}
        self.longs = {index: qty for index, qty in self.longs.items() if index not in gone_longs}
        self.shorts = {index: qty for index, qty in self.shorts.items() if index not in gone_shorts}
        crossed = Forced(self._worth_usd(gone_longs), self._worth_usd(gone_shorts))
        if before is None:
            return crossed
        change = bar.open_interest - before
        if change < 0.0:
            share = bar.open_interest / before
            self.longs = {index: qty * share for index, qty in self.longs.items()}
            self.shorts = {index: qty * share for index, qty in self.shorts.items()}
        elif change > 0.0:
            self._open(bar.vwap, change)
        return crossed

    def _worth_usd(self, side: dict[int, float]) -> float:
        return sum(qty * self._bins.low(index) for index, qty in side.items())

    def _open(self, price: float, qty: float) -> None:
        for assumed in self._section.leverages:
            for side, is_long in ((self.longs, True), (self.shorts, False)):
                at = liquidation_price(price, assumed.leverage, self._section.maintenance_pct, is_long)
                index = self._bins.index(at)
                side[index] = side.get(index, 0.0) + qty * assumed.share

    @property
    def explained_pct(self) -> float:
        """The share of the open interest that the mean of both sides accounts for, 0..100."""
        if not self._open_interest:
            return 0.0
        mapped = (sum(self.longs.values()) + sum(self.shorts.values())) / 2.0
        return min(100.0, 100.0 * mapped / self._open_interest)

    def clusters(self, price: float) -> tuple[LiquidationCluster, ...]:
        """The largest clusters of each side around a price, in order of price."""
        reach = self._section.within_pct / 100.0
        low, high = price * (1.0 - reach), price * (1.0 + reach)
        sigma_bins = self._section.smoothing_pct * BPS / 100.0 / self._section.bin_bps
        found: list[LiquidationCluster] = []
        for side, longs in ((self.longs, True), (self.shorts, False)):
            near = {}
            for index, qty in side.items():
                bottom, top = self._bins.low(index), self._bins.low(index + 1)
                if bottom >= low and top <= high:
                    near[index] = Mass(qty * (bottom + top) / 2.0, 0, bottom, top)
            found += clusters_of(near, ESTIMATED, longs, sigma_bins, self._section.max_clusters)
        return tuple(sorted(found, key=lambda cluster: cluster.price_low))


def estimate(bars: Sequence[InterestBar], section: LiquidationMapSection) -> Estimate:
    """The map after these bars, oldest first, around the last bar's price."""
    drawn = LeverageMap(section)
    for bar in sorted(bars):
        drawn.add(bar)
    return Estimate(drawn.clusters(bars[-1].vwap) if bars else (), drawn.explained_pct)

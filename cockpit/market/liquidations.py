"""Liquidations of every asset, those that happened and those estimated to wait, as a ladder shows them."""

from collections.abc import Iterable

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import Liquidation, LiquidationCluster, LiquidationMap
from cockpit.domain.kinds import Reading
from cockpit.market.forced_orders import ForcedOrders
from cockpit.market.freshness import age_s
from cockpit.market.reading_store import ReadingStore


class Liquidations:
    """What was observed and what is estimated, by asset. Events of other assets than these are ignored."""

    def __init__(self, config: CockpitConfig, assets: Iterable[str], readings: ReadingStore) -> None:
        self._within = config.liquidation_map.within_pct / 100.0
        self._map_valid_s = config.feeds.liquidation_map.stand_down_after_s
        self._forced = {asset: ForcedOrders(config.liquidation_map) for asset in assets}
        self._readings = readings

    def on_forced_order(self, order: Liquidation) -> None:
        """Count a forced order."""
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

"""How near a recorded market came to the bands its setups wait at: why nothing happened, where nothing did."""

from collections.abc import Iterable, Iterator
from math import inf

from cockpit.config.model import CockpitConfig
from cockpit.domain.events import MarketEvent, Trade
from cockpit.domain.units import bps_between
from cockpit.replay.tally import Nearest


class NearBands:
    """Watches the prints of the assets that have bands."""

    def __init__(self, config: CockpitConfig) -> None:
        self._bands = config.bands
        self._lowest = dict.fromkeys(config.bands, inf)
        self._highest = dict.fromkeys(config.bands, 0.0)

    def on_events(self, events: Iterable[MarketEvent]) -> None:
        """Take a run of events in."""
        lowest, highest = self._lowest, self._highest
        for event in events:
            if type(event) is Trade and event.asset in lowest:
                if event.price < lowest[event.asset]:
                    lowest[event.asset] = event.price
                if event.price > highest[event.asset]:
                    highest[event.asset] = event.price

    def found(self) -> Iterator[Nearest]:
        """A line for the nearest band on each side; none for an asset without a print."""
        for asset, bands in self._bands.items():
            low, high = self._lowest[asset], self._highest[asset]
            if high <= 0.0:
                continue
            for band in bands.lower[:1]:
                yield Nearest(asset, "lower", band[1], low, max(0.0, bps_between(low, band[1])))
            for band in bands.upper[:1]:
                yield Nearest(asset, "upper", band[0], high, max(0.0, -bps_between(high, band[0])))

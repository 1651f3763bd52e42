"""Builds every setup the config names."""

from collections.abc import Iterator

from cockpit.config.model import CockpitConfig
from cockpit.config.setups import AnySetup, LowerBandLong, PriorityFeeFade, SqueezeGuard, UpperBandShort
from cockpit.market.market import Market
from cockpit.setups.base import Setup
from cockpit.setups.lower_band_long import LowerBandLongSetup
from cockpit.setups.priority_fee_fade import PriorityFeeFadeSetup
from cockpit.setups.squeeze_guard import SqueezeGuardSetup
from cockpit.setups.upper_band_short import UpperBandShortSetup


def build_setups(config: CockpitConfig, market: Market) -> list[Setup]:
    """Every setup in the config's order, one machine an asset. A disabled one is built too: it is OFF and silent."""
    return [setup for name, section in config.setups.items() for setup in _machines(name, section, config, market)]


def _machines(name: str, section: AnySetup, config: CockpitConfig, market: Market) -> Iterator[Setup]:
    match section:
        case LowerBandLong():
            yield LowerBandLongSetup(name, section, config, market)
        case UpperBandShort():
            yield UpperBandShortSetup(name, section, config, market)
        case PriorityFeeFade():
            yield PriorityFeeFadeSetup(name, section, config, market)
        case SqueezeGuard():
            for asset in section.assets:
                yield SqueezeGuardSetup(name, asset, section, config, market)

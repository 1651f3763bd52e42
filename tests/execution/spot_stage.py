"""Coinbase's spot in tests: the config that names its products, and what every one of them asserts on."""

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import Venue
from tests.loopback.coinbase_spot import GRIDS, LEAST_USD


def with_spot(config: CockpitConfig) -> CockpitConfig:
    """The same config with Coinbase in it, trading coins."""
    instruments = {
        asset: {
            "lot": float(step),
            "min_qty": float(least),
            "tick_usd": float(tick),
            "min_notional_usd": float(LEAST_USD),
            "spot_product": f"{asset}-USD",
        }
        for asset, (step, least, tick) in GRIDS.items()
    }
    section = Venue.model_validate({"taker_fee_bps": 5.0, "maker_fee_bps": 2.0, "instruments": instruments})
    return config.model_copy(update={"venues": {**config.venues, "coinbase": section}})

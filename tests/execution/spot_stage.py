"""Coinbase's spot in tests: the config that names its products, and what every one of them asserts on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cockpit.config.model import CockpitConfig
from cockpit.config.venues import Venue
from tests.execution.account_stage import AccountStage, account_stage, entry, stop
from tests.loopback.coinbase_spot import GRIDS, LEAST_USD

ID = "ckaaaaaat000001"


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


@asynccontextmanager
async def spot_stage(config: CockpitConfig) -> AsyncIterator[AccountStage]:
    """Coinbase's spot; at the end no more was sold than bought, and the coins of others are all there."""
    async with account_stage("coinbase", config) as stage:
        yield stage
        watch, symbol = stage.venue.watch, stage.venue.symbol("BTC")
        assert watch.oversold(symbol) == 0, "our orders have sold what they had not bought"
        assert stage.venue.core.positions[symbol].qty >= stage.venue.core.others[symbol], "coins of others are gone"


async def guarded(stage: AccountStage, qty: float = 0.002) -> None:
    """Bought, and its stop rests."""
    await stage.account.place(entry(qty=qty), f"{ID}e1")
    await stage.account.place(stop(qty=qty), f"{ID}s1")


def resting(stage: AccountStage) -> list[tuple[str, str]]:
    return [(one.client_id, f"{one.asked.qty:f}") for one in stage.venue.algo_orders]

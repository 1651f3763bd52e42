"""A session in test mode at any loopback exchange, as a person has it: from the checks, over stop and targets, out."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.exchange_names import GIVE_POSITIONING
from cockpit.config.load import load_config
from cockpit.domain.snapshot import Snapshot
from cockpit.exchanges.base.account import VenueOrder
from cockpit.exchanges.registry import account_for
from tests.conftest import SHIPPED_CONFIG
from tests.execution.account_stage import keys_of, moved
from tests.faults.world import OWN_GRIDS
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.bybit_trading import rules as bybit_rules
from tests.runtime.real_engine import ARBITRAGE, TICKS, RealStage, sound_account
from tests.venue_pairs import venue_kind

PRICES = {"BTC": 100_000.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
SIGNAL = {"strategy": ARBITRAGE, "pair": "SOL/USDT", "side": "long", "amount": 152.0, "mode": "test"}
SOUND = ("aave.required=false", "modes.test.max_exposure_usd=200")
SETTINGS = tuple(word for override in SOUND for word in ("--set", override))

TRIES, TRIED_AGAIN_S = 8, 10.0
"""More than the minute that such a venue counts over."""
COUNTS_BY_WEIGHT = ("hyperliquid",)
"""What the start and the arming ask uses up so much of its minute that an entry may be turned away in it."""

OnMoment = Callable[["VenueStage", str, str], Awaitable[None]]
"""Is shown each moment of a session by its name, with what was printed at it."""


async def nothing(stage: "VenueStage", moment: str, said: str) -> None:
    """Where nobody wants to be shown it."""


def config_of(home: Path, name: str) -> Path:
    """The shipped rules with everything on one venue; the funding spread is its against Binance's."""
    raw: dict[str, Any] = json.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    rules_of, least_usd = OWN_GRIDS[name]
    if name == "bybit":
        rules_of = bybit_rules
    instruments = {}
    for asset in PRICES:
        rules = rules_of(asset)
        instruments[asset] = {
            "lot": float(rules.lot * rules.unit),
            "min_qty": float(rules.min_qty * rules.unit),
            "tick_usd": float(rules.tick),
            "min_notional_usd": least_usd,
        }
        raw["assets"][asset] |= {"trade_on": name, "watch": name}
    raw["venues"][name] = {"taker_fee_bps": 5.5, "maker_fee_bps": 2.0, "instruments": instruments}
    raw["gate"]["funding_spread_of"] = [name, "binance"]
    raw.setdefault("live", {})["positioning_from"] = [name if name in GIVE_POSITIONING else "binance"]
    raw.pop("$schema", None)
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{name}.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


class VenueStage(RealStage):
    """One exchange that trades, Binance beside it for the funding spread alone."""

    def __init__(self, home: Path, binance: Any, name: str, venue: Any) -> None:
        super().__init__(home, binance, venue)
        self.name = name
        self.venue = venue
        self.prices = dict(PRICES)
        keys = keys_of(name)
        self.environ = {key: value for key, value in self.environ.items() if "OKX" not in key} | {
            **moved(name, venue),
            f"COCKPIT_{name.upper()}_API_KEY": keys.api_key.get_secret_value(),
            f"COCKPIT_{name.upper()}_SECRET": keys.secret.get_secret_value(),
            "COCKPIT_CONFIG": str(config_of(home, name)),
        }

    async def listed(self) -> tuple[VenueOrder, ...]:
        """The venue's own list of what rests there, by a client of our own."""
        config = load_config(Path(self.environ["COCKPIT_CONFIG"]))
        account = account_for(self.name, config, keys_of(self.name), moved(self.name, self.venue))
        try:
            await account.open()
            return await account.open_orders()
        finally:
            await account.close()

    async def opened(self) -> None:
        """A trade, its stop and its three targets rest.

        Just after a start and its checks a venue that counts requests may have none left for an entry: asked again, but
        never while one is still under way, so that there is one trade.
        """
        for _ in range(TRIES):
            async with self.client as client:
                await client.execute(SIGNAL)
            if covered(await self.until(lambda seen: covered(seen) or over(seen))):
                break
            await asyncio.sleep(TRIED_AGAIN_S)
        await self.until(covered)
        await self.venue.until(lambda: len(self.venue.open_orders) == 3)

    def is_bare(self) -> bool:
        """Whether nothing is held and nothing rests there."""
        return not self.venue.positions and not self.venue.open_orders and not self.venue.algo_orders


@asynccontextmanager
async def venue_stage(home: Path, name: str) -> AsyncIterator[VenueStage]:
    async with BinanceTradingVenue() as binance, venue_kind(name)() as venue:
        for one in (binance, venue):
            if name != "coinbase" or one is binance:
                sound_account(one)
            for asset, price in PRICES.items():
                one.set_price(asset, price, round(price + TICKS[asset], 4), price)
        stage = VenueStage(home, binance, name, venue)
        market = asyncio.create_task(stage.market())
        try:
            yield stage
        finally:
            market.cancel()
            await asyncio.gather(market, return_exceptions=True)
            await stage.stop()


def is_read(snapshot: Snapshot) -> bool:
    asset = next(asset for asset in snapshot.assets if asset.asset == "SOL")
    return None not in (asset.price, asset.short_pct, asset.funding_spread_bps, asset.open_interest_change_24h_pct)


def covered(snapshot: Snapshot) -> bool:
    return any(view.trade.stop_rests_on_venue and view.trade.rungs for view in snapshot.open_trades)


def over(snapshot: Snapshot) -> bool:
    return not snapshot.open_trades


def orders_text(orders: tuple[VenueOrder, ...]) -> str:
    """The venue's list, a line an order."""
    return "\n".join(
        f"{order.asset} {order.side.value:5} {order.qty:g}  "
        + (f"stop at {order.trigger_price:g}" if order.is_conditional else f"limit {order.limit_price or 0:g}")
        + f"{'  reduce-only' if order.reduce_only else ''}  {order.status.value}  id {order.client_id}"
        for order in sorted(orders, key=lambda order: not order.is_conditional)
    )


async def play(stage: VenueStage, on_moment: OnMoment = nothing) -> None:
    """Checks, arming, a signal, a target, a close, another trade and a flatten, the report."""
    venue = stage.venue
    code, said = await stage.run("validate", "--mode", "test", *SETTINGS)
    assert f"ok    stop capability.{stage.name}: holds stops for BTC, SOL, XRP, ETH" in said, said
    await on_moment(stage, "validate", said)
    await stage.engine(overrides=SOUND)
    await stage.until(is_read)
    await stage.arm()
    await on_moment(stage, "armed", "")

    await stage.opened()
    listed = await stage.listed()
    (stop,) = [order for order in listed if order.is_conditional]
    assert stop.reduce_only and stop.qty == pytest.approx(abs(venue.held("SOL"))) and stop.client_id
    assert len(listed) == 4 and all(order.reduce_only for order in listed)
    await on_moment(stage, "open", orders_text(listed))

    stage.prices["SOL"] = 190.6
    await venue.until(lambda: len(venue.open_orders) == 2)
    await stage.until(lambda snapshot: any(view.trade.stop_at_entry for view in snapshot.open_trades))
    await stage.until(covered)
    await on_moment(stage, "target", orders_text(await stage.listed()))
    code, said = await stage.run("close", "t000001")
    assert code == 0, said
    await stage.until(over)
    await venue.until(stage.is_bare)
    await on_moment(stage, "closed", said)

    await stage.opened()
    code, said = await stage.run("flatten", "--yes")
    assert code == 0 and "flat" in said.lower() and stage.is_bare(), said
    await stage.until(over)
    await on_moment(stage, "flatten", said)
    assert venue.watch.longest_naked_s() < 1.0 and not venue.watch.doubled
    assert await stage.terminate() == 0
    code, said = await stage.run("report")
    assert code == 0, said
    every_entry_left = () if stage.name in COUNTS_BY_WEIGHT else ("0 open, 0 abandoned", "2: 2 approved, 2 sent")
    for line in ("2 closed, 0 open", "limit violations       0 (must be 0)", *every_entry_left):
        assert line in said, said
    await on_moment(stage, "report", said)

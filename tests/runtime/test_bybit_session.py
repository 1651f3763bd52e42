"""A session in test mode on Bybit, as a person has it: from the checks, over stop and targets, to the report."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cockpit.domain.kinds import TradePhase
from cockpit.domain.snapshot import Snapshot
from tests.conftest import SHIPPED_CONFIG
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.bybit_trading import BybitTradingVenue, rules
from tests.loopback.trading_venue import KEY, SECRET
from tests.runtime.real_engine import ARBITRAGE, TICKS, RealStage, sound_account

pytestmark = pytest.mark.timeout(600)
PRICES = {"BTC": 100_000.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
SIGNAL = {"strategy": ARBITRAGE, "pair": "SOL/USDT", "side": "long", "amount": 152.0, "mode": "test"}
SOUND = ("aave.required=false", "modes.test.max_exposure_usd=200")


def config_of(home: Path) -> Path:
    """The shipped rules with everything on Bybit; the funding spread is its against Binance's."""
    raw: dict[str, Any] = json.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    raw["venues"]["bybit"] = {"taker_fee_bps": 5.5, "maker_fee_bps": 2.0, "instruments": {}}
    for asset in PRICES:
        grid = rules(asset)
        raw["venues"]["bybit"]["instruments"][asset] = {
            "lot": float(grid.lot),
            "min_qty": float(grid.min_qty),
            "tick_usd": float(grid.tick),
            "min_notional_usd": 5,
        }
        raw["assets"][asset] |= {"trade_on": "bybit", "watch": "bybit"}
    raw["gate"]["funding_spread_of"] = ["bybit", "binance"]
    raw.setdefault("live", {})["positioning_from"] = ["bybit"]
    raw.pop("$schema", None)
    home.mkdir(parents=True, exist_ok=True)
    path = home / "bybit.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


class BybitStage(RealStage):
    """Bybit in OKX's place, Binance for the funding spread alone."""

    def __init__(self, home: Path, binance: Any, bybit: Any) -> None:
        super().__init__(home, binance, bybit)
        self.prices = dict(PRICES)
        self.environ = {name: value for name, value in self.environ.items() if "OKX" not in name} | {
            "COCKPIT_BYBIT_REST_URL": bybit.rest_url,
            "COCKPIT_BYBIT_WS_URL": bybit.ws_url,
            "COCKPIT_BYBIT_API_KEY": KEY,
            "COCKPIT_BYBIT_SECRET": SECRET,
            "COCKPIT_CONFIG": str(config_of(home)),
        }

    @property
    def bybit(self) -> Any:
        return self.okx


@asynccontextmanager
async def bybit_stage(home: Path) -> AsyncIterator[BybitStage]:
    async with BinanceTradingVenue() as binance, BybitTradingVenue() as bybit:
        for venue in (binance, bybit):
            sound_account(venue)
            for asset, price in PRICES.items():
                venue.set_price(asset, price, round(price + TICKS[asset], 4), price)
        stage = BybitStage(home, binance, bybit)
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


async def opened(stage: BybitStage) -> None:
    async with stage.deck as deck:
        await deck.execute(SIGNAL)
    await stage.until(covered)
    await stage.bybit.until(lambda: len(stage.bybit.open_orders) == 3)


async def test_a_session_from_the_checks_to_the_report(tmp_path: Path) -> None:
    async with bybit_stage(tmp_path / "home") as stage:
        settings = [word for override in SOUND for word in ("--set", override)]
        code, said = await stage.run("validate", "--mode", "test", *settings)
        for line in (
            "ok    keys.bybit: set; never shown",
            "ok    permissions.bybit: may trade and may not withdraw",
            "ok    position mode.bybit: one-way",
            "ok    margin.bybit: isolated, BTC 5x",
            "ok    fees.bybit: 5 bps taker",
            "ok    stop capability.bybit: holds stops for BTC, SOL, XRP, ETH",
            "bybit: under its smallest order of 0.001 (108.40 USD)",
        ):
            assert line in said, said
        await stage.engine(overrides=SOUND)
        await stage.until(is_read)
        await stage.arm()

        await opened(stage)
        (listed,) = [row for row in stage.bybit._open("SOLUSDT") if row["stopOrderType"] == "Stop"]
        assert (listed["orderStatus"], listed["triggerBy"], listed["side"]) == ("Untriggered", "MarkPrice", "Sell")
        assert listed["reduceOnly"] is True and listed["closeOnTrigger"] is True
        assert float(listed["qty"]) == stage.bybit.held("SOL") > 0
        assert listed["orderLinkId"].startswith("ck")

        stage.prices["SOL"] = 190.6
        await stage.bybit.until(lambda: len(stage.bybit.open_orders) == 2)
        await stage.until(lambda snapshot: bool(snapshot.open_trades) and snapshot.open_trades[0].trade.exit_qty > 0)
        await stage.bybit.until(
            lambda: sum(float(one.asked.qty or 0) for one in stage.bybit.algo_orders) == stage.bybit.held("SOL")
        )
        code, said = await stage.run("close", "t000001")
        assert code == 0, said
        await stage.until(over)
        assert not stage.bybit.positions and not stage.bybit.open_orders and not stage.bybit.algo_orders

        await opened(stage)
        code, said = await stage.run("flatten", "--yes")
        assert code == 0 and "flat" in said.lower(), said
        assert not stage.bybit.positions and not stage.bybit.open_orders and not stage.bybit.algo_orders
        snapshot = await stage.until(over)
        assert {view.trade.phase for view in snapshot.open_trades} <= {TradePhase.CLOSED}
        assert stage.bybit.watch.longest_naked_s() < 1.0 and not stage.bybit.watch.doubled
        assert await stage.terminate() == 0
        code, said = await stage.run("report")
        assert code == 0, said
        for line in ("2 closed, 0 open, 0 abandoned", "2: 2 approved, 2 sent", "limit violations       0 (must be 0)"):
            assert line in said, said
        for secret in (KEY, SECRET):
            assert secret not in stage.said


async def test_a_key_that_can_withdraw_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with bybit_stage(tmp_path / "home") as stage:
        stage.bybit.rights["permissions"]["Wallet"] = ["AccountTransfer", "Withdraw"]
        settings = [word for override in SOUND for word in ("--set", override)]
        code, said = await stage.run("validate", "--mode", "test", *settings)
        assert code != 0 and "Withdraw" in said, said
        road = ("engine", "--feed", "live", "--mode", "test", "--port", "0", "--override-way-up", "a test of the road")
        code, said = await stage.run(*road, *settings)
        assert code != 0 and "Withdraw" in said and stage.bybit.called("entry") == []

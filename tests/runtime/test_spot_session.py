"""A session in test mode that trades coins at Coinbase on another venue's market: from the checks to the report."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cockpit.client.errors import EngineRefused
from cockpit.domain.snapshot import Snapshot
from cockpit.exchanges.coinbase.keys import parts_of
from tests.conftest import SHIPPED_CONFIG
from tests.loopback import coinbase_bodies as bodies
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.coinbase_spot import GRIDS, LEAST_USD, CoinbaseSpotVenue
from tests.loopback.coinbase_tokens import KEY_NAME, PEM
from tests.loopback.okx_trading import OkxTradingVenue
from tests.patience import patient_s
from tests.runtime.real_engine import ARBITRAGE, TICKS, RealStage, sound_account

pytestmark = pytest.mark.timeout(600)
PRICES = {"BTC": 100_000.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
SIGNAL = {"strategy": ARBITRAGE, "pair": "SOL/USDT", "side": "long", "amount": 152.0, "mode": "test"}
SOUND = ("aave.required=false", "modes.test.max_exposure_usd=200")
SETTINGS = tuple(word for override in SOUND for word in ("--set", override))
BASIS = 0.998
"""The coin's price over its perpetual's."""


def config_of(home: Path) -> Path:
    """The shipped rules with every order at Coinbase's spot, looking at Binance's perpetuals."""
    raw: dict[str, Any] = json.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    raw["venues"]["coinbase"] = {"taker_fee_bps": 5.0, "maker_fee_bps": 2.0, "instruments": {}}
    for asset in PRICES:
        step, least, tick = GRIDS[asset]
        raw["venues"]["coinbase"]["instruments"][asset] = {
            "lot": float(step),
            "min_qty": float(least),
            "tick_usd": float(tick),
            "min_notional_usd": float(LEAST_USD),
            "spot_product": f"{asset}-USD",
        }
        raw["assets"][asset] |= {"trade_on": "coinbase", "watch": "binance"}
    raw.setdefault("live", {})["positioning_from"] = ["binance"]
    raw.pop("$schema", None)
    home.mkdir(parents=True, exist_ok=True)
    path = home / "spot.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


class SpotStage(RealStage):
    """Binance is watched, OKX is there for the funding spread, Coinbase trades."""

    def __init__(self, home: Path, binance: Any, okx: Any, coinbase: Any) -> None:
        super().__init__(home, binance, okx)
        self.coinbase = coinbase
        self.prices = dict(PRICES)
        self.environ = self.environ | {
            "COCKPIT_COINBASE_REST_URL": coinbase.rest_url,
            "COCKPIT_COINBASE_WS_URL": coinbase.ws_url,
            "COCKPIT_COINBASE_API_KEY": KEY_NAME,
            "COCKPIT_COINBASE_SECRET": PEM.strip().replace("\n", "\\n"),
            "COCKPIT_CONFIG": str(config_of(home)),
        }

    async def market(self) -> None:
        """All speak ten times a second of every asset."""
        while True:
            for asset, price in self.prices.items():
                ask = round(price + TICKS[asset], 4)
                for venue in (self.binance, self.okx):
                    await venue.move(asset, price, ask, price)
                there = round(price * BASIS, 4)
                await self.coinbase.move(asset, there, round(there + TICKS[asset], 4))
            await asyncio.sleep(0.1)


@asynccontextmanager
async def spot_stage(home: Path) -> AsyncIterator[SpotStage]:
    async with BinanceTradingVenue() as binance, OkxTradingVenue() as okx, CoinbaseSpotVenue() as coinbase:
        for venue in (binance, okx):
            sound_account(venue)
        for asset, price in PRICES.items():
            for venue in (binance, okx):
                venue.set_price(asset, price, round(price + TICKS[asset], 4), price)
            there = round(price * BASIS, 4)
            coinbase.set_price(asset, there, round(there + TICKS[asset], 4))
        coinbase.deposit("SOL", 3.0)
        stage = SpotStage(home, binance, okx, coinbase)
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


async def opened(stage: SpotStage) -> None:
    async with stage.client as client:
        await client.execute(SIGNAL)
    await stage.until(covered)


def is_bare(stage: SpotStage) -> bool:
    """Nothing rests, and the coins that are there are those of before."""
    venue = stage.coinbase
    return not venue.open_orders and not venue.algo_orders and venue.held("SOL") == 3.0


def guarding(stage: SpotStage) -> float:
    return sum(float(one.asked.qty or 0) for one in stage.coinbase.algo_orders)


async def trades(stage: SpotStage) -> list[dict[str, Any]]:
    transport = httpx.AsyncHTTPTransport(uds=str(stage.home / "engine.sock"), verify=False)
    async with httpx.AsyncClient(base_url="http://cockpit", transport=transport, timeout=patient_s(60.0)) as client:
        listed: list[dict[str, Any]] = (await client.get("/api/trades")).json()["trades"]
        return listed


async def test_a_session_from_the_checks_to_the_report(tmp_path: Path) -> None:
    async with spot_stage(tmp_path / "home") as stage:
        venue = stage.coinbase
        code, said = await stage.run("validate", "--mode", "test", *SETTINGS)
        for line in (
            "ok    permissions.coinbase: may trade and may not withdraw",
            "ok    margin.coinbase: spot, long only, nothing is borrowed: BTC-USD, SOL-USD, XRP-USD, ETH-USD",
            "ok    spot.coinbase: lists BTC, SOL, XRP, ETH",
            "ok    funding.coinbase: spot: no funding is paid",
            "warn  beside ours.coinbase: coinbase: 3 SOL in the account were not bought by our orders",
            "ok    fees.coinbase: 5 bps taker",
            "ok    stop capability.coinbase: holds stops for BTC, SOL, XRP, ETH",
        ):
            assert line in said, said
        code, said = await stage.run("drill", "--yes")
        assert code == 0 and "coinbase: would take our orders" in said, said
        await stage.engine(overrides=SOUND)
        await stage.until(is_read)
        await stage.arm()
        async with stage.client as client:
            with pytest.raises(EngineRefused, match="SOL-USD on coinbase is spot: 0 SOL can be sold short there"):
                await client.execute({**SIGNAL, "side": "short"})

        await opened(stage)
        (given,) = [one for one in venue.given if one.algo is not None and one.algo.works]
        listed = bodies.order(venue, given)
        assert (listed["status"], listed["trigger_status"], listed["side"]) == ("OPEN", "STOP_PENDING", "SELL")
        terms = listed["order_configuration"]["stop_limit_stop_limit_gtc"]
        assert "reduce_only" not in terms and terms["stop_direction"] == "STOP_DIRECTION_STOP_DOWN"
        assert float(terms["base_size"]) == pytest.approx(venue.ours("SOL")) and venue.ours("SOL") > 0
        assert venue.open_orders == [] and venue.called("target") == []

        stage.prices["SOL"] = 190.6
        await venue.until(lambda: len(venue.called("target")) == 1)
        await stage.until(lambda snapshot: any(view.trade.stop_at_entry for view in snapshot.open_trades))
        await stage.until(covered)
        await venue.until(lambda: guarding(stage) == pytest.approx(venue.ours("SOL")))
        (sold,) = venue.called("target")
        ((kind, said_terms),) = sold.params["order_configuration"].items()
        assert kind == "sor_limit_ioc" and float(said_terms["limit_price"]) < 190.6 * BASIS
        code, said = await stage.run("close", "t000001")
        assert code == 0, said
        await stage.until(over)
        await venue.until(lambda: is_bare(stage))

        await opened(stage)
        code, said = await stage.run("flatten", "--yes")
        assert code == 0 and "flat" in said.lower() and is_bare(stage), said
        await stage.until(over)
        symbol = venue.symbol("SOL")
        assert venue.watch.longest_naked_s() < 1.0 and venue.watch.oversold(symbol) == 0
        booked = await trades(stage)
        ours = [one for one in venue.executions if one.client_id.startswith("ck")]
        assert sum(one["entry_qty"] for one in booked) == pytest.approx(
            sum(float(one.qty) for one in ours if one.side == "buy")
        )
        assert sum(one["exit_qty"] for one in booked) == pytest.approx(
            sum(float(one.qty) for one in ours if one.side == "sell")
        )
        assert sum(one["fees_usd"] for one in booked) == pytest.approx(sum(float(one.fee) for one in ours), abs=1e-6)
        assert await stage.terminate() == 0
        code, said = await stage.run("report")
        assert code == 0, said
        for line in ("2 closed, 0 open, 0 abandoned", "limit violations       0 (must be 0)"):
            assert line in said, said
        for secret in (KEY_NAME, *parts_of(PEM)):
            assert secret not in stage.printed

"""A session in test mode on Coinbase, as a person has it: from the checks, over stop and targets, to the report."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cockpit.domain.kinds import TradePhase
from cockpit.domain.snapshot import Snapshot
from cockpit.exchanges.coinbase.keys import parts_of
from tests.conftest import SHIPPED_CONFIG
from tests.loopback import coinbase_bodies as bodies
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.coinbase_tokens import KEY_NAME, PEM
from tests.loopback.coinbase_trading import SMALL, CoinbaseTradingVenue
from tests.patience import patient_s
from tests.runtime.real_engine import ARBITRAGE, TICKS, RealStage, sound_account

pytestmark = pytest.mark.timeout(600)
PRICES = {"BTC": 100_000.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
SIGNAL = {"strategy": ARBITRAGE, "pair": "SOL/USDT", "side": "long", "amount": 152.0, "mode": "test"}
SOUND = ("aave.required=false", "modes.test.max_exposure_usd=200")


def config_of(home: Path) -> Path:
    """The shipped rules with everything on Coinbase; the funding spread is its against Binance's."""
    raw: dict[str, Any] = json.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    raw["venues"]["coinbase"] = {"taker_fee_bps": 5.0, "maker_fee_bps": 2.0, "instruments": {}}
    for asset in PRICES:
        size = float(SMALL[asset].size)
        raw["venues"]["coinbase"]["instruments"][asset] = {
            "lot": size,
            "min_qty": size,
            "tick_usd": float(SMALL[asset].tick),
            "min_notional_usd": 0,
        }
        raw["assets"][asset] |= {"trade_on": "coinbase", "watch": "coinbase"}
    raw["gate"]["funding_spread_of"] = ["coinbase", "binance"]
    raw.setdefault("live", {})["positioning_from"] = ["binance"]
    raw.pop("$schema", None)
    home.mkdir(parents=True, exist_ok=True)
    path = home / "coinbase.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


class CoinbaseStage(RealStage):
    """Coinbase in OKX's place, Binance for the funding spread alone."""

    def __init__(self, home: Path, binance: Any, coinbase: Any) -> None:
        super().__init__(home, binance, coinbase)
        self.prices = dict(PRICES)
        self.environ = {name: value for name, value in self.environ.items() if "OKX" not in name} | {
            "COCKPIT_COINBASE_REST_URL": coinbase.rest_url,
            "COCKPIT_COINBASE_WS_URL": coinbase.ws_url,
            "COCKPIT_COINBASE_API_KEY": KEY_NAME,
            "COCKPIT_COINBASE_SECRET": PEM.strip().replace("\n", "\\n"),
            "COCKPIT_CONFIG": str(config_of(home)),
        }

    @property
    def coinbase(self) -> Any:
        return self.okx


@asynccontextmanager
async def coinbase_stage(home: Path) -> AsyncIterator[CoinbaseStage]:
    async with BinanceTradingVenue() as binance, CoinbaseTradingVenue() as coinbase:
        for venue in (binance, coinbase):
            if venue is binance:
                sound_account(venue)
            for asset, price in PRICES.items():
                venue.set_price(asset, price, round(price + TICKS[asset], 4), price)
        stage = CoinbaseStage(home, binance, coinbase)
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


async def opened(stage: CoinbaseStage) -> None:
    async with stage.deck as deck:
        await deck.execute(SIGNAL)
    await stage.until(covered)
    await stage.coinbase.until(lambda: len(stage.coinbase.open_orders) == 3)


async def _trades(stage: CoinbaseStage) -> list[dict[str, Any]]:
    transport = httpx.AsyncHTTPTransport(uds=str(stage.home / "engine.sock"))
    async with httpx.AsyncClient(base_url="http://cockpit", transport=transport, timeout=patient_s(60.0)) as client:
        listed: list[dict[str, Any]] = (await client.get("/api/trades")).json()["trades"]
        return listed


async def _says_how_its_stop_leaves(stage: CoinbaseStage) -> None:
    """In the snapshot that the screen draws, in the API's list of trades, and by `cockpit status`."""
    told = "stop-limit: its limit lies 100 bps beyond its trigger; where the market gaps through that"
    async with stage.deck as deck:
        (view,) = (await deck.snapshot()).open_trades
        assert view.stop_terms.startswith(told)
    (listed,) = await _trades(stage)
    assert listed["stop_terms"] == view.stop_terms
    _, said = await stage.run("status")
    assert told in " ".join(said.split()), said


async def test_a_session_from_the_checks_to_the_report(tmp_path: Path) -> None:
    async with coinbase_stage(tmp_path / "home") as stage:
        settings = [word for override in SOUND for word in ("--set", override)]
        code, said = await stage.run("validate", "--mode", "test", *settings)
        for line in (
            "ok    keys.coinbase: set; never shown",
            "ok    permissions.coinbase: may trade and may not withdraw",
            "ok    position mode.coinbase: one-way",
            "warn  margin.coinbase: coinbase has one margin for everything: all that is in the account stands",
            "warn  funding.coinbase: the venue books no payment by itself: results are without funding",
            "ok    fees.coinbase: 5 bps taker",
            "ok    sessions.coinbase: open until",
            "ok    stop capability.coinbase: holds stops for BTC, SOL, XRP, ETH",
            "coinbase: under its smallest order of 0.001 (108.40 USD)",
        ):
            assert line in said, said
        code, said = await stage.run("drill", "--yes")
        assert code == 0 and "coinbase: would take our orders; that one can get out was not tried" in said, said
        assert stage.coinbase.called("preview") and not stage.coinbase.called("entry")
        await stage.engine(overrides=SOUND)
        await stage.until(is_read)
        await stage.arm()

        await opened(stage)
        (given,) = [one for one in stage.coinbase.given if one.algo is not None and one.algo.works]
        listed = bodies.order(stage.coinbase, given)
        assert (listed["status"], listed["trigger_status"], listed["side"]) == ("OPEN", "STOP_PENDING", "SELL")
        terms = listed["order_configuration"]["stop_limit_stop_limit_gtc"]
        assert terms["reduce_only"] is True and terms["stop_direction"] == "STOP_DIRECTION_STOP_DOWN"
        assert float(terms["limit_price"]) == pytest.approx(0.99 * float(terms["stop_price"]), abs=0.01)
        assert float(terms["base_size"]) * 0.01 == pytest.approx(stage.coinbase.held("SOL")) and stage.coinbase.held(
            "SOL"
        )
        assert listed["client_order_id"].startswith("ck")
        await _says_how_its_stop_leaves(stage)

        stage.prices["SOL"] = 190.6
        await stage.coinbase.until(lambda: len(stage.coinbase.open_orders) == 2)
        await stage.until(lambda snapshot: bool(snapshot.open_trades) and snapshot.open_trades[0].trade.exit_qty > 0)
        await stage.coinbase.until(
            lambda: (
                sum(float(one.asked.qty or 0) * 0.01 for one in stage.coinbase.algo_orders)
                == pytest.approx(stage.coinbase.held("SOL"))
            )
        )
        code, said = await stage.run("close", "t000001")
        assert code == 0, said
        await stage.until(over)
        assert not stage.coinbase.positions and not stage.coinbase.open_orders and not stage.coinbase.algo_orders

        await opened(stage)
        code, said = await stage.run("flatten", "--yes")
        assert code == 0 and "flat" in said.lower(), said
        assert not stage.coinbase.positions and not stage.coinbase.open_orders and not stage.coinbase.algo_orders
        snapshot = await stage.until(over)
        assert {view.trade.phase for view in snapshot.open_trades} <= {TradePhase.CLOSED}
        assert stage.coinbase.watch.longest_naked_s() < 1.0 and not stage.coinbase.watch.doubled
        assert await stage.terminate() == 0
        code, said = await stage.run("report")
        assert code == 0, said
        for line in ("2 closed, 0 open, 0 abandoned", "2: 2 approved, 2 sent", "limit violations       0 (must be 0)"):
            assert line in said, said
        for secret in (KEY_NAME, *parts_of(PEM)):
            assert secret not in stage.said


async def test_a_key_that_can_transfer_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with coinbase_stage(tmp_path / "home") as stage:
        stage.coinbase.permissions["can_transfer"] = True
        settings = [word for override in SOUND for word in ("--set", override)]
        code, said = await stage.run("validate", "--mode", "test", *settings)
        assert code != 0 and "can_transfer" in said, said
        with pytest.raises(AssertionError, match="the engine ended"):
            await stage.engine(overrides=SOUND)
        assert "can_transfer" in stage.said and stage.coinbase.called("entry") == []


async def test_a_stop_whose_limit_was_gapped_through_ends_in_a_close_at_market(tmp_path: Path) -> None:
    async with coinbase_stage(tmp_path / "home") as stage:
        await stage.engine(overrides=SOUND)
        await stage.until(is_read)
        await stage.arm()
        await opened(stage)
        held = stage.coinbase.held("SOL")
        (given,) = [one for one in stage.coinbase.given if one.algo is not None and one.algo.works]
        limit = float(given.terms["limit_price"])

        gapped = round(limit * 0.99, 2)
        stage.prices["SOL"] = gapped
        await stage.until(over)
        await stage.coinbase.until(lambda: not stage.coinbase.positions and not stage.coinbase.open_orders)
        assert not stage.coinbase.algo_orders

        closes = [call.params for call in stage.coinbase.called("close")]
        ((kind, terms),) = closes[-1]["order_configuration"].items()
        assert (kind, closes[-1]["side"], terms["reduce_only"]) == ("market_market_ioc", "SELL", True)
        assert float(terms["base_size"]) * 0.01 == pytest.approx(held)
        listed = bodies.order(stage.coinbase, given)
        assert listed["status"] == "CANCELLED" and float(listed["filled_size"]) == 0.0
        (trade,) = await _trades(stage)
        assert trade["phase"] == "closed" and trade["exit_qty"] == pytest.approx(held), trade
        assert trade["exit_price"] == pytest.approx(gapped) and trade["stop_terms"] is None
        assert trade["gross_usd"] == pytest.approx((gapped - trade["entry_price"]) * held)
        assert await stage.terminate() == 0
        code, said = await stage.run("report")
        assert code == 0 and "1 closed, 0 open, 0 abandoned" in said, said

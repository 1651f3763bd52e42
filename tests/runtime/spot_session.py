"""A session in test mode that trades coins at Coinbase on another venue's market, as a person has it: from the checks,
over stop and targets, out.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from cockpit.client.errors import EngineRefused
from cockpit.config.load import load_config
from cockpit.exchanges.base.account import VenueOrder
from cockpit.exchanges.coinbase.keys import parts_of
from cockpit.exchanges.registry import account_for
from tests.conftest import SHIPPED_CONFIG
from tests.execution.account_stage import keys_of, moved
from tests.loopback.binance_trading import BinanceTradingVenue
from tests.loopback.coinbase_spot import GRIDS, LEAST_USD, CoinbaseSpotVenue
from tests.loopback.coinbase_tokens import KEY_NAME, PEM
from tests.loopback.okx_trading import OkxTradingVenue
from tests.patience import patient_s
from tests.runtime.real_engine import ARBITRAGE, TICKS, RealStage, sound_account
from tests.runtime.venue_session import covered, is_read, orders_text, over

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

    async def listed(self) -> tuple[VenueOrder, ...]:
        """The venue's own list of what rests there, by a client of our own."""
        config = load_config(Path(self.environ["COCKPIT_CONFIG"]))
        account = account_for("coinbase", config, keys_of("coinbase"), moved("coinbase", self.coinbase))
        try:
            await account.open()
            return await account.open_orders()
        finally:
            await account.close()

    async def market(self) -> None:
        """All speak ten times a second of every asset, and change their books."""
        for step in itertools.count():
            for asset, price in self.prices.items():
                ask = round(price + TICKS[asset], 4)
                for venue in (self.binance, self.okx):
                    await venue.move(asset, price, ask, price)
                there = round(price * BASIS, 4)
                await self.coinbase.move(asset, there, round(there + TICKS[asset], 4))
                for venue in (self.binance, self.okx, self.coinbase):
                    with suppress(KeyError):  # nobody has asked for that book yet
                        await venue.depth(venue.symbol(asset), [["1.0", str(5 + step % 5)]], [])
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


async def books_agree(stage: SpotStage) -> None:
    """What was bought, sold and paid for it is in the books as it was executed."""
    booked = await trades(stage)
    ours = [one for one in stage.coinbase.executions if one.client_id.startswith("ck")]
    for side, column in (("buy", "entry_qty"), ("sell", "exit_qty")):
        there = sum(float(one.qty) for one in ours if one.side == side)
        assert sum(one[column] for one in booked) == pytest.approx(there), column
    fees_usd = sum(float(one.fee) for one in ours)
    assert sum(one["fees_usd"] for one in booked) == pytest.approx(fees_usd, abs=1e-6)


OnMoment = Callable[[SpotStage, str, str], Awaitable[None]]
"""Is shown each moment of a session by its name, with what was printed at it."""


async def nothing(stage: SpotStage, moment: str, said: str) -> None:
    """Where nobody wants to be shown it."""


async def play(stage: SpotStage, on_moment: OnMoment = nothing) -> None:
    """Checks, arming, a short that is refused, a signal, a target, a close, another trade and a flatten, the report."""
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
    await on_moment(stage, "validate", said)
    code, said = await stage.run("drill", "--yes")
    assert code == 0 and "coinbase: would take our orders" in said, said
    await on_moment(stage, "drill", said)
    await stage.engine(overrides=SOUND)
    await stage.until(is_read)
    await stage.arm()
    await on_moment(stage, "armed", "")
    async with stage.client as client:
        with pytest.raises(EngineRefused, match="SOL-USD on coinbase is spot: 0 SOL can be sold short there"):
            await client.execute({**SIGNAL, "side": "short"})

    await opened(stage)
    (stop,) = await stage.listed()
    assert stop.is_conditional and stop.qty == pytest.approx(venue.ours("SOL")) and venue.ours("SOL") > 0
    (sent,) = venue.called("stop")
    terms = sent.params["order_configuration"]["stop_limit_stop_limit_gtc"]
    assert "reduce_only" not in terms and terms["stop_direction"] == "STOP_DIRECTION_STOP_DOWN"
    assert venue.open_orders == [] and venue.called("target") == []
    await on_moment(stage, "open", orders_text((stop,)))

    stage.prices["SOL"] = 190.6
    await venue.until(lambda: len(venue.called("target")) == 1)
    await stage.until(lambda snapshot: any(view.trade.stop_at_entry for view in snapshot.open_trades))
    await stage.until(covered)
    await venue.until(lambda: guarding(stage) == pytest.approx(venue.ours("SOL")))
    (sold,) = venue.called("target")
    ((kind, said_terms),) = sold.params["order_configuration"].items()
    assert kind == "sor_limit_ioc" and float(said_terms["limit_price"]) < 190.6 * BASIS
    await on_moment(stage, "target", orders_text(await stage.listed()))
    code, said = await stage.run("close", "t000001")
    assert code == 0, said
    await stage.until(over)
    await venue.until(lambda: is_bare(stage))
    await on_moment(stage, "closed", said)

    await opened(stage)
    code, said = await stage.run("flatten", "--yes")
    assert code == 0 and "flat" in said.lower() and is_bare(stage), said
    await stage.until(over)
    await on_moment(stage, "flatten", said)
    assert venue.watch.longest_naked_s() < 1.0 and venue.watch.oversold(venue.symbol("SOL")) == 0
    await books_agree(stage)
    assert await stage.terminate() == 0
    code, said = await stage.run("report")
    assert code == 0, said
    for line in ("2 closed, 0 open, 0 abandoned", "limit violations       0 (must be 0)"):
        assert line in said, said
    await on_moment(stage, "report", said)
    for secret in (KEY_NAME, *parts_of(PEM)):
        assert secret not in stage.printed

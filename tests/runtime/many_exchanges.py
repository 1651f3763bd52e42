"""`cockpit engine --feed live` on a config that names many exchanges, each a loopback server of its own protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.conftest import SHIPPED_CONFIG
from tests.execution.account_stage import VARIABLES
from tests.runtime.real_engine import RealStage
from tests.venue_pairs import venue_kind

EXCHANGES = ("binance", "okx", "bybit", "hyperliquid", "coinbase", "krakenfutures")
PRICES = {"BTC": 100_000.0, "ETH": 4_000.0, "SOL": 190.0, "XRP": 2.4}
TICKS = {"BTC": 1.0, "ETH": 0.1, "SOL": 0.01, "XRP": 0.0001}
INSTRUMENT = {"lot": 0.001, "min_qty": 0.001, "tick_usd": 0.0001, "min_notional_usd": 0}


def config_on(home: Path, names: Sequence[str]) -> Path:
    """The shipped rules with their assets spread over these exchanges, two to an asset: traded here, watched there."""
    raw: dict[str, Any] = json.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    section = {"taker_fee_bps": 5.0, "maker_fee_bps": 2.0, "instruments": dict.fromkeys(PRICES, INSTRUMENT)}
    raw["venues"] = dict.fromkeys(names, section)
    turn = [name for _ in PRICES for name in names]
    for at, asset in enumerate(PRICES):
        raw["assets"][asset] |= {"watch": turn[2 * at], "trade_on": turn[2 * at + 1]}
    raw["gate"]["funding_spread_of"] = list(names[:2])
    raw.setdefault("live", {}).update(positioning_from=[names[0]], silent_after_s=3.0)
    raw.pop("$schema", None)
    home.mkdir(parents=True, exist_ok=True)
    path = home / "many.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


class ManyStage(RealStage):
    """Paper on the live market of these exchanges, whose prices move `hz` times a second."""

    def __init__(self, home: Path, venues: dict[str, Any], hz: float) -> None:
        first = next(iter(venues.values()))
        super().__init__(home, first, first)
        self.venues = venues
        self.hz = hz
        self.rounds = 0
        """How often every exchange has spoken of every asset."""
        moved = {
            f"{VARIABLES[name]}_{kind}_URL": url
            for name, venue in venues.items()
            for kind, url in (("REST", venue.rest_url), ("WS", venue.ws_url))
        }
        elsewhere = {name: f"{first.rest_url}/nowhere" for name in ("COCKPIT_JITO_URL", "COCKPIT_SOLANA_URL")}
        self.environ = {**moved, **elsewhere, "COCKPIT_CONFIG": str(config_on(home, list(venues)))}

    async def market(self) -> None:
        for step in range(1_000_000):
            for asset, price in PRICES.items():
                bid = round(price + step % 5 * TICKS[asset], 4)
                for venue in self.venues.values():
                    await venue.move(asset, bid, round(bid + TICKS[asset], 4), bid)
                    with suppress(KeyError):  # nobody has asked for that book yet
                        await venue.depth(venue.symbol(asset), [["100.0", str(5 + step % 5)]], [])
            self.rounds += 1
            await asyncio.sleep(1.0 / self.hz)

    @property
    def pid(self) -> int:
        """Of the engine's process."""
        assert self._engine is not None
        return self._engine.pid


@asynccontextmanager
async def many_stage(home: Path, names: Sequence[str] = EXCHANGES, hz: float = 10.0) -> AsyncIterator[ManyStage]:
    async with AsyncExitStack() as opened:
        venues = {name: await opened.enter_async_context(venue_kind(name)()) for name in names}
        for venue in venues.values():
            for asset, price in PRICES.items():
                venue.set_price(asset, price, round(price + TICKS[asset], 4), price)
        stage = ManyStage(home, venues, hz)
        market = asyncio.create_task(stage.market())
        try:
            yield stage
        finally:
            market.cancel()
            await asyncio.gather(market, return_exceptions=True)
            await stage.stop()

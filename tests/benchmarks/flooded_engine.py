"""The engine in test mode as a process, real orders to wherever the environment moves the venues, in a market that
prints RATE times a second: `python -m tests.benchmarks.flooded_engine HOME RATE`."""

import asyncio
import sys
import time
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from cockpit.api.server import ApiServer
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places, shipped_config_path
from cockpit.domain.events import FundingRate, MarkPrice, OpenInterest, Positioning, Top, Trade
from cockpit.domain.kinds import Mode
from cockpit.domain.stream import TaskView
from cockpit.exchanges.base.steady_clock import SteadyClock
from cockpit.journal.sessions import FeedKind
from cockpit.runtime import startup
from cockpit.runtime.headless import run_engine
from cockpit.runtime.market_source import Put
from cockpit.runtime.options import EngineOptions
from tests.faults.world import PRICES, TICKS, real_config

BATCH_S = 0.005
READINGS_S = 20.0
LIMITS = (
    "modes.test.max_trades=1000",
    "limits.max_trades_per_day=1000",
    "limits.losses_until_review=1000",
    "limits.losses_until_kill=1001",
    "limits.session_drawdown_pct=50",
    "limits.daily_loss_usd=1000",
)


class FloodedMarket:
    """Prints and tops around fixed prices at a steady rate; every reading harmless."""

    kind = FeedKind.LIVE
    name = "flood"
    speed = 1.0
    can_wait = False

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._random = Random(1)
        self._clock = SteadyClock()

    def workers(self) -> tuple[TaskView, ...]:
        return ()

    def problems(self) -> tuple[str, ...]:
        return ()

    def utc_ns(self) -> int:
        return self.now_ns()

    def now_ns(self) -> int:
        return self._clock.now_ns()

    def settle(self) -> None:
        """The venues on this machine have this machine's time."""

    def begin_at(self, now_ns: int) -> None:
        self._clock.begin_at(now_ns)

    async def run(self, put: Put) -> None:
        began_s, sent, turn, read_s = time.monotonic(), 0, cycle(PRICES), 0.0
        while True:
            now_s = time.monotonic()
            if now_s >= read_s:
                read_s = now_s + READINGS_S
                await self._readings(put)
            for _ in range(int((now_s - began_s) * self._rate) - sent):
                sent += 1
                await self._one(next(turn), sent, put)
            await asyncio.sleep(BATCH_S)

    async def _one(self, asset: str, number: int, put: Put) -> None:
        now_ns, price = self.now_ns(), PRICES[asset] * (1 + self._random.uniform(-1e-5, 1e-5))
        if number % 3 == 0:
            bid, ask = PRICES[asset], PRICES[asset] + TICKS[asset]
            event: Any = Top(now_ns, now_ns, "binance", asset, bid, 900.0, ask, 900.0)
        else:
            event = Trade(now_ns, now_ns, "binance", asset, price, 0.01, number % 2 == 0, number)
        await put("market", event)

    async def _readings(self, put: Put) -> None:
        now_ns = self.now_ns()
        for asset, price in PRICES.items():
            await put("market", MarkPrice(now_ns, now_ns, "binance", asset, price, price))
            await put("market", Positioning(now_ns, asset, "test", 50.0, 50.0))
            await put("market", OpenInterest(now_ns, asset, "test", 0.0))
            for venue in ("binance", "okx"):
                await put("market", FundingRate(now_ns, asset, venue, 0.1))


def main(home: Path, rate: float) -> int:
    def live(_: CockpitConfig) -> Any:
        return FloodedMarket(rate)

    startup._live = live
    places = Places(home, shipped_config_path())
    options = EngineOptions(mode=Mode.TEST, feed="live", port=0, arm=True, override_reason="a benchmark")
    config = real_config(*LIMITS)
    return run_engine(places, config, options, lambda host, ending: ApiServer(host, ending, places, options))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))

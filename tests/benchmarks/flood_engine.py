"""A real engine and its API on the simulated market, RATE prints a second on top: `flood_engine.py HOME RATE [silent]`.

`silent` is a market that says nothing after its first two seconds.
"""

import asyncio
import signal
import sys
import time
from itertools import cycle
from pathlib import Path
from random import Random

from cockpit.api.server import ApiServer
from cockpit.config.load import load_config
from cockpit.config.places import Places, shipped_config_path
from cockpit.domain.commands import Arm
from cockpit.domain.events import Trade
from cockpit.domain.kinds import Mode
from cockpit.engine.machine import Engine
from cockpit.feeds.simulated.market import SimulatedMarket
from cockpit.journal.sessions import FeedKind, SessionInfo
from cockpit.journal.store import Journal
from cockpit.runtime.headless import Ending
from cockpit.runtime.host import Host
from cockpit.runtime.loop_holds import TimedLoop
from cockpit.runtime.market_source import PacedSource, Put
from cockpit.runtime.options import EngineOptions

BATCH_S = 0.005
SILENT_AFTER_NS = 2_000_000_000


class FloodSource(PacedSource):
    """The simulated market in real time, and prints around its last prices at a steady rate."""

    can_wait = False

    def __init__(self, market: SimulatedMarket, start_ns: int, rate: float, silent: bool) -> None:
        super().__init__(FeedKind.SIMULATED, "flood", market.events(), start_ns, 1.0)
        self._rate = rate
        self._silent = silent
        self._random = Random(1)
        self.sent = 0

    def now_ns(self) -> int:
        return time.time_ns()

    async def run(self, put: Put) -> None:
        events = self._events
        upcoming = next(events)
        last: dict[str, Trade] = {}
        began_ns = time.time_ns()
        began_s, flooded, turn = time.monotonic(), 0, cycle(("BTC", "SOL", "XRP", "ETH"))
        while True:
            now_ns = time.time_ns()
            while upcoming.ts_ns <= (now_ns if not self._silent else began_ns + SILENT_AFTER_NS):
                if isinstance(upcoming, Trade):
                    last[upcoming.asset] = upcoming
                await put("market", upcoming)
                upcoming = next(events)
            due = int((time.monotonic() - began_s) * self._rate) - flooded
            for _ in range(due if len(last) == 4 else 0):
                trade = last[next(turn)]
                price = trade.price * (1 + self._random.uniform(-2e-5, 2e-5))
                qty = trade.qty / 100
                await put("market", Trade(now_ns, now_ns, trade.venue, trade.asset, price, qty, flooded % 2 == 0, 0))
            flooded += due
            self.sent = flooded
            await asyncio.sleep(BATCH_S)


async def run(home: Path, rate: float, silent: bool) -> None:
    places = Places(home, shipped_config_path())
    places.make_home()
    config = load_config(places.config)
    start_ns = time.time_ns()
    journal = Journal(places.journal)
    journal.begin(SessionInfo(start_ns, start_ns, FeedKind.SIMULATED, Mode.PAPER, "", "bench", "flood"), None)
    source = FloodSource(SimulatedMarket(config, start_ns=start_ns), start_ns, rate, silent)
    host = Host(config, Engine(config, start_ns, Mode.PAPER), source, journal, None)
    ending = Ending()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.ask, "end")
    server = ApiServer(host, ending, places, EngineOptions(port=0))
    host.start()
    print("ready", await server.start(), flush=True)
    await host.command(lambda now_ns, command_id: Arm(now_ns, command_id, "benchmark"))
    began_s = time.monotonic()
    await ending.wait()
    print(f"{source.sent / (time.monotonic() - began_s):.0f} prints a second on top", file=sys.stderr)
    await server.stop()
    await host.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=TimedLoop) as runner:
        runner.run(run(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:] == ["silent"]))

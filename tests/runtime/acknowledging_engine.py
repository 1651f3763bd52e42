"""A child process for the kill -9 tests: the real engine on a fast simulated market, and somebody who trades with it.

Whatever it writes to `acknowledged.jsonl` was in the journal by then: that, a restart must know.
"""

import asyncio
import os
import resource
import sys
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from cockpit.config.load import load_config
from cockpit.config.model import CockpitConfig
from cockpit.config.places import Places
from cockpit.domain.commands import AnyCommand, Arm, Flatten, HaltTrading, Resume, Signal
from cockpit.domain.kinds import Mode
from cockpit.runtime.headless import Ending, run_engine
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions

SHIPPED_CONFIG = Path(__file__).resolve().parents[2] / "config" / "tactical_scalp_config.json"
WIDE = (
    "limits.max_trades_per_day=1000000",
    "limits.losses_until_review=100000",
    "limits.losses_until_kill=100001",
    "limits.net_profit_stop_r=100000",
    "limits.session_drawdown_pct=100",
    "limits.daily_loss_usd=100000",
)
"""The limits of a day would end the trading within a minute of it; what is tested here is what survives a kill."""
POLL_EVERY_S = 0.002


def wide_config(*overrides: str) -> CockpitConfig:
    return load_config(SHIPPED_CONFIG, (*WIDE, *overrides))


class Acknowledger:
    """Stands where the API does: gives commands and signals, and writes down what was acknowledged."""

    def __init__(self, host: Host, path: Path, seed: int) -> None:
        self._host = host
        self._rng = Random(seed)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._count = 0
        self._resumed = 0

    async def start(self) -> str:
        self._host.supervisor.start("acknowledger", self._go_on)
        return "nowhere"

    async def stop(self) -> None:
        os.close(self._file)

    async def _go_on(self) -> None:
        while True:
            command = self._wish()
            if command is not None:
                answer = await self._host.command(command)
                self._resumed += answer.command == "resume" and answer.ok
            said = self._what_is_so()
            wanted = self._host.journal.appended
            while not self._host.journal.has_written(wanted):
                await asyncio.sleep(POLL_EVERY_S)
            os.write(self._file, msgspec.json.encode(said) + b"\n")
            await asyncio.sleep(POLL_EVERY_S)

    def _what_is_so(self) -> dict[str, Any]:
        engine = self._host.engine
        return {
            "pid": os.getpid(),
            "now_ns": engine.now_ns,
            "state": engine.risk.state.value,
            "account": msgspec.to_builtins(engine.risk.accountant.account),
            "next_verdict": engine.decisions.next_verdict,
            "next_trade": engine.decisions.next_trade,
            "trades": [msgspec.to_builtins(trade.record) for trade in engine.book.trades],
            "resumed": self._resumed,
        }

    def _wish(self) -> Any:
        """An operator in a hurry: mostly signals, now and then a halt or a flatten, and always armed again."""
        draw, by = self._rng.random(), "tester"
        if self._host.engine.risk.accountant.account.halt is not None:
            if draw > 0.2:
                return None
            return lambda now_ns, command_id: Resume(now_ns, command_id, by, "reviewed")
        if not self._host.engine.risk.armed:
            return lambda now_ns, command_id: Arm(now_ns, command_id, by)
        if draw < 0.01:
            return lambda now_ns, command_id: Flatten(now_ns, command_id, by, "enough")
        if draw < 0.02:
            return lambda now_ns, command_id: HaltTrading(now_ns, command_id, by, "news")
        if draw < 0.6:
            return self._signal()
        return None

    def _signal(self) -> Any:
        asset = self._rng.choice(["BTC", "ETH", "SOL", "XRP"])
        self._count += 1
        signal_id = f"{os.getpid()}-{self._count}"

        def make(now_ns: int, command_id: str) -> AnyCommand:
            strategy = "Cross-Exchange Arbitrage"
            return Signal(now_ns, command_id, "tester", strategy, asset, 50.0, Mode.PAPER, signal_id=signal_id)

        return make


def main(home: Path, speed: float, seed: int, *overrides: str) -> int:
    places = Places(home, SHIPPED_CONFIG)
    largest = os.environ.get("COCKPIT_TEST_LARGEST_FILE")
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))

    def make_server(host: Host, ending: Ending) -> Acknowledger:
        return Acknowledger(host, home / "acknowledged.jsonl", seed)

    options = EngineOptions(speed=speed, seed=seed, arm=True)
    return run_engine(places, wide_config(*overrides), options, make_server)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))

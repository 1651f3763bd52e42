"""A child process for the kill -9 tests, with hands on the trades: entries, parts, stops, targets, trails, reverses.

Every command is in `asked.jsonl` before the engine gets it. COCKPIT_TEST_KIND is the kind that is asked most.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from cockpit.config.places import Places
from cockpit.domain import commands as asked
from cockpit.domain.commands import AnyCommand, ManualEntry
from cockpit.domain.kinds import Side
from cockpit.domain.personal_alarms import AlarmLevel, AlarmOn
from cockpit.domain.trades import TradeRecord, Trail, TrailBy
from cockpit.domain.verdict import Target
from cockpit.runtime.headless import Ending, run_engine
from cockpit.runtime.host import Host
from cockpit.runtime.options import EngineOptions
from tests.runtime.acknowledging_engine import SHIPPED_CONFIG, Acknowledger, wide_config

OVERRIDES = ("manual.cooldown_s=0",)
BY = "hands"
OF_A_TRADE = (
    "close_trade",
    "move_stop",
    "trail_stop",
    "set_targets",
    "set_time_stop",
    "cancel_trade_order",
    "reverse",
)
OF_NO_TRADE = ("enter", "set_alarm", "drop_alarm", "disarm", "halt", "flatten")
FOLLOW = ("arm", "resume")
"""What anybody asks after a disarm and a halt."""
KINDS = (*OF_A_TRADE, *OF_NO_TRADE, *FOLLOW)
BRINGS_ABOUT = {"arm": "disarm", "resume": "halt"}
FAR = 10.0
"""An alarm at so many times the price does not ring."""


class Hands(Acknowledger):
    """Mostly busy with the trades there are. What it asks is written down first, by its kind."""

    def __init__(self, host: Host, home: Path, seed: int) -> None:
        super().__init__(host, home / "acknowledged.jsonl", seed)
        self._seed = seed
        self._asked = os.open(home / "asked.jsonl", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._asked_count = 0
        wanted = os.environ.get("COCKPIT_TEST_KIND", "")
        self._wanted = BRINGS_ABOUT.get(wanted, wanted)

    def _what_is_so(self) -> dict[str, Any]:
        alarms = self._host.engine.alarms.levels
        return super()._what_is_so() | {
            "asked": self._asked_count,
            "alarms": [msgspec.to_builtins(one) for one in alarms],
        }

    def _wish(self) -> Any:
        make = self._next()
        return None if make is None else lambda now_ns, command_id: self._noted(make(now_ns, command_id))

    def _noted(self, command: AnyCommand) -> AnyCommand:
        os.write(self._asked, msgspec.json.encode(command) + b"\n")
        self._asked_count += 1
        return command

    def _next(self) -> Any:
        trades = [trade.record for trade in self._host.engine.book.trades]
        if not self._host.engine.risk.armed or self._rng.random() < 0.02:
            return super()._wish()
        if self._wanted and self._rng.random() < 0.2:
            wish = self._of_kind(self._wanted, trades)
            if wish is not None:
                return wish
        if not trades or self._rng.random() < 0.3:
            return self._entry()
        return self._of_kind(self._rng.choice(OF_A_TRADE), trades)

    def _of_kind(self, kind: str, trades: list[TradeRecord]) -> Any:
        makers: dict[str, Callable[[], Any]] = {
            "enter": self._entry,
            "set_alarm": self._alarm,
            "drop_alarm": lambda: lambda now_ns, command_id: asked.DropAlarm(now_ns, command_id, BY),
            "disarm": lambda: lambda now_ns, command_id: asked.Disarm(now_ns, command_id, BY),
            "halt": lambda: lambda now_ns, command_id: asked.HaltTrading(now_ns, command_id, BY, "news"),
            "flatten": lambda: lambda now_ns, command_id: asked.Flatten(now_ns, command_id, BY, "enough"),
        }
        if kind in makers:
            return makers[kind]()
        if not trades:
            return None
        made, fields = self._of_trade(kind, self._rng.choice(trades))
        return lambda now_ns, command_id: made(now_ns, command_id, BY, **fields)

    def _entry(self) -> Any:
        self._count += 1
        asset = self._rng.choice(["BTC", "ETH", "SOL", "XRP"])
        price = self._host.engine.market.assets[asset].price
        limit = None if price is None or self._rng.random() < 0.7 else price * (1 - self._rng.uniform(0.0, 8e-4))
        entry = ManualEntry(asset, Side.LONG, amount_usd=self._rng.choice((40.0, 200.0)), limit_price=limit)
        request_id = f"{self._seed}-{self._count}"
        return lambda now_ns, command_id: asked.Enter(now_ns, command_id, BY, entry, request_id)

    def _alarm(self) -> Any:
        price = self._host.engine.market.assets["BTC"].price
        if price is None:
            return None
        alarm = AlarmLevel(AlarmOn.PRICE, price * FAR, True, "BTC")
        return lambda now_ns, command_id: asked.SetAlarm(now_ns, command_id, BY, alarm)

    def _of_trade(self, kind: str, trade: TradeRecord) -> tuple[type[AnyCommand], dict[str, Any]]:
        rng, one = self._rng, {"trade_id": trade.trade_id}
        trails = (Trail(TrailBy.BPS, 10.0), Trail(TrailBy.R, 0.5), Trail(TrailBy.RATIO, 0.4), None)
        reverse = ManualEntry(trade.asset, trade.side.opposite, amount_usd=40.0, venue=trade.venue)
        moves: tuple[dict[str, Any], ...] = ({"tighter_bps": 1.0}, {"tighter_bps": 5.0}, {"to_entry": True})
        ladders: tuple[tuple[Target, ...], ...] = ((), (Target(20.0, 100.0),), (Target(40.0, 100.0),))
        wishes: dict[str, tuple[type[AnyCommand], dict[str, Any]]] = {
            "close_trade": (asked.CloseTrade, one | {"share": rng.choice((0.25, 0.5, 1.0))}),
            "move_stop": (asked.MoveStop, one | rng.choice(moves)),
            "trail_stop": (asked.TrailStop, one | {"distance": rng.choice(trails)}),
            "set_targets": (asked.SetTargets, one | {"targets": rng.choice(ladders)}),
            "set_time_stop": (asked.SetTimeStop, one | {"after_s": rng.choice((5.0, 60.0, None))}),
            "cancel_trade_order": (asked.CancelTradeOrder, {"order_id": trade.entry_order_id}),
            "reverse": (asked.Reverse, one | {"entry": reverse}),
        }
        return wishes[kind]


def main(home: Path, speed: float, seed: int) -> int:
    def make_server(host: Host, ending: Ending) -> Hands:
        return Hands(host, home, seed)

    options = EngineOptions(speed=speed, seed=seed, arm=True)
    return run_engine(Places(home, SHIPPED_CONFIG), wide_config(*OVERRIDES), options, make_server)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
